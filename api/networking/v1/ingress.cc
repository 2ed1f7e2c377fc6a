#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::networking::v1 {

using codec::find_path;
using codec::string_at;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::items_of;

namespace {

// At most three hosts; the rules beyond the third host count as more.
std::string hosts_text(const Value& ingress) {
  constexpr std::size_t kShown = 3;
  const codec::Array& rules = items_of(find_path(ingress, {"spec", "rules"}));
  std::vector<std::string> hosts;
  bool more = false;
  for (const Value& rule : rules) {
    if (hosts.size() == kShown) more = true;
    std::string_view host = string_at(rule, "host");
    if (!more && !host.empty()) hosts.emplace_back(host);
  }
  if (hosts.empty()) return "*";
  std::string text = meta::v1::join(hosts, ",");
  if (more) text += " + " + std::to_string(rules.size() - kShown) + " more...";
  return text;
}

std::string address_text(const Value& ingress) {
  std::set<std::string> addresses;
  for (const Value& entry : items_of(find_path(ingress, {"status", "loadBalancer", "ingress"})))
    addresses.emplace(meta::v1::text_or(string_at(entry, "ip"), string_at(entry, "hostname")));
  addresses.erase("");
  return meta::v1::join({addresses.begin(), addresses.end()}, ",");
}

void cells_of(const Value& ingress, Time, codec::Array& cells) {
  add_cell(cells, meta::v1::text_or(codec::string_at_path(ingress, {"spec", "ingressClassName"})));
  add_cell(cells, hosts_text(ingress));
  add_cell(cells, address_text(ingress));
  add_cell(cells, items_of(find_path(ingress, {"spec", "tls"})).empty() ? "80" : "80, 443");
}

}  // namespace

const model::KindRules ingress_rules = {.cells = cells_of};

}  // namespace charon::networking::v1
