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
  if (!named && !numbered) meta::v1::add_required(errors, here, "port name or number is required");
}

void validate_paths(schema::FieldErrors& errors, const meta::v1::FieldPath& path, const codec::Array& paths) {
  if (paths.empty()) meta::v1::add_required(errors, path);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    meta::v1::FieldPath here = path.at(i);
    std::string_view type = string_at(paths[i], "pathType");
    std::string_view text = string_at(paths[i], "path");
    if (type.empty()) meta::v1::add_required(errors, here.child("pathType"), "pathType must be specified");
    if ((type == "Exact" || type == "Prefix") && !text.starts_with('/'))
      meta::v1::add_invalid(errors, here.child("path"), Value(text), "must be an absolute path");
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
  meta::v1::FieldPath list = spec.child("rules");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    std::string_view host = string_at(rules[i], "host");
    meta::v1::FieldPath rule = list.at(i);
    if (!host.starts_with("*.")) meta::v1::check_name(errors, rule.child("host"), host, dns1123_subdomain_errors);
    if (meta::v1::is_ip(host))
      meta::v1::add_invalid(errors, rule.child("host"), Value(host), "must be a DNS name, not an IP address");
    meta::v1::FieldPath http = rule.child("http");
    if (codec::find(rules[i], "http") != nullptr)
      validate_paths(errors, http.child("paths"), items_of(find_path(rules[i], {"http", "paths"})));
  }
}

}  // namespace

const model::KindRules ingress_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::networking::v1
