#include "api/batch/v1/job_validation.h"

#include <set>
#include <string>

#include "api/core/v1/pod_validation.h"
#include "api/meta/v1/cells.h"
#include "base/names.h"
#include "codec/tree.h"

namespace charon::batch::v1 {

using codec::string_at;
using codec::Value;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;
using meta::v1::object_at;

namespace {

constexpr std::size_t kMaxRules = 20;
constexpr std::size_t kMaxExitCodes = 255;
constexpr std::int64_t kMaxIndexedParallelism = 100000;

std::set<std::string_view> container_names(const Value& spec) {
  std::set<std::string_view> names;
  for (std::string_view list : {"containers", "initContainers"})
    for (const Value& container : meta::v1::items_of(codec::find_path(spec, {"template", "spec", list})))
      names.insert(string_at(container, "name"));
  return names;
}

void validate_exit_codes(Errors& errors, const FieldPath& path, const Value& codes, const Value& spec) {
  std::string_view op = string_at(codes, "operator");
  if (op.empty()) add_required(errors, path.child("operator"), "valid values: [\"In\" \"NotIn\"]");
  if (meta::v1::is_present(codes, "containerName") && !container_names(spec).contains(string_at(codes, "containerName")))
    add_invalid(errors, path.child("containerName"), *codec::find(codes, "containerName"),
                "must be one of the container or initContainer names in the pod template");
  const codec::Array& values = items_at(codes, "values");
  FieldPath list = path.child("values");
  if (values.empty()) return add_invalid(errors, list, Value(values), "at least one value is required");
  if (values.size() > kMaxExitCodes) return meta::v1::add_too_many(errors, list, values.size(), kMaxExitCodes);
  std::set<std::int64_t> seen;
  bool ordered = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::int64_t code = values[i].is_int64() ? values[i].get_int64() : 0;
    if (op == "In" && code == 0) add_invalid(errors, list.at(i), values[i], "must not be 0 for the In operator");
    ordered = ordered && (seen.empty() || *seen.rbegin() <= code);
    if (!seen.insert(code).second)
      errors.push_back({schema::FieldError::Kind::Duplicate, list.at(i).text(), std::to_string(code), ""});
  }
  if (!ordered) add_invalid(errors, list, Value(values), "must be ordered");
}

void validate_conditions(Errors& errors, const FieldPath& path, const codec::Array& conditions) {
  if (conditions.size() > kMaxRules) return meta::v1::add_too_many(errors, path, conditions.size(), kMaxRules);
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    FieldPath here = path.at(i);
    meta::v1::check_given_name(errors, here.child("type"), string_at(conditions[i], "type"), qualified_name_errors);
    std::string_view status = string_at(conditions[i], "status");
    if (status.empty())
      add_required(errors, here.child("status"), "valid values: [\"False\" \"True\" \"Unknown\"]");
    else if (status != "True" && status != "False" && status != "Unknown")
      meta::v1::add_not_supported(errors, here.child("status"), status, {"False", "True", "Unknown"});
  }
}

void validate_failure_policy(Errors& errors, const FieldPath& path, const Value& policy, const Value& spec) {
  const codec::Array& rules = items_at(policy, "rules");
  FieldPath list = path.child("rules");
  if (rules.size() > kMaxRules) return meta::v1::add_too_many(errors, list, rules.size(), kMaxRules);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    FieldPath here = list.at(i);
    std::string_view action = string_at(rules[i], "action");
    if (action.empty())
      add_required(errors, here.child("action"), "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
    if (action == "FailIndex" && !codec::int_at(spec, "backoffLimitPerIndex"))
      add_invalid(errors, here.child("action"), Value(action), "requires the backoffLimitPerIndex to be set");
    const Value* codes = object_at(rules[i], "onExitCodes");
    const codec::Array& conditions = items_at(rules[i], "onPodConditions");
    if (codes != nullptr) validate_exit_codes(errors, here.child("onExitCodes"), *codes, spec);
    validate_conditions(errors, here.child("onPodConditions"), conditions);
    if (codes != nullptr && !conditions.empty())
      add_invalid(errors, here, rules[i], "specifying both OnExitCodes and OnPodConditions is not supported");
    if (codes == nullptr && conditions.empty())
      add_invalid(errors, here, rules[i], "specifying one of OnExitCodes and OnPodConditions is required");
  }
}

void validate_success_policy(Errors& errors, const FieldPath& path, const Value& policy) {
  const codec::Array& rules = items_at(policy, "rules");
  FieldPath list = path.child("rules");
  if (rules.empty())
    return add_required(errors, list, "at least one rules must be specified when the successPolicy is specified");
  if (rules.size() > kMaxRules) meta::v1::add_too_many(errors, list, rules.size(), kMaxRules);
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (!meta::v1::is_present(rules[i], "succeededCount") && !meta::v1::is_present(rules[i], "succeededIndexes"))
      add_required(errors, list.at(i), "at least one of succeededCount or succeededIndexes must be specified");
}

// "acme.io/foo".
bool is_domain_prefixed(std::string_view text) {
  std::size_t slash = text.find('/');
  return slash != text.npos && slash + 1 < text.size() && dns1123_subdomain_errors(text.substr(0, slash)).empty() &&
         text.find_first_of(" ?#") == text.npos;
}

void validate_managed_by(Errors& errors, const FieldPath& path, const Value& spec) {
  constexpr std::size_t kMaxBytes = 63;
  if (!meta::v1::is_present(spec, "managedBy")) return;
  std::string_view name = string_at(spec, "managedBy");
  if (!is_domain_prefixed(name))
    add_invalid(errors, path, Value(name), "must be a domain-prefixed path (such as \"acme.io/foo\")");
  if (name.size() > kMaxBytes) meta::v1::add_too_long(errors, path, kMaxBytes);
}

}  // namespace

void validate_job_spec(Errors& errors, const FieldPath& path, const Value* spec) {
  if (spec == nullptr || !spec->is_object()) return;
  bool indexed = string_at(*spec, "completionMode") == "Indexed";
  std::optional<std::int64_t> per_index = codec::int_at(*spec, "backoffLimitPerIndex");
  if (indexed && !codec::int_at(*spec, "completions"))
    add_required(errors, path.child("completions"), "when completion mode is Indexed");
  std::int64_t parallelism = codec::int_at(*spec, "parallelism").value_or(0);
  if (indexed && parallelism > kMaxIndexedParallelism)
    add_invalid(errors, path.child("parallelism"), Value(parallelism),
                "must be less than or equal to 100000 when completion mode is Indexed");
  if (per_index && !indexed)
    add_invalid(errors, path.child("backoffLimitPerIndex"), Value(*per_index), "requires indexed completion mode");
  if (codec::int_at(*spec, "maxFailedIndexes") && !per_index)
    add_required(errors, path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
  validate_managed_by(errors, path.child("managedBy"), *spec);
  const Value* failure = object_at(*spec, "podFailurePolicy");
  if (failure != nullptr) validate_failure_policy(errors, path.child("podFailurePolicy"), *failure, *spec);
  if (failure != nullptr && string_at(*spec, "podReplacementPolicy") == "TerminatingOrFailed")
    meta::v1::add_not_supported(errors, path.child("podReplacementPolicy"), "TerminatingOrFailed", {"Failed"});
  if (const Value* success = object_at(*spec, "successPolicy")) {
    if (indexed)
      validate_success_policy(errors, path.child("successPolicy"), *success);
    else
      add_invalid(errors, path.child("successPolicy"), *success, "requires indexed completion mode");
  }
  FieldPath pod_template = path.child("template");
  core::v1::validate_template(errors, pod_template, codec::find(*spec, "template"), {"Job", false});
  FieldPath pod = pod_template.child("spec");
  std::string_view restart = codec::string_at_path(*spec, {"template", "spec", "restartPolicy"});
  if (restart == "Always")
    add_required(errors, pod.child("restartPolicy"), "valid values: \"OnFailure\", \"Never\"");
  else if (failure != nullptr && restart != "Never")
    add_invalid(errors, pod.child("restartPolicy"), Value(restart),
                "only \"Never\" is supported when podFailurePolicy is specified");
}

}  // namespace charon::batch::v1
