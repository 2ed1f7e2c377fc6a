#include "api/admissionregistration/v1/webhook_validation.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"
#include "codec/tree.h"

namespace charon::admissionregistration::v1 {
namespace {

using codec::find;
using codec::string_at;
using codec::Value;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::FieldPath;
using meta::v1::items_at;
using schema::FieldErrors;

std::vector<std::string_view> texts(const Value& value, std::string_view member) {
  std::vector<std::string_view> list;
  for (const Value& entry : items_at(value, member))
    list.push_back(entry.is_string() ? codec::view(entry.get_string()) : std::string_view());
  return list;
}

bool has(const std::vector<std::string_view>& list, std::string_view wanted) {
  return std::ranges::find(list, wanted) != list.end();
}

// A member that lists names or a single "*".
void validate_wildcards(FieldErrors& errors, const FieldPath& path, const Value& rule, std::string_view member,
                        std::string_view what) {
  std::vector<std::string_view> list = texts(rule, member);
  if (list.empty()) return add_required(errors, path.child(member));
  if (list.size() > 1 && has(list, "*"))
    add_invalid(errors, path.child(member), *find(rule, member),
                "if '*' is present, must not specify other " + std::string(what));
}

void validate_resources(FieldErrors& errors, const FieldPath& path, const Value& rule) {
  std::vector<std::string_view> list = texts(rule, "resources");
  if (list.empty()) return add_required(errors, path);
  std::set<std::string_view> all_subresources_of;
  std::set<std::string_view> of_all_resources;
  bool plain = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::string_view entry = list[i];
    if (entry.empty()) {
      add_required(errors, path.at(i));
      continue;
    }
    std::size_t slash = entry.find('/');
    if (slash == std::string_view::npos) {
      plain = plain || entry != "*";
      continue;
    }
    std::string_view resource = entry.substr(0, slash);
    std::string_view subresource = entry.substr(slash + 1);
    if (all_subresources_of.contains(resource))
      add_invalid(errors, path.at(i), Value(entry),
                  "if '" + std::string(resource) + "/*' is present, must not specify " + std::string(entry));
    if (of_all_resources.contains(subresource))
      add_invalid(errors, path.at(i), Value(entry),
                  "if '*/" + std::string(subresource) + "' is present, must not specify " + std::string(entry));
    if (subresource == "*") all_subresources_of.insert(resource);
    if (resource == "*") of_all_resources.insert(subresource);
  }
  if (list.size() > 1 && has(list, "*/*"))
    add_invalid(errors, path, *find(rule, "resources"), "if '*/*' is present, must not specify other resources");
  if (plain && has(list, "*"))
    add_invalid(errors, path, *find(rule, "resources"),
                "if '*' is present, must not specify other resources without subresources");
}

void validate_url(FieldErrors& errors, const FieldPath& path, std::string_view url) {
  constexpr std::string_view kForm = "; desired format: https://host[/path]";
  std::size_t colon = url.find("://");
  std::string_view scheme = colon == std::string_view::npos ? std::string_view() : url.substr(0, colon);
  if (scheme != "https")
    add_invalid(errors, path, Value(scheme), "'https' is the only allowed URL scheme" + std::string(kForm));
  std::string_view rest = colon == std::string_view::npos ? std::string_view() : url.substr(colon + 3);
  std::size_t hash = rest.find('#');
  std::string_view fragment = hash == std::string_view::npos ? std::string_view() : rest.substr(hash + 1);
  rest = rest.substr(0, hash);
  std::size_t mark = rest.find('?');
  std::string_view query = mark == std::string_view::npos ? std::string_view() : rest.substr(mark + 1);
  rest = rest.substr(0, mark);
  std::string_view host = rest.substr(0, rest.find('/'));
  std::size_t at = host.rfind('@');
  std::string_view user = at == std::string_view::npos ? std::string_view() : host.substr(0, at);
  if (at != std::string_view::npos) host.remove_prefix(at + 1);
  if (host.empty()) add_invalid(errors, path, Value(host), "host must be provided" + std::string(kForm));
  if (at != std::string_view::npos) add_invalid(errors, path, Value(user), "user information is not permitted in the URL");
  if (!fragment.empty()) add_invalid(errors, path, Value(fragment), "fragments are not permitted in the URL");
  if (!query.empty()) add_invalid(errors, path, Value(query), "query parameters are not permitted in the URL");
}

void validate_service_path(FieldErrors& errors, const FieldPath& path, std::string_view text) {
  if (text.empty() || text == "/") return;
  if (text == "//") return add_invalid(errors, path, Value(text), "segment[0] may not be empty");
  if (!text.starts_with('/')) add_invalid(errors, path, Value(text), "must start with a '/'");
  std::string_view rest = text.substr(1);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  for (std::size_t i = 0;; ++i) {
    std::size_t slash = rest.find('/');
    std::string_view step = rest.substr(0, slash);
    std::string where = "segment[" + std::to_string(i) + "]";
    if (step.empty()) {
      add_invalid(errors, path, Value(text), where + " may not be empty");
    } else {
      for (const std::string& failure : dns1123_subdomain_errors(step))
        add_invalid(errors, path, Value(text), where + ": " + failure);
    }
    if (slash == std::string_view::npos) return;
    rest.remove_prefix(slash + 1);
  }
}

void validate_client_config(FieldErrors& errors, const FieldPath& path, const Value* config) {
  const Value* url = config == nullptr ? nullptr : find(*config, "url");
  const Value* service = config == nullptr ? nullptr : find(*config, "service");
  if ((url == nullptr) == (service == nullptr)) return add_required(errors, path, "exactly one of url or service is required");
  if (url != nullptr) return validate_url(errors, path.child("url"), url->is_string() ? codec::view(url->get_string()) : "");
  FieldPath place = path.child("service");
  if (string_at(*service, "name").empty()) add_required(errors, place.child("name"), "service name is required");
  if (string_at(*service, "namespace").empty()) add_required(errors, place.child("namespace"), "service namespace is required");
  validate_service_path(errors, place.child("path"), string_at(*service, "path"));
}

void validate_versions(FieldErrors& errors, const FieldPath& path, const Value& webhook) {
  std::vector<std::string_view> versions = texts(webhook, "admissionReviewVersions");
  if (versions.empty()) return;  // the table says that it is required
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (!seen.insert(versions[i]).second) {
      add_invalid(errors, path.at(i), Value(versions[i]), "duplicate version");
      continue;
    }
    for (const std::string& failure : dns1035_label_errors(versions[i]))
      add_invalid(errors, path.at(i), Value(versions[i]), failure);
  }
  if (!seen.contains("v1") && !seen.contains("v1beta1"))
    add_invalid(errors, path, *find(webhook, "admissionReviewVersions"), "must include at least one of v1, v1beta1");
}

void validate_name(FieldErrors& errors, const FieldPath& path, std::string_view name) {
  if (name.empty()) return;  // the table says that it is required
  for (const std::string& failure : dns1123_subdomain_errors(name)) add_invalid(errors, path, Value(name), failure);
  if (std::ranges::count(name, '.') < 2)
    add_invalid(errors, path, Value(name), "should be a domain with at least three segments separated by dots");
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\n\r\f\v") == text.npos; }

}  // namespace

void validate_rule(FieldErrors& errors, const FieldPath& path, const Value& rule) {
  validate_wildcards(errors, path, rule, "operations", "operations");
  validate_wildcards(errors, path, rule, "apiGroups", "API groups");
  validate_wildcards(errors, path, rule, "apiVersions", "API versions");
  std::vector<std::string_view> versions = texts(rule, "apiVersions");
  FieldPath versions_path = path.child("apiVersions");
  for (std::size_t i = 0; i < versions.size(); ++i)
    if (versions[i].empty()) add_required(errors, versions_path.at(i));
  validate_resources(errors, path.child("resources"), rule);
}

void validate_match_conditions(FieldErrors& errors, const FieldPath& path, const Value& owner) {
  constexpr std::size_t kConditions = 64;
  const codec::Array& conditions = items_at(owner, "matchConditions");
  if (conditions.size() > kConditions)
    errors.push_back(
        {schema::FieldError::Kind::TooMany, path.text(), std::to_string(conditions.size()), "must have at most 64 items"});
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    FieldPath place = path.at(i);
    std::string_view name = string_at(conditions[i], "name");
    if (name.empty()) {
      add_required(errors, place.child("name"));
    } else {
      meta::v1::check_name(errors, place.child("name"), name, qualified_name_errors);
      if (!names.insert(name).second) meta::v1::add_duplicate(errors, place.child("name"), name);
    }
    if (is_blank(string_at(conditions[i], "expression"))) add_required(errors, place.child("expression"));
  }
}

void validate_webhooks(const Value& configuration, const model::WriteContext&, FieldErrors& errors) {
  FieldPath root("webhooks");
  std::set<std::string_view> names;
  const codec::Array& webhooks = items_at(configuration, "webhooks");
  for (std::size_t i = 0; i < webhooks.size(); ++i) {
    const Value& webhook = webhooks[i];
    FieldPath path = root.at(i);
    std::string_view name = string_at(webhook, "name");
    validate_name(errors, path.child("name"), name);
    if (!name.empty() && !names.insert(name).second) meta::v1::add_duplicate(errors, path.child("name"), name);
    const codec::Array& rules = items_at(webhook, "rules");
    FieldPath rules_path = path.child("rules");
    for (std::size_t j = 0; j < rules.size(); ++j) validate_rule(errors, rules_path.at(j), rules[j]);
    std::string_view effects = string_at(webhook, "sideEffects");
    if (effects == "Unknown" || effects == "Some")
      meta::v1::add_not_supported(errors, path.child("sideEffects"), effects, {"None", "NoneOnDryRun"});
    for (std::string_view selector : {"namespaceSelector", "objectSelector"})
      meta::v1::check_selector(errors, path.child(selector), find(webhook, selector));
    validate_client_config(errors, path.child("clientConfig"), find(webhook, "clientConfig"));
    validate_versions(errors, path.child("admissionReviewVersions"), webhook);
    validate_match_conditions(errors, path.child("matchConditions"), webhook);
  }
}

}  // namespace charon::admissionregistration::v1
