#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "api/core/v1/service_validation.h"
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

void validate(const Value& service, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource != "status") validate_service(errors, service, context.before);
}

constexpr std::string_view kSelectable[] = {"spec.clusterIP", "spec.type"};

bool is_set(const codec::Object& members, std::string_view name) {
  const Value* value = members.if_contains({name.data(), name.size()});
  return value != nullptr && !value->is_null();
}

bool is_unset_port(const Value* port) {
  return port == nullptr || port->is_null() || (port->is_int64() && port->get_int64() == 0) ||
         (port->is_string() && port->get_string().empty());
}

void default_ports(codec::Object& spec) {
  Value* ports = spec.if_contains("ports");
  if (ports == nullptr || !ports->is_array()) return;
  for (Value& port : ports->get_array())
    if (port.is_object() && is_unset_port(codec::find(port, "targetPort")))
      if (const Value* number = codec::find(port, "port")) port.get_object()["targetPort"] = Value(*number);
}

void default_affinity(Value& spec) {
  if (string_at(spec, "sessionAffinity") != "ClientIP") {
    spec.get_object().erase("sessionAffinityConfig");
    return;
  }
  constexpr int kThreeHours = 10800;
  codec::Object& client = codec::ensure_object(spec, {"sessionAffinityConfig", "clientIP"});
  if (!is_set(client, "timeoutSeconds")) client["timeoutSeconds"] = kThreeHours;
}

void set_defaults(Value& service) {
  Value* place = codec::find(service, "spec");
  if (place == nullptr || !place->is_object()) return;
  codec::Object& spec = place->get_object();
  default_affinity(*place);
  default_ports(spec);
  std::string_view type = string_at(*place, "type");
  bool on_nodes = type == "NodePort" || type == "LoadBalancer";
  bool outside = on_nodes || (type == "ClusterIP" && !items_of(codec::find(*place, "externalIPs")).empty());
  bool external = type == "ExternalName";
  if (type == "LoadBalancer" && !is_set(spec, "allocateLoadBalancerNodePorts")) spec["allocateLoadBalancerNodePorts"] = true;
  if (outside && string_at(*place, "externalTrafficPolicy").empty()) spec["externalTrafficPolicy"] = "Cluster";
  if (!external && !is_set(spec, "internalTrafficPolicy")) spec["internalTrafficPolicy"] = "Cluster";
}

bool has_address(const Value& spec) { return string_at(spec, "type") != "ExternalName"; }
bool is_balanced(const Value& spec) { return string_at(spec, "type") == "LoadBalancer"; }
bool is_on_nodes(const Value& spec) {
  return string_at(spec, "type") == "NodePort" ||
         (is_balanced(spec) && codec::bool_at(spec, "allocateLoadBalancerNodePorts").value_or(true));
}
bool is_outside(const Value& spec) {
  std::string_view type = string_at(spec, "type");
  return type == "NodePort" || type == "LoadBalancer" ||
         (type == "ClusterIP" && !items_of(codec::find(spec, "externalIPs")).empty());
}
bool has_health_check(const Value& spec) { return is_balanced(spec) && string_at(spec, "externalTrafficPolicy") == "Local"; }

std::vector<std::int64_t> node_ports(const Value& spec) {
  std::vector<std::int64_t> ports;
  for (const Value& port : items_of(codec::find(spec, "ports"))) ports.push_back(codec::int_at(port, "nodePort").value_or(0));
  std::ranges::sort(ports);
  return ports;
}

// What only the type that the service had needs, and what an update merely repeats, goes with that type.
void drop_with_type(const Value& before, Value& now) {
  struct Dependent {
    std::string_view member;
    bool (*needs)(const Value& spec);
  };
  constexpr Dependent kDependents[] = {{"clusterIP", has_address},
                                       {"clusterIPs", has_address},
                                       {"ipFamilies", has_address},
                                       {"ipFamilyPolicy", has_address},
                                       {"healthCheckNodePort", has_health_check},
                                       {"allocateLoadBalancerNodePorts", is_balanced},
                                       {"loadBalancerClass", is_balanced},
                                       {"externalTrafficPolicy", is_outside}};
  const bool loses_ports = is_on_nodes(before) && !is_on_nodes(now) && node_ports(before) == node_ports(now);
  for (const Dependent& dependent : kDependents)
    if (dependent.needs(before) && !dependent.needs(now) &&
        meta::v1::same(codec::find(before, dependent.member), codec::find(now, dependent.member)))
      now.get_object().erase(dependent.member);
  Value* ports = codec::find(now, "ports");
  if (!loses_ports || ports == nullptr || !ports->is_array()) return;
  for (Value& port : ports->get_array())
    if (port.is_object()) port.get_object().erase("nodePort");
}

// clusterIP and clusterIPs say the same; what the allocator gave stays unless the update names it.
void prepare(Value& service, const model::WriteContext& context) {
  Value* place = codec::find(service, "spec");
  if (place == nullptr || !place->is_object() || context.subresource == "status") return;
  codec::Object& spec = place->get_object();
  const Value* before = context.before == nullptr ? nullptr : codec::find(*context.before, "spec");
  if (before != nullptr && before->is_object()) drop_with_type(*before, *place);
  if (string_at(*place, "type") == "ExternalName") return;
  if (before != nullptr && string_at(*before, "type") != "ExternalName")
    for (std::string_view member : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"}) {
      if (member == "healthCheckNodePort" && !has_health_check(*place)) continue;
      if (const Value* kept = codec::find(*before, member); kept != nullptr && !is_set(spec, member)) spec[member] = *kept;
    }
  std::string cluster_ip(string_at(*place, "clusterIP"));
  if (!cluster_ip.empty() && items_of(codec::find(*place, "clusterIPs")).empty()) {
    codec::Array list;
    list.emplace_back(cluster_ip);
    spec["clusterIPs"] = std::move(list);
  }
  if (!is_set(spec, "ipFamilyPolicy")) spec["ipFamilyPolicy"] = "SingleStack";
  if (items_of(codec::find(*place, "ipFamilies")).empty()) {
    codec::Array families;
    families.emplace_back(cluster_ip.find(':') == std::string::npos ? "IPv4" : "IPv6");
    spec["ipFamilies"] = std::move(families);
  }
}

}  // namespace

const model::KindRules service_rules = {.set_defaults = set_defaults,
                                        .prepare = prepare,
                                        .validate = validate,
                                        .cells = cells_of,
                                        .selectable_fields = kSelectable,
                                        .update_creates = true};

}  // namespace charon::core::v1
