#include "api/flowcontrol/v1/policy_rules.h"

#include <algorithm>
#include <string>

#include "api/meta/v1/cells.h"
#include "base/names.h"
#include "codec/json.h"
#include "codec/tree.h"

namespace charon::flowcontrol::v1 {

using codec::string_at;
using codec::Value;
using meta::v1::add_forbidden;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;
using meta::v1::object_at;

namespace {

constexpr std::string_view kVerbs[] = {"create", "delete", "deletecollection", "get",  "list",
                                       "patch",  "proxy",  "update",           "watch"};

bool is_verb(const Value& verb) { return std::ranges::find(kVerbs, meta::v1::scalar_text(&verb)) != std::end(kVerbs); }

enum class Contents : unsigned char { Empty, Everything, Names };

// A list of names, or of "*" alone. `least` and `others` are what it must hold and what "*" excludes, for the errors.
struct Wildcards {
  std::string_view member;
  std::string_view least;
  std::string_view others;
};

Contents check_wildcards(Errors& errors, const FieldPath& path, const Value& rule, const Wildcards& list) {
  const codec::Array& items = items_at(rule, list.member);
  if (items.empty()) {
    add_required(errors, path.child(list.member), list.least);
    return Contents::Empty;
  }
  if (std::ranges::find(items, Value("*")) == items.end()) return Contents::Names;
  if (items.size() > 1)
    add_invalid(errors, path.child(list.member), *codec::find(rule, list.member),
                "if '*' is present, must not specify other " + std::string(list.others));
  return Contents::Everything;
}

void check_verbs(Errors& errors, const FieldPath& path, const Value& rule) {
  Contents contents = check_wildcards(errors, path, rule, {"verbs", "verbs must contain at least one value", "verbs"});
  if (contents != Contents::Names || std::ranges::all_of(items_at(rule, "verbs"), is_verb)) return;
  std::string supported;
  for (std::string_view verb : kVerbs) supported += (supported.empty() ? "\"" : ", \"") + std::string(verb) + "\"";
  errors.push_back({schema::FieldError::Kind::NotSupported, path.child("verbs").text(),
                    codec::write_json(*codec::find(rule, "verbs")), "supported values: " + supported});
}

std::string_view url_problem(std::string_view url) {
  if (url.empty()) return "must not be empty";
  if (url == "/") return "";
  if (!url.starts_with('/')) return "must start with slash";
  if (url.find(' ') != url.npos) return "must not contain white-space";
  if (url.find("//") != url.npos) return "must not contain double slash";
  auto stars = std::ranges::count(url, '*');
  return stars > 1 || (stars == 1 && !url.ends_with("/*")) ? "wildcard can only do suffix matching" : "";
}

void check_resource_rule(Errors& errors, const FieldPath& path, const Value& rule) {
  check_verbs(errors, path, rule);
  check_wildcards(errors, path, rule, {"apiGroups", "resource rules must supply at least one api group", "api groups"});
  check_wildcards(errors, path, rule, {"resources", "resource rules must supply at least one resource", "resources"});
  if (items_at(rule, "namespaces").empty() && codec::bool_at(rule, "clusterScope").value_or(false)) return;
  Contents contents = check_wildcards(
      errors, path, rule,
      {"namespaces", "resource rules that are not cluster scoped must supply at least one namespace", "namespaces"});
  if (contents != Contents::Names) return;
  FieldPath list = path.child("namespaces");
  const codec::Array& namespaces = items_at(rule, "namespaces");
  for (std::size_t i = 0; i < namespaces.size(); ++i)
    for (const std::string& problem : dns1123_label_errors(meta::v1::scalar_text(&namespaces[i])))
      add_invalid(errors, list.at(i), namespaces[i], "each member of this list must be '*' or a DNS-1123 label; " + problem);
}

void check_url_rule(Errors& errors, const FieldPath& path, const Value& rule) {
  check_verbs(errors, path, rule);
  Contents contents = check_wildcards(
      errors, path, rule, {"nonResourceURLs", "nonResourceURLs must contain at least one value", "non-resource URLs"});
  if (contents != Contents::Names) return;
  FieldPath list = path.child("nonResourceURLs");
  const codec::Array& urls = items_at(rule, "nonResourceURLs");
  for (std::size_t i = 0; i < urls.size(); ++i)
    if (std::string_view problem = url_problem(meta::v1::scalar_text(&urls[i])); !problem.empty())
      add_invalid(errors, list.at(i), urls[i], problem);
}

void check_account(Errors& errors, const FieldPath& path, const Value& account) {
  std::string_view name = string_at(account, "name");
  std::string_view space = string_at(account, "namespace");
  if (name.empty()) add_required(errors, path.child("name"));
  if (name != "*") meta::v1::check_name(errors, path.child("name"), name, dns1123_subdomain_errors);
  if (space.empty()) add_required(errors, path.child("namespace"), "must specify namespace for service account");
  meta::v1::check_name(errors, path.child("namespace"), space, dns1123_label_errors);
}

void check_subject(Errors& errors, const FieldPath& path, const Value& subject) {
  struct Kind {
    std::string_view kind;
    std::string_view member;
  };
  constexpr Kind kKinds[] = {{"ServiceAccount", "serviceAccount"}, {"User", "user"}, {"Group", "group"}};
  std::string_view kind = string_at(subject, "kind");
  if (std::ranges::find(kKinds, kind, &Kind::kind) == std::end(kKinds))
    return meta::v1::add_not_supported(errors, path.child("kind"), kind, {"Group", "ServiceAccount", "User"});
  for (const Kind& each : kKinds) {
    FieldPath place = path.child(each.member);
    const Value* given = object_at(subject, each.member);
    std::string member(each.member);
    if (each.kind != kind) {
      if (given != nullptr)
        add_forbidden(errors, place, member + " is forbidden when subject kind is not '" + std::string(each.kind) + "'");
    } else if (given == nullptr) {
      add_required(errors, place, member + " is required when subject kind is '" + std::string(each.kind) + "'");
    } else if (kind == "ServiceAccount") {
      check_account(errors, place, *given);
    } else if (string_at(*given, "name").empty()) {
      add_required(errors, place.child("name"));
    }
  }
}

}  // namespace

void validate_policy_rules(Errors& errors, const FieldPath& path, const Value& rules) {
  const codec::Array& subjects = items_at(rules, "subjects");
  FieldPath subjects_path = path.child("subjects");
  if (subjects.empty()) add_required(errors, subjects_path, "subjects must contain at least one value");
  for (std::size_t i = 0; i < subjects.size(); ++i) check_subject(errors, subjects_path.at(i), subjects[i]);
  const codec::Array& resources = items_at(rules, "resourceRules");
  const codec::Array& urls = items_at(rules, "nonResourceRules");
  if (resources.empty() && urls.empty())
    add_required(errors, path, "at least one of resourceRules and nonResourceRules has to be non-empty");
  FieldPath resources_path = path.child("resourceRules");
  for (std::size_t i = 0; i < resources.size(); ++i) check_resource_rule(errors, resources_path.at(i), resources[i]);
  FieldPath urls_path = path.child("nonResourceRules");
  for (std::size_t i = 0; i < urls.size(); ++i) check_url_rule(errors, urls_path.at(i), urls[i]);
}

}  // namespace charon::flowcontrol::v1
