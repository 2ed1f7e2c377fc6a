#include "api/core/v1/scheduling_validation.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

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
using meta::v1::check_given_name;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;
using meta::v1::object_at;

namespace {

constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr std::string_view kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";

std::string_view text_of(const Value& value) {
  return value.is_string() ? codec::view(value.get_string()) : std::string_view();
}

// A preference may name labels that no node can have: it is then just never met.
enum class LabelValues : unsigned char { Checked, Any };

void validate_requirement(Errors& errors, const FieldPath& path, const Value& requirement, LabelValues labels) {
  std::string_view op = string_at(requirement, "operator");
  const codec::Array& values = items_at(requirement, "values");
  FieldPath values_path = path.child("values");
  if ((op == "In" || op == "NotIn") && values.empty())
    add_required(errors, values_path, "must be specified when `operator` is 'In' or 'NotIn'");
  if ((op == "Exists" || op == "DoesNotExist") && !values.empty())
    add_forbidden(errors, values_path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  if ((op == "Gt" || op == "Lt") && values.size() != 1)
    add_required(errors, values_path, "must be specified single value when `operator` is 'Lt' or 'Gt'");
  if (op.empty()) add_invalid(errors, path.child("operator"), Value(op), "not a valid selector operator");
  check_given_name(errors, path.child("key"), string_at(requirement, "key"), qualified_name_errors);
  if (labels == LabelValues::Any) return;
  for (std::size_t i = 0; i < values.size(); ++i)
    meta::v1::check_name(errors, values_path.at(i), text_of(values[i]), label_value_errors);
}

// Of a node's fields only its name can be asked for.
void validate_field_requirement(Errors& errors, const FieldPath& path, const Value& requirement) {
  std::string_view op = string_at(requirement, "operator");
  std::string_view key = string_at(requirement, "key");
  const codec::Array& values = items_at(requirement, "values");
  FieldPath values_path = path.child("values");
  if (op != "In" && op != "NotIn")
    add_invalid(errors, path.child("operator"), Value(op), "not a valid selector operator");
  else if (values.size() != 1)
    add_required(errors, values_path, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  if (key != "metadata.name") return add_invalid(errors, path.child("key"), Value(key), "not a valid field selector key");
  for (std::size_t i = 0; i < values.size(); ++i)
    check_given_name(errors, values_path.at(i), text_of(values[i]), dns1123_subdomain_errors);
}

void validate_term(Errors& errors, const FieldPath& path, const Value& term, LabelValues labels) {
  const codec::Array& expressions = items_at(term, "matchExpressions");
  FieldPath expressions_path = path.child("matchExpressions");
  for (std::size_t i = 0; i < expressions.size(); ++i)
    validate_requirement(errors, expressions_path.at(i), expressions[i], labels);
  const codec::Array& fields = items_at(term, "matchFields");
  FieldPath fields_path = path.child("matchFields");
  for (std::size_t i = 0; i < fields.size(); ++i) validate_field_requirement(errors, fields_path.at(i), fields[i]);
}

void check_weight(Errors& errors, const FieldPath& path, const Value& term) {
  std::int64_t weight = codec::int_at(term, "weight").value_or(0);
  if (weight < 1 || weight > 100) add_invalid(errors, path.child("weight"), Value(weight), "must be in the range 1-100");
}

void validate_node_affinity(Errors& errors, const FieldPath& path, const Value& affinity) {
  validate_node_selector(errors, path.child(kRequired), object_at(affinity, kRequired));
  const codec::Array& terms = items_at(affinity, kPreferred);
  FieldPath list = path.child(kPreferred);
  for (std::size_t i = 0; i < terms.size(); ++i) {
    FieldPath here = list.at(i);
    check_weight(errors, here, terms[i]);
    if (const Value* preference = object_at(terms[i], "preference"))
      validate_term(errors, here.child("preference"), *preference, LabelValues::Any);
  }
}

// Keys whose values the pod's own labels give: they are added to a selector, which must not ask for them itself.
void check_label_keys(Errors& errors, const FieldPath& path, const Value& owner, std::string_view member) {
  const codec::Array& keys = items_at(owner, member);
  if (keys.empty()) return;
  FieldPath list = path.child(member);
  const Value* selector = object_at(owner, "labelSelector");
  if (selector == nullptr) return add_forbidden(errors, list, "must not be specified when labelSelector is not set");
  const Value* labels = object_at(*selector, "matchLabels");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::string_view key = text_of(keys[i]);
    check_given_name(errors, list.at(i), key, qualified_name_errors);
    bool selected = labels != nullptr && find(*labels, key) != nullptr;
    if (selected) add_invalid(errors, list.at(i), keys[i], fmt::format("exists in both {} and labelSelector", member));
  }
}

void check_topology_key(Errors& errors, const FieldPath& path, std::string_view key) {
  meta::v1::check_name(errors, path.child("topologyKey"), key, qualified_name_errors);
}

void validate_pod_affinity_term(Errors& errors, const FieldPath& path, const Value& term) {
  meta::v1::check_selector(errors, path.child("labelSelector"), object_at(term, "labelSelector"));
  meta::v1::check_selector(errors, path.child("namespaceSelector"), object_at(term, "namespaceSelector"));
  for (const Value& ns : items_at(term, "namespaces"))
    check_given_name(errors, path.child("namespace"), text_of(ns), dns1123_label_errors);
  for (std::string_view member : {"matchLabelKeys", "mismatchLabelKeys"}) check_label_keys(errors, path, term, member);
  check_topology_key(errors, path, string_at(term, "topologyKey"));
}

void validate_pod_affinity(Errors& errors, const FieldPath& path, const Value& affinity) {
  const codec::Array& required = items_at(affinity, kRequired);
  FieldPath required_path = path.child(kRequired);
  for (std::size_t i = 0; i < required.size(); ++i) validate_pod_affinity_term(errors, required_path.at(i), required[i]);
  const codec::Array& preferred = items_at(affinity, kPreferred);
  FieldPath preferred_path = path.child(kPreferred);
  for (std::size_t i = 0; i < preferred.size(); ++i) {
    FieldPath here = preferred_path.at(i);
    check_weight(errors, here, preferred[i]);
    if (const Value* term = object_at(preferred[i], "podAffinityTerm"))
      validate_pod_affinity_term(errors, here.child("podAffinityTerm"), *term);
  }
}

void validate_spread(Errors& errors, const FieldPath& path, const Value& spec) {
  const codec::Array& spreads = items_at(spec, "topologySpreadConstraints");
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (std::size_t i = 0; i < spreads.size(); ++i) {
    const Value& spread = spreads[i];
    FieldPath here = path.at(i);
    std::string_view key = string_at(spread, "topologyKey");
    std::string_view otherwise = string_at(spread, "whenUnsatisfiable");
    std::int64_t skew = codec::int_at(spread, "maxSkew").value_or(0);
    if (skew <= 0) add_invalid(errors, here.child("maxSkew"), Value(skew), "must be greater than zero");
    check_topology_key(errors, here, key);
    if (!seen.emplace(key, otherwise).second)
      add_duplicate(errors, here.child("{topologyKey, whenUnsatisfiable}"), fmt::format("{{{}, {}}}", key, otherwise));
    if (std::optional<std::int64_t> domains = codec::int_at(spread, "minDomains")) {
      if (*domains <= 0) add_invalid(errors, here.child("minDomains"), Value(*domains), "must be greater than zero");
      if (otherwise != "DoNotSchedule")
        add_invalid(errors, here.child("minDomains"), Value(*domains),
                    fmt::format("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}", otherwise));
    }
    check_label_keys(errors, here, spread, "matchLabelKeys");
    meta::v1::check_selector(errors, here.child("labelSelector"), object_at(spread, "labelSelector"));
  }
}

void validate_gates(Errors& errors, const FieldPath& path, const Value& spec) {
  const codec::Array& gates = items_at(spec, "schedulingGates");
  FieldPath list = path.child("schedulingGates");
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < gates.size(); ++i) {
    std::string_view name = string_at(gates[i], "name");
    check_given_name(errors, list.at(i), name, qualified_name_errors);
    if (!seen.insert(name).second) add_duplicate(errors, list.at(i), name);
  }
  const codec::Array& readiness = items_at(spec, "readinessGates");
  FieldPath readiness_path = path.child("readinessGates");
  for (std::size_t i = 0; i < readiness.size(); ++i)
    check_given_name(errors, readiness_path.at(i).child("conditionType"), string_at(readiness[i], "conditionType"),
                     qualified_name_errors);
}

}  // namespace

void validate_tolerations(Errors& errors, const FieldPath& path, const Value& spec) {
  const codec::Array& tolerations = items_at(spec, "tolerations");
  for (std::size_t i = 0; i < tolerations.size(); ++i) {
    const Value& toleration = tolerations[i];
    FieldPath here = path.at(i);
    std::string_view key = string_at(toleration, "key");
    std::string_view op = string_at(toleration, "operator");
    std::string_view value = string_at(toleration, "value");
    meta::v1::check_name(errors, here.child("key"), key, qualified_name_errors);
    if (key.empty() && op != "Exists")
      add_invalid(errors, here.child("operator"), Value(op),
                  "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
    if (codec::int_at(toleration, "tolerationSeconds") && string_at(toleration, "effect") != "NoExecute")
      add_invalid(errors, here.child("effect"), Value(string_at(toleration, "effect")),
                  "effect must be 'NoExecute' when `tolerationSeconds` is set");
    if (op == "Exists" && !value.empty())
      add_invalid(errors, here.child("operator"), toleration, "value must be empty when `operator` is 'Exists'");
    if ((op.empty() || op == "Equal") && !value.empty()) {
      std::vector<std::string> problems = label_value_errors(value);
      if (!problems.empty()) add_invalid(errors, here.child("operator"), Value(value), meta::v1::join(problems, ";"));
    }
    if (op == "Lt" || op == "Gt") {
      std::int64_t number = 0;
      auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (error != std::errc() || end != value.data() + value.size())
        add_invalid(errors, here.child("value"), Value(value),
                    "value must be a valid 64-bit integer when `operator` is 'Lt' or 'Gt'");
    }
  }
}

void validate_node_selector(Errors& errors, const FieldPath& path, const Value* selector) {
  if (selector == nullptr) return;
  const codec::Array& terms = items_at(*selector, "nodeSelectorTerms");
  FieldPath list = path.child("nodeSelectorTerms");
  if (terms.empty()) return add_required(errors, list, "must have at least one node selector term");
  for (std::size_t i = 0; i < terms.size(); ++i) validate_term(errors, list.at(i), terms[i], LabelValues::Checked);
}

void validate_scheduling(Errors& errors, const FieldPath& path, const Value& spec) {
  meta::v1::check_labels(errors, path.child("nodeSelector"), find(spec, "nodeSelector"));
  if (const Value* affinity = object_at(spec, "affinity")) {
    FieldPath here = path.child("affinity");
    if (const Value* nodes = object_at(*affinity, "nodeAffinity"))
      validate_node_affinity(errors, here.child("nodeAffinity"), *nodes);
    for (std::string_view member : {"podAffinity", "podAntiAffinity"})
      if (const Value* pods = object_at(*affinity, member)) validate_pod_affinity(errors, here.child(member), *pods);
  }
  validate_tolerations(errors, path.child("tolerations"), spec);
  validate_spread(errors, path.child("topologySpreadConstraints"), spec);
  validate_gates(errors, path, spec);
}

}  // namespace charon::core::v1
