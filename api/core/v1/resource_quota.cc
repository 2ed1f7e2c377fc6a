#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"
#include "base/quantity.h"

namespace charon::core::v1 {

using codec::Value;

namespace {

void cells_of(const Value& quota, Time, codec::Array& cells) {
  std::string requests;
  std::string limits;
  const Value* hard = codec::find_path(quota, {"status", "hard"});
  const Value* used = codec::find_path(quota, {"status", "used"});
  std::map<std::string, const Value*> sorted;
  if (hard != nullptr && hard->is_object())
    for (const auto& entry : hard->get_object())
      sorted.emplace(std::string(entry.key().data(), entry.key().size()), &entry.value());
  for (const auto& [resource, quantity] : sorted) {
    std::string& cell = resource.starts_with("limits.") ? limits : requests;
    std::string now = used == nullptr ? "" : meta::v1::scalar_text(codec::find(*used, resource));
    cell += fmt::format("{}{}: {}/{}", cell.empty() ? "" : ", ", resource, now.empty() ? "0" : now,
                        meta::v1::scalar_text(quantity));
  }
  meta::v1::add_cell(cells, requests);
  meta::v1::add_cell(cells, limits);
}

constexpr std::string_view kStandard[] = {"cpu",
                                          "memory",
                                          "ephemeral-storage",
                                          "requests.cpu",
                                          "requests.memory",
                                          "requests.storage",
                                          "requests.ephemeral-storage",
                                          "limits.cpu",
                                          "limits.memory",
                                          "limits.ephemeral-storage",
                                          "pods",
                                          "resourcequotas",
                                          "services",
                                          "replicationcontrollers",
                                          "secrets",
                                          "persistentvolumeclaims",
                                          "configmaps",
                                          "services.nodeports",
                                          "services.loadbalancers"};
constexpr std::string_view kScopes[] = {"Terminating",          "NotTerminating", "BestEffort",
                                        "NotBestEffort",        "PriorityClass",  "CrossNamespacePodAffinity",
                                        "VolumeAttributesClass"};

// Names of Kubernetes' own; all others carry the domain of who counts them.
bool is_standard(std::string_view name) {
  return std::ranges::find(kStandard, name) != std::end(kStandard) || name.starts_with("hugepages-") ||
         name.starts_with("requests.hugepages-");
}

// What a scope can bound: those of pods count pods and what they use, that of attributes classes claims.
bool bounds(std::string_view scope, std::string_view resource) {
  constexpr std::string_view kUsedByPods[] = {"cpu",           "memory",       "limits.cpu",
                                              "limits.memory", "requests.cpu", "requests.memory"};
  if (scope == "VolumeAttributesClass") return resource == "persistentvolumeclaims" || resource == "requests.storage";
  if (resource == "pods") return true;
  return scope != "BestEffort" && std::ranges::find(kUsedByPods, resource) != std::end(kUsedByPods);
}

bool bounds_all(std::string_view scope, const Value* hard) {
  if (hard == nullptr || !hard->is_object()) return true;
  return std::ranges::all_of(hard->get_object(), [scope](const auto& member) {
    std::string_view name(member.key().data(), member.key().size());
    return !is_standard(name) || bounds(scope, name);
  });
}

void validate_scope_selector(const Value& quota, const meta::v1::FieldPath& path, schema::FieldErrors& errors) {
  const Value* selector = codec::find_path(quota, {"spec", "scopeSelector"});
  if (selector == nullptr) return;
  meta::v1::FieldPath list = path.child("matchExpressions");
  for (const Value& one : meta::v1::items_of(codec::find(*selector, "matchExpressions"))) {
    std::string_view scope = codec::string_at(one, "scopeName");
    std::string_view op = codec::string_at(one, "operator");
    if (std::ranges::find(kScopes, scope) == std::end(kScopes))
      meta::v1::add_invalid(errors, list.child("scopeName"), Value(scope), "unsupported scope");
    if (!bounds_all(scope, codec::find_path(quota, {"spec", "hard"})))
      meta::v1::add_invalid(errors, list, *selector, "unsupported scope applied to resource");
    if (scope != "PriorityClass" && scope != "VolumeAttributesClass" && op != "Exists")
      meta::v1::add_invalid(errors, list.child("operator"), Value(op),
                            "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, "
                            "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort "
                            "or ResourceQuotaScopeCrossNamespacePodAffinity");
    const codec::Array& values = meta::v1::items_of(codec::find(one, "values"));
    if ((op == "In" || op == "NotIn") && values.empty())
      meta::v1::add_required(errors, list.child("values"),
                             "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
    if ((op == "Exists" || op == "DoesNotExist") && !values.empty())
      meta::v1::add_invalid(errors, list.child("values"), Value(values),
                            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
    if (op != "In" && op != "NotIn" && op != "Exists" && op != "DoesNotExist")
      meta::v1::add_invalid(errors, list.child("operator"), Value(op), "not a valid selector operator");
  }
}

void validate_scopes(const Value& quota, const meta::v1::FieldPath& path, schema::FieldErrors& errors) {
  const Value* given = codec::find_path(quota, {"spec", "scopes"});
  std::set<std::string> scopes;
  for (const Value& scope : meta::v1::items_of(given)) scopes.insert(meta::v1::scalar_text(&scope));
  for (const std::string& scope : scopes)
    if (std::ranges::find(kScopes, scope) == std::end(kScopes))
      meta::v1::add_invalid(errors, path, *given, "unsupported scope");
    else if (!bounds_all(scope, codec::find_path(quota, {"spec", "hard"})))
      meta::v1::add_invalid(errors, path, *given, "unsupported scope applied to resource");
  bool conflict = (scopes.contains("BestEffort") && scopes.contains("NotBestEffort")) ||
                  (scopes.contains("Terminating") && scopes.contains("NotTerminating"));
  if (conflict) meta::v1::add_invalid(errors, path, *given, "conflicting scopes");
}

void validate(const Value& quota, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return;
  meta::v1::FieldPath spec("spec");
  meta::v1::FieldPath path = spec.child("hard");
  const Value* hard = codec::find_path(quota, {"spec", "hard"});
  if (hard != nullptr && hard->is_object()) {
    for (const auto& [key, value] : hard->get_object()) {
      std::string_view name(key.data(), key.size());
      meta::v1::check_name(errors, path.key(name), name, qualified_name_errors);
      if (name.find('/') == name.npos && !is_standard(name))
        meta::v1::add_invalid(errors, path.key(name), Value(name), "must be a standard resource for quota");
      Result<Quantity> quantity = Quantity::parse(value.is_string() ? codec::view(value.get_string()) : "");
      if (quantity && quantity->sign() < 0)
        meta::v1::add_invalid(errors, path.key(name), value, "must be greater than or equal to 0");
    }
  }
  validate_scopes(quota, spec.child("scopes"), errors);
  validate_scope_selector(quota, spec.child("scopeSelector"), errors);
  if (context.before != nullptr &&
      !meta::v1::same(codec::find_path(*context.before, {"spec", "scopes"}), codec::find_path(quota, {"spec", "scopes"})))
    meta::v1::add_invalid(errors, spec.child("scopes"), Value(nullptr), "field is immutable");
}

}  // namespace

const model::KindRules resource_quota_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::core::v1
