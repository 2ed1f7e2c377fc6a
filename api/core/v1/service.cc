#include <fmt/format.h>

#include <set>
#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::core::v1 {

using codec::find_path;
using codec::string_at;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::items_of;

namespace {

std::vector<std::string> texts_of(const Value* list) {
  std::vector<std::string> texts;
  for (const Value& item : items_of(list))
    if (item.is_string()) texts.emplace_back(codec::view(item.get_string()));
  return texts;
}

std::string external_text(const Value& service) {
  std::string_view type = codec::string_at_path(service, {"spec", "type"});
  if (type == "ExternalName") return std::string(codec::string_at_path(service, {"spec", "externalName"}));
  std::vector<std::string> addresses;
  if (type == "LoadBalancer") {
    std::set<std::string> assigned;
    for (const Value& ingress : items_of(find_path(service, {"status", "loadBalancer", "ingress"})))
      assigned.emplace(meta::v1::text_or(string_at(ingress, "ip"), string_at(ingress, "hostname")));
    assigned.erase("");
    addresses.assign(assigned.begin(), assigned.end());
  }
  for (std::string& address : texts_of(find_path(service, {"spec", "externalIPs"}))) addresses.push_back(std::move(address));
  if (addresses.empty()) return type == "LoadBalancer" ? "<pending>" : "<none>";
  return meta::v1::join(addresses, ",");
}

std::string ports_text(const Value& service) {
  std::vector<std::string> ports;
  for (const Value& port : items_of(find_path(service, {"spec", "ports"}))) {
    std::int64_t node_port = codec::int_at(port, "nodePort").value_or(0);
    std::string text = std::to_string(codec::int_at(port, "port").value_or(0));
    if (node_port > 0) text += fmt::format(":{}", node_port);
    ports.push_back(fmt::format("{}/{}", text, string_at(port, "protocol")));
  }
  return ports.empty() ? "<none>" : meta::v1::join(ports, ",");
}

void cells_of(const Value& service, Time, codec::Array& cells) {
  std::vector<std::string> cluster_ips = texts_of(find_path(service, {"spec", "clusterIPs"}));
  add_cell(cells, codec::string_at_path(service, {"spec", "type"}));
  add_cell(cells, cluster_ips.empty() ? "<none>" : cluster_ips.front());
  add_cell(cells, external_text(service));
  add_cell(cells, ports_text(service));
  add_cell(cells, meta::v1::labels_text(find_path(service, {"spec", "selector"})));
}

constexpr std::string_view kSelectable[] = {"spec.clusterIP", "spec.type"};

}  // namespace

const model::KindRules service_rules = {.cells = cells_of, .selectable_fields = kSelectable};

}  // namespace charon::core::v1
