#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"

namespace charon::discovery::v1 {

using codec::Value;

namespace {

constexpr std::size_t kShown = 3;

void cells_of(const Value& slice, Time, codec::Array& cells) {
  std::vector<std::string> ports;
  for (const Value& port : meta::v1::items_at(slice, "ports")) {
    std::string number = meta::v1::scalar_text(codec::find(port, "port"));
    ports.push_back(!number.empty() ? number : std::string(meta::v1::text_or(codec::string_at(port, "name"), "*")));
  }
  std::vector<std::string> addresses;
  for (const Value& endpoint : meta::v1::items_at(slice, "endpoints"))
    for (const Value& address : meta::v1::items_at(endpoint, "addresses")) addresses.push_back(meta::v1::scalar_text(&address));
  meta::v1::add_cell(cells, meta::v1::join_some(ports, kShown, "<unset>"));
  meta::v1::add_cell(cells, meta::v1::join_some(addresses, kShown, "<unset>"));
}

// A domain of two labels or more, which may say that it ends there.
void validate_domain(meta::v1::Errors& errors, const meta::v1::FieldPath& path, std::string_view name) {
  if (name.empty()) return meta::v1::add_required(errors, path);
  if (name.ends_with('.')) name.remove_suffix(1);
  if (std::vector<std::string> problems = dns1123_subdomain_errors(name); !problems.empty())
    return meta::v1::add_invalid(errors, path, Value(name), meta::v1::join(problems, ","));
  if (!name.contains('.'))
    return meta::v1::add_invalid(errors, path, Value(name), "should be a domain with at least two segments separated by dots");
}

void validate_topology(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const Value* topology) {
  constexpr std::size_t kLabels = 16;
  constexpr std::string_view kZone = "topology.kubernetes.io/zone";
  if (topology == nullptr || !topology->is_object()) return;
  if (topology->get_object().size() > kLabels) meta::v1::add_too_many(errors, path, topology->get_object().size(), kLabels);
  meta::v1::check_labels(errors, path, topology);
  if (codec::find(*topology, kZone) != nullptr) meta::v1::add_forbidden(errors, path.key(kZone), "use zone field instead");
}

// For whom an endpoint is: each zone or node once.
void validate_hints(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const Value& hints) {
  constexpr std::size_t kMost = 8;
  for (std::string_view member : {"forZones", "forNodes"}) {
    const codec::Array& list = meta::v1::items_at(hints, member);
    meta::v1::FieldPath place = path.child(member);
    if (list.size() > kMost) {
      meta::v1::add_too_many(errors, place, list.size(), kMost);
      continue;
    }
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < list.size(); ++i) {
      meta::v1::FieldPath here = place.at(i);
      std::string_view name = codec::string_at(list[i], "name");
      if (!names.insert(name).second) meta::v1::add_duplicate(errors, here.child("name"), name);
      meta::v1::check_given_name(errors, here.child("name"), name,
                                 member == "forZones" ? label_value_errors : dns1123_subdomain_errors);
    }
  }
}

// The table says that addresses are required, but not in these words.
void require_addresses(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Array& addresses) {
  if (!addresses.empty()) return;
  constexpr std::string_view kWhy = "must contain at least 1 address";
  const std::string field = path.text();
  auto said = std::ranges::find_if(errors, [&field](const schema::FieldError& error) {
    return error.kind == schema::FieldError::Kind::Required && error.field == field;
  });
  if (said == errors.end()) return meta::v1::add_required(errors, path, kWhy);
  said->detail = kWhy;
}

void validate(const Value& slice, const model::WriteContext&, schema::FieldErrors& errors) {
  std::string_view type = codec::string_at(slice, "addressType");
  if (type.empty()) meta::v1::add_required(errors, meta::v1::FieldPath("addressType"));
  constexpr std::size_t kMaxEndpoints = 1000;
  constexpr std::size_t kMaxPorts = 20000;
  meta::v1::FieldPath list("endpoints");
  const codec::Array& endpoints = meta::v1::items_at(slice, "endpoints");
  if (endpoints.size() > kMaxEndpoints) return meta::v1::add_too_many(errors, list, endpoints.size(), kMaxEndpoints);
  const codec::Array& ports = meta::v1::items_at(slice, "ports");
  meta::v1::FieldPath ports_path("ports");
  if (ports.size() > kMaxPorts) return meta::v1::add_too_many(errors, ports_path, ports.size(), kMaxPorts);
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    meta::v1::FieldPath port = ports_path.at(i);
    std::string_view name = codec::string_at(ports[i], "name");
    meta::v1::check_name(errors, port.child("name"), name, dns1123_label_errors);
    if (!names.insert(name).second) meta::v1::add_duplicate(errors, port.child("name"), name);
    std::string_view protocol = codec::string_at(ports[i], "protocol");
    if (!protocol.empty() && protocol != "TCP" && protocol != "UDP" && protocol != "SCTP")
      meta::v1::add_not_supported(errors, port.child("protocol"), protocol, {"SCTP", "TCP", "UDP"});
    meta::v1::check_name(errors, port.child("appProtocol"), codec::string_at(ports[i], "appProtocol"), qualified_name_errors);
  }
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    meta::v1::FieldPath endpoint = list.at(i);
    meta::v1::FieldPath path = endpoint.child("addresses");
    const codec::Array& addresses = meta::v1::items_at(endpoints[i], "addresses");
    require_addresses(errors, path, addresses);
    for (std::size_t k = 0; k < addresses.size(); ++k) {
      std::string text = meta::v1::scalar_text(&addresses[k]);
      if (type == "FQDN") validate_domain(errors, path.at(k), text);
      if (type != "IPv4" && type != "IPv6") continue;
      if (meta::v1::is_ip(text) && (type == "IPv4") != meta::v1::is_ipv4(text))
        meta::v1::add_invalid(errors, path.at(k), addresses[k], "must be an " + std::string(type) + " address");
      meta::v1::check_ordinary_ip(errors, path.at(k), text);
    }
    validate_topology(errors, endpoint.child("deprecatedTopology"), codec::find(endpoints[i], "deprecatedTopology"));
    if (const Value* hints = meta::v1::object_at(endpoints[i], "hints"))
      validate_hints(errors, endpoint.child("hints"), *hints);
    meta::v1::check_name(errors, endpoint.child("nodeName"), codec::string_at(endpoints[i], "nodeName"),
                         dns1123_subdomain_errors);
    meta::v1::check_name(errors, endpoint.child("hostname"), codec::string_at(endpoints[i], "hostname"), dns1123_label_errors);
  }
}

}  // namespace

const model::KindRules endpoint_slice_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::discovery::v1
