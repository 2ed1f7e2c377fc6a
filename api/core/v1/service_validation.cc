#include "api/core/v1/service_validation.h"

#include <set>
#include <string>
#include <utility>

#include "api/meta/v1/cells.h"
#include "base/names.h"
#include "codec/tree.h"

namespace charon::core::v1 {

using codec::find;
using codec::string_at;
using codec::Value;
using meta::v1::add_duplicate;
using meta::v1::add_forbidden;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;

namespace {

void validate_ports(Errors& errors, const FieldPath& path, const Value& spec) {
  const codec::Array& ports = items_at(spec, "ports");
  std::set<std::string_view> names;
  std::set<std::pair<std::string_view, std::int64_t>> numbers;
  std::set<std::pair<std::string_view, std::int64_t>> node_ports;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const Value& port = ports[i];
    FieldPath here = path.at(i);
    std::string_view name = string_at(port, "name");
    std::string_view protocol = string_at(port, "protocol");
    std::int64_t number = codec::int_at(port, "port").value_or(0);
    std::int64_t node_port = codec::int_at(port, "nodePort").value_or(0);
    if (name.empty() && ports.size() > 1) add_required(errors, here.child("name"));
    meta::v1::check_name(errors, here.child("name"), name, dns1123_label_errors);
    if (!name.empty() && !names.insert(name).second) add_duplicate(errors, here.child("name"), name);
    meta::v1::check_name(errors, here.child("appProtocol"), string_at(port, "appProtocol"), qualified_name_errors);
    if (find(port, "port") == nullptr)
      add_invalid(errors, here.child("port"), Value(0), "must be between 1 and 65535, inclusive");
    meta::v1::check_port(errors, here.child("targetPort"), find(port, "targetPort"));
    std::string where(protocol);
    if (!numbers.emplace(protocol, number).second)
      errors.push_back({schema::FieldError::Kind::Duplicate, here.text(),
                        "{\"port\":" + std::to_string(number) + ",\"protocol\":\"" + where + "\"}", ""});
    if (node_port == 0) continue;
    if (string_at(spec, "type") == "ClusterIP" || string_at(spec, "type") == "ExternalName")
      add_forbidden(errors, here.child("nodePort"),
                    "may not be used when `type` is '" + std::string(string_at(spec, "type")) + "'");
    if (!node_ports.emplace(protocol, node_port).second)
      errors.push_back({schema::FieldError::Kind::Duplicate, here.child("nodePort").text(), std::to_string(node_port), ""});
  }
}

void validate_addresses(Errors& errors, const FieldPath& path, const Value& spec) {
  const codec::Array& external = items_at(spec, "externalIPs");
  FieldPath list = path.child("externalIPs");
  for (std::size_t i = 0; i < external.size(); ++i)
    meta::v1::check_ordinary_ip(errors, list.at(i), meta::v1::scalar_text(&external[i]));
  const codec::Array& cluster = items_at(spec, "clusterIPs");
  FieldPath cluster_list = path.child("clusterIPs");
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    std::string ip = meta::v1::scalar_text(&cluster[i]);
    if (ip == "None" && cluster.size() > 1)
      add_invalid(errors, cluster_list.at(i), cluster[i], "'None' must be the first and only value");
    else if (ip != "None" && !meta::v1::is_ip(ip))
      add_invalid(errors, cluster_list.at(i), cluster[i], "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
  }
  std::string_view first = string_at(spec, "clusterIP");
  if (!cluster.empty() && meta::v1::scalar_text(&cluster.front()) != first)
    add_invalid(errors, cluster_list, *find(spec, "clusterIPs"), "first value must match `clusterIP`");
}

void validate_type(Errors& errors, const FieldPath& path, const Value& spec) {
  std::string_view type = string_at(spec, "type");
  std::string_view cluster_ip = string_at(spec, "clusterIP");
  if (type == "ExternalName") {
    constexpr std::string_view kWhy = "may not be set for ExternalName services";
    if (!cluster_ip.empty()) add_forbidden(errors, path.child("clusterIPs"), kWhy);
    if (!items_at(spec, "ipFamilies").empty()) add_forbidden(errors, path.child("ipFamilies"), kWhy);
    if (meta::v1::is_present(spec, "ipFamilyPolicy")) add_forbidden(errors, path.child("ipFamilyPolicy"), kWhy);
    // A name that says where it ends is as good as one that does not.
    std::string_view name = string_at(spec, "externalName");
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.empty()) add_required(errors, path.child("externalName"));
    meta::v1::check_name(errors, path.child("externalName"), name, dns1123_subdomain_errors);
    return;
  }
  bool headless = cluster_ip == "None";
  if (items_at(spec, "ports").empty() && !headless) add_required(errors, path.child("ports"));
  if (headless && type != "ClusterIP")
    add_invalid(errors, path.child("clusterIPs").at(0), Value("None"),
                "may not be set to 'None' for " + std::string(type) + " services");
  bool on_nodes = type == "NodePort" || type == "LoadBalancer";
  if (!string_at(spec, "externalTrafficPolicy").empty() && !on_nodes && items_at(spec, "externalIPs").empty())
    add_invalid(errors, path.child("externalTrafficPolicy"), Value(string_at(spec, "externalTrafficPolicy")),
                "may only be set for externally-accessible services");
}

void validate_load_balancer(Errors& errors, const FieldPath& path, const Value& spec) {
  bool balanced = string_at(spec, "type") == "LoadBalancer";
  const codec::Array& ranges = items_at(spec, "loadBalancerSourceRanges");
  FieldPath list = path.child("LoadBalancerSourceRanges");
  if (!ranges.empty() && !balanced) add_forbidden(errors, list, "may only be used when `type` is 'LoadBalancer'");
  for (std::size_t i = 0; i < ranges.size(); ++i) meta::v1::check_cidr(errors, list.at(i), meta::v1::scalar_text(&ranges[i]));
  if (balanced) {
    meta::v1::check_name(errors, path.child("loadBalancerClass"), string_at(spec, "loadBalancerClass"), qualified_name_errors);
  }
}

bool has_health_check(const Value& spec) {
  return string_at(spec, "type") == "LoadBalancer" && string_at(spec, "externalTrafficPolicy") == "Local";
}

// Where traffic goes to the service's own nodes only, a load balancer asks there which these are. The port is allocated before.
void validate_health_check(Errors& errors, const FieldPath& path, const Value& spec, const Value* before) {
  FieldPath place = path.child("healthCheckNodePort");
  std::int64_t port = codec::int_at(spec, "healthCheckNodePort").value_or(0);
  if (!has_health_check(spec)) {
    if (port != 0)
      add_invalid(errors, place, Value(port),
                  "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
    return;
  }
  if (port == 0) return add_required(errors, place);
  meta::v1::check_range(errors, place, port, 1, 65535);
  std::int64_t port_before = before == nullptr ? 0 : codec::int_at(*before, "healthCheckNodePort").value_or(0);
  if (before != nullptr && has_health_check(*before) && port_before != 0 && port_before != port)
    add_invalid(errors, place, Value(port), "field is immutable");
}

// Allocated once; free again only when the service changes its type away from having one.
void validate_change(Errors& errors, const FieldPath& path, const Value& before, const Value& after) {
  std::string_view old_ip = string_at(before, "clusterIP");
  bool had = string_at(before, "type") != "ExternalName" && !old_ip.empty();
  bool has = string_at(after, "type") != "ExternalName";
  if (!had || !has || string_at(after, "clusterIP") == old_ip) return;
  FieldPath list = path.child("clusterIPs");
  static const Value kNone = codec::Array();
  const Value* now = find(after, "clusterIPs");
  add_invalid(errors, list.at(0),
              now == nullptr || items_at(after, "clusterIPs").empty() ? kNone : items_at(after, "clusterIPs").front(),
              "may not change once set");
}

}  // namespace

void validate_service(Errors& errors, const Value& service, const Value* before) {
  FieldPath path("spec");
  const Value* spec = find(service, "spec");
  if (spec == nullptr || !spec->is_object()) return add_required(errors, path.child("ports"));
  validate_type(errors, path, *spec);
  validate_ports(errors, path.child("ports"), *spec);
  meta::v1::check_labels(errors, path.child("selector"), find(*spec, "selector"));
  validate_addresses(errors, path, *spec);
  validate_load_balancer(errors, path, *spec);
  validate_health_check(errors, path, *spec, before == nullptr ? nullptr : find(*before, "spec"));
  std::string_view distribution = string_at(*spec, "trafficDistribution");
  if (!distribution.empty() && distribution != "PreferClose" && distribution != "PreferSameNode" &&
      distribution != "PreferSameZone")
    meta::v1::add_not_supported(errors, path.child("trafficDistribution"), distribution,
                                {"PreferClose", "PreferSameNode", "PreferSameZone"});
  FieldPath affinity = path.child("sessionAffinityConfig");
  FieldPath client = affinity.child("clientIP");
  constexpr std::int64_t kDay = 86400;
  if (string_at(*spec, "sessionAffinity") == "ClientIP") {
    std::int64_t timeout = meta::v1::number_at_path(*spec, {"sessionAffinityConfig", "clientIP", "timeoutSeconds"});
    if (timeout <= 0 || timeout > kDay)
      add_invalid(errors, client.child("timeoutSeconds"), Value(timeout), "must be greater than 0 and less than 86400");
  }
  if (before == nullptr) return;
  if (const Value* then = find(*before, "spec"); then != nullptr) validate_change(errors, path, *then, *spec);
}

}  // namespace charon::core::v1
