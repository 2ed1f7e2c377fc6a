#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"

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

void validate_backend(schema::FieldErrors& errors, const meta::v1::FieldPath& path, const Value* backend) {
  if (backend == nullptr || !backend->is_object()) return meta::v1::add_required(errors, path);
  const Value* service = codec::find(*backend, "service");
  const Value* resource = codec::find(*backend, "resource");
  if (service != nullptr && resource != nullptr)
    return meta::v1::add_invalid(errors, path, Value(""), "cannot set both resource and service backends");
  if (service == nullptr && resource == nullptr)
    return meta::v1::add_required(errors, path, "resource or service backend is required");
  if (service == nullptr) return;
  meta::v1::FieldPath here = path.child("service");
  std::string_view name = string_at(*service, "name");
  if (name.empty()) meta::v1::add_required(errors, here.child("name"));
  meta::v1::check_name(errors, here.child("name"), name, dns1035_label_errors);
  bool named = !codec::string_at_path(*service, {"port", "name"}).empty();
  bool numbered = meta::v1::number_at_path(*service, {"port", "number"}) != 0;
  if (named && numbered) meta::v1::add_invalid(errors, path, Value(""), "cannot set both port name & port number");
  meta::v1::FieldPath port = here.child("port");
  meta::v1::check_name(errors, port.child("name"), codec::string_at_path(*service, {"port", "name"}), port_name_errors);
  if (numbered)
    meta::v1::check_range(errors, port.child("number"), meta::v1::number_at_path(*service, {"port", "number"}), 1, 65535);
  if (!named && !numbered) meta::v1::add_required(errors, here, "port name or number is required");
}

void validate_path(schema::FieldErrors& errors, const meta::v1::FieldPath& path, std::string_view type, std::string_view text) {
  if (type == "ImplementationSpecific") {
    if (!text.empty() && !text.starts_with('/')) meta::v1::add_invalid(errors, path, Value(text), "must be an absolute path");
    return;
  }
  if (type != "Exact" && type != "Prefix") return;
  if (!text.starts_with('/')) meta::v1::add_invalid(errors, path, Value(text), "must be an absolute path");
  for (std::string_view part : {"//", "/./", "/../", "%2f", "%2F"})
    if (text.find(part) != text.npos)
      meta::v1::add_invalid(errors, path, Value(text), "must not contain '" + std::string(part) + "'");
  for (std::string_view end : {"/..", "/."})
    if (text.ends_with(end)) meta::v1::add_invalid(errors, path, Value(text), "cannot end with '" + std::string(end) + "'");
}

// "*.example.com": any one label in front.
void check_host(schema::FieldErrors& errors, const meta::v1::FieldPath& path, std::string_view host) {
  if (meta::v1::is_ip(host)) return meta::v1::add_invalid(errors, path, Value(host), "must be a DNS name, not an IP address");
  if (host.find('*') == host.npos) return meta::v1::check_name(errors, path, host, dns1123_subdomain_errors);
  if (!host.starts_with("*.") || !dns1123_subdomain_errors(host.substr(2)).empty())
    meta::v1::add_invalid(errors, path, Value(host),
                          "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must "
                          "consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character "
                          "(e.g. '*.example.com', regex used for validation is "
                          "'\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
}

void validate_paths(schema::FieldErrors& errors, const meta::v1::FieldPath& path, const codec::Array& paths) {
  if (paths.empty()) meta::v1::add_required(errors, path);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    meta::v1::FieldPath here = path.at(i);
    std::string_view type = string_at(paths[i], "pathType");
    std::string_view text = string_at(paths[i], "path");
    if (type.empty()) meta::v1::add_required(errors, here.child("pathType"), "pathType must be specified");
    if (!type.empty() && type != "Exact" && type != "Prefix" && type != "ImplementationSpecific")
      meta::v1::add_not_supported(errors, here.child("pathType"), type, {"Exact", "ImplementationSpecific", "Prefix"});
    validate_path(errors, here.child("path"), type, text);
    validate_backend(errors, here.child("backend"), codec::find(paths[i], "backend"));
  }
}

void validate(const Value& ingress, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return;
  meta::v1::FieldPath spec("spec");
  const codec::Array& rules = items_of(find_path(ingress, {"spec", "rules"}));
  const Value* fallback = find_path(ingress, {"spec", "defaultBackend"});
  if (rules.empty() && fallback == nullptr)
    meta::v1::add_invalid(errors, spec, Value(codec::Array()), "either `defaultBackend` or `rules` must be specified");
  if (fallback != nullptr) validate_backend(errors, spec.child("defaultBackend"), fallback);
  meta::v1::check_name(errors, spec.child("ingressClassName"), codec::string_at_path(ingress, {"spec", "ingressClassName"}),
                       dns1123_subdomain_errors);
  // The annotation came before the field, and stays beside it only where it came first.
  constexpr std::string_view kClass = "kubernetes.io/ingress.class";
  if (context.before == nullptr && find_path(ingress, {"metadata", "annotations", kClass}) != nullptr &&
      find_path(ingress, {"spec", "ingressClassName"}) != nullptr)
    meta::v1::add_invalid(errors, meta::v1::FieldPath("annotations").child(kClass),
                          *find_path(ingress, {"metadata", "annotations", kClass}),
                          "can not be set when the class field is also set");
  const codec::Array& tls = items_of(find_path(ingress, {"spec", "tls"}));
  meta::v1::FieldPath tls_path = spec.child("tls");
  for (std::size_t i = 0; i < tls.size(); ++i) {
    const codec::Array& hosts = meta::v1::items_at(tls[i], "hosts");
    meta::v1::FieldPath item = tls_path.at(i);
    meta::v1::FieldPath hosts_path = item.child("hosts");
    for (std::size_t k = 0; k < hosts.size(); ++k) check_host(errors, hosts_path.at(k), meta::v1::scalar_text(&hosts[k]));
  }
  meta::v1::FieldPath list = spec.child("rules");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    std::string_view host = string_at(rules[i], "host");
    meta::v1::FieldPath rule = list.at(i);
    check_host(errors, rule.child("host"), host);
    meta::v1::FieldPath http = rule.child("http");
    if (codec::find(rules[i], "http") != nullptr)
      validate_paths(errors, http.child("paths"), items_of(find_path(rules[i], {"http", "paths"})));
  }
}

}  // namespace

const model::KindRules ingress_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::networking::v1
