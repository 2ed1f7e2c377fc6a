#include "api/admissionregistration/v1/policy_validation.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "api/admissionregistration/v1/webhook_validation.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/conditions.h"
#include "base/names.h"
#include "codec/tree.h"

namespace charon::admissionregistration::v1 {

using codec::find;
using codec::find_path;
using codec::string_at;
using codec::Value;
using meta::v1::add_duplicate;
using meta::v1::add_forbidden;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;
using meta::v1::object_at;

namespace {

constexpr std::size_t kAnnotations = 20;
constexpr std::size_t kAnnotationBytes = 5 << 10;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r\f\v";
  std::size_t from = text.find_first_not_of(kSpace);
  return from == text.npos ? std::string_view() : text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

bool is_identifier(std::string_view name) {
  constexpr std::string_view kReserved[] = {"true",     "false",   "null",      "in",       "as",  "break",  "const",
                                            "continue", "else",    "for",       "function", "if",  "import", "let",
                                            "loop",     "package", "namespace", "return",   "var", "void",   "while"};
  auto letter = [](unsigned char c) { return std::isalpha(c) != 0 || c == '_'; };
  auto rest = [&](unsigned char c) { return letter(c) || std::isdigit(c) != 0; };
  return !name.empty() && letter(name.front()) && std::ranges::all_of(name, rest) &&
         std::ranges::find(kReserved, name) == std::end(kReserved);
}

std::string joined(const std::vector<std::string>& problems) { return meta::v1::join(problems, ","); }

void check_version(Errors& errors, const FieldPath& path, std::string_view api_version) {
  if (api_version.empty()) return add_required(errors, path);
  std::size_t slash = api_version.find('/');
  std::string_view group = slash == api_version.npos ? std::string_view() : api_version.substr(0, slash);
  std::string_view version = slash == api_version.npos ? api_version : api_version.substr(slash + 1);
  if (version.contains('/'))
    return add_invalid(errors, path, Value(api_version), "unexpected GroupVersion string: " + std::string(api_version));
  if (std::vector<std::string> problems = dns1123_subdomain_errors(group); !group.empty() && !problems.empty())
    add_invalid(errors, path, Value(group), joined(problems));
  if (version.empty()) return add_invalid(errors, path, Value(api_version), "version must be specified");
  if (std::vector<std::string> problems = dns1035_label_errors(version); !problems.empty())
    add_invalid(errors, path, Value(version), joined(problems));
}

void validate_param_kind(Errors& errors, const FieldPath& path, const Value& kind) {
  check_version(errors, path.child("apiVersion"), string_at(kind, "apiVersion"));
  std::string name(string_at(kind, "kind"));
  if (name.empty()) return add_required(errors, path.child("kind"));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (std::vector<std::string> problems = dns1035_label_errors(name); !problems.empty())
    add_invalid(errors, path.child("kind"), Value(string_at(kind, "kind")),
                "may have mixed case, but should otherwise match: " + joined(problems));
}

void validate_resources(Errors& errors, const FieldPath& path, const Value& resources) {
  for (std::string_view selector : {"namespaceSelector", "objectSelector"})
    meta::v1::check_selector(errors, path.child(selector), find(resources, selector));
  for (std::string_view member : {"resourceRules", "excludeResourceRules"}) {
    FieldPath list = path.child(member);
    const codec::Array& rules = items_at(resources, member);
    for (std::size_t i = 0; i < rules.size(); ++i) {
      FieldPath here = list.at(i);
      FieldPath names_path = here.child("resourceNames");
      const codec::Array& names = items_at(rules[i], "resourceNames");
      std::set<std::string> seen;
      for (std::size_t k = 0; k < names.size(); ++k) {
        std::string name = meta::v1::scalar_text(&names[k]);
        meta::v1::check_given_name(errors, names_path.at(k), name, path_segment_errors);
        if (!seen.insert(name).second) add_duplicate(errors, names_path.at(k), name);
      }
      validate_rule(errors, here, rules[i]);
    }
  }
}

void validate_variables(Errors& errors, const FieldPath& path, const codec::Array& variables) {
  for (std::size_t i = 0; i < variables.size(); ++i) {
    FieldPath here = path.at(i);
    std::string_view name = string_at(variables[i], "name");
    if (trimmed(name).empty())
      add_required(errors, here.child("name"), "name is not specified");
    else if (!is_identifier(name))
      add_invalid(errors, here.child("name"), Value(name), "name is not a valid CEL identifier");
    if (trimmed(string_at(variables[i], "expression")).empty())
      add_required(errors, here.child("expression"), "expression is not specified");
  }
}

// What both kinds of policy say.
void validate_policy(Errors& errors, const FieldPath& path, const Value& spec) {
  if (const Value* kind = object_at(spec, "paramKind")) validate_param_kind(errors, path.child("paramKind"), *kind);
  FieldPath constraints_path = path.child("matchConstraints");
  if (const Value* constraints = object_at(spec, "matchConstraints")) {
    validate_resources(errors, constraints_path, *constraints);
    if (items_at(*constraints, "resourceRules").empty()) add_required(errors, constraints_path.child("resourceRules"));
  } else {
    add_required(errors, constraints_path);
  }
  validate_match_conditions(errors, path.child("matchConditions"), spec);
  validate_variables(errors, path.child("variables"), items_at(spec, "variables"));
}

void validate_validation(Errors& errors, const FieldPath& path, const Value& validation) {
  constexpr std::string_view kReasons[] = {"Forbidden", "Invalid", "RequestEntityTooLarge"};
  if (trimmed(string_at(validation, "expression")).empty())
    add_required(errors, path.child("expression"), "expression is not specified");
  std::string_view expression = string_at(validation, "messageExpression");
  if (!expression.empty() && trimmed(expression).empty())
    add_invalid(errors, path.child("messageExpression"), Value(expression), "must be non-empty if specified");
  std::string_view message = string_at(validation, "message");
  if (!message.empty() && trimmed(message).empty())
    add_invalid(errors, path.child("message"), Value(message), "message must be non-empty if specified");
  else if (trimmed(message).find_first_of("\r\n") != message.npos)
    add_invalid(errors, path.child("message"), Value(message), "message must not contain line breaks");
  std::string_view reason = string_at(validation, "reason");
  if (!reason.empty() && std::ranges::find(kReasons, reason) == std::end(kReasons))
    meta::v1::add_not_supported(errors, path.child("reason"), reason, {"Forbidden", "Invalid", "RequestEntityTooLarge"});
}

void validate_annotations(Errors& errors, const FieldPath& path, const Value& spec, std::string_view policy) {
  const codec::Array& annotations = items_at(spec, "auditAnnotations");
  if (annotations.size() > kAnnotations)
    add_invalid(errors, path, Value(annotations),
                "must not have more than " + std::to_string(kAnnotations) + " auditAnnotations");
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < annotations.size(); ++i) {
    FieldPath here = path.at(i);
    std::string_view key = string_at(annotations[i], "key");
    meta::v1::check_given_name(errors, here.child("key"), std::string(policy) + "/" + std::string(key), qualified_name_errors);
    std::string_view value = trimmed(string_at(annotations[i], "valueExpression"));
    if (value.empty())
      add_required(errors, here.child("valueExpression"), "valueExpression is not specified");
    else if (value.size() > kAnnotationBytes)
      add_required(errors, here.child("valueExpression"),
                   "must not exceed " + std::to_string(kAnnotationBytes) + " bytes in length");
    if (!keys.insert(key).second) add_duplicate(errors, here.child("key"), key);
  }
}

void validate_policy_status(Errors& errors, const Value& policy) {
  FieldPath status("status");
  FieldPath checking = status.child("typeChecking");
  FieldPath list = checking.child("expressionWarnings");
  const codec::Array& warnings = meta::v1::items_of(find_path(policy, {"status", "typeChecking", "expressionWarnings"}));
  for (std::size_t i = 0; i < warnings.size(); ++i) {
    FieldPath here = list.at(i);
    if (string_at(warnings[i], "warning").empty()) add_required(errors, here.child("warning"));
    if (trimmed(string_at(warnings[i], "fieldRef")).empty()) add_required(errors, here.child("fieldRef"));
  }
  meta::v1::check_conditions(errors, status.child("conditions"),
                             meta::v1::items_of(find_path(policy, {"status", "conditions"})));
}

void validate_param_ref(Errors& errors, const FieldPath& path, const Value& ref) {
  std::string_view name = string_at(ref, "name");
  const Value* selector = object_at(ref, "selector");
  constexpr std::string_view kBoth = "name and selector are mutually exclusive";
  meta::v1::check_name(errors, path.child("name"), name, path_segment_errors);
  if (!name.empty() && selector != nullptr) add_forbidden(errors, path.child("name"), kBoth);
  meta::v1::check_selector(errors, path.child("selector"), selector);
  if (!name.empty() && selector != nullptr) add_forbidden(errors, path.child("selector"), kBoth);
  if (name.empty() && selector == nullptr) add_required(errors, path, "one of name or selector must be specified");
  std::string_view action = string_at(ref, "parameterNotFoundAction");
  FieldPath place = path.child("parameterNotFoundAction");
  if (action.empty())
    add_required(errors, place);
  else if (action != "Deny" && action != "Allow")
    meta::v1::add_not_supported(errors, place, action, {"Deny", "Allow"});
}

const Value& spec_of(const Value& object) {
  static const Value kNothing = codec::Object();
  const Value* spec = object_at(object, "spec");
  return spec == nullptr ? kNothing : *spec;
}

void validate_binding(Errors& errors, const FieldPath& path, const Value& spec) {
  std::string_view policy = string_at(spec, "policyName");
  if (policy.empty()) add_required(errors, path.child("policyName"));
  meta::v1::check_name(errors, path.child("policyName"), policy, dns1123_subdomain_errors);
  if (const Value* ref = object_at(spec, "paramRef")) validate_param_ref(errors, path.child("paramRef"), *ref);
  if (const Value* resources = object_at(spec, "matchResources"))
    validate_resources(errors, path.child("matchResouces"), *resources);  // as Kubernetes' errors call it
}

void validate_mutation(Errors& errors, const FieldPath& path, const Value& mutation) {
  struct Form {
    std::string_view type;
    std::string_view member;
  };
  constexpr Form kForms[] = {{"ApplyConfiguration", "applyConfiguration"}, {"JSONPatch", "jsonPatch"}};
  std::string_view type = string_at(mutation, "patchType");
  if (type.empty()) return add_required(errors, path.child("patchType"));
  for (const Form& form : kForms) {
    FieldPath place = path.child(form.member);
    const Value* given = object_at(mutation, form.member);
    if (form.type != type) {
      if (given != nullptr) add_invalid(errors, place, *given, "must not be specified when patchType is " + std::string(type));
    } else if (given == nullptr) {
      add_required(errors, place, "must be specified when patchType is " + std::string(type));
    } else if (trimmed(string_at(*given, "expression")).empty()) {
      add_required(errors, place.child("expression"), "expression is not specified");
    }
  }
}

}  // namespace

void validate_validating_policy(const Value& policy, const model::WriteContext& context, Errors& errors) {
  if (context.subresource == "status") return validate_policy_status(errors, policy);
  const Value& spec = spec_of(policy);
  FieldPath path("spec");
  validate_policy(errors, path, spec);
  const codec::Array& validations = items_at(spec, "validations");
  if (validations.empty() && items_at(spec, "auditAnnotations").empty()) {
    constexpr std::string_view kOne = "validations or auditAnnotations must contain at least one item";
    add_required(errors, path.child("validations"), kOne);
    return add_required(errors, path.child("auditAnnotations"), kOne);
  }
  FieldPath list = path.child("validations");
  for (std::size_t i = 0; i < validations.size(); ++i) validate_validation(errors, list.at(i), validations[i]);
  validate_annotations(errors, path.child("auditAnnotations"), spec, codec::string_at_path(policy, {"metadata", "name"}));
}

void validate_mutating_policy(const Value& policy, const model::WriteContext&, Errors& errors) {
  const Value& spec = spec_of(policy);
  FieldPath path("spec");
  validate_policy(errors, path, spec);
  FieldPath list = path.child("mutations");
  const codec::Array& mutations = items_at(spec, "mutations");
  if (mutations.empty()) add_required(errors, list, "mutations must contain at least one item");
  for (std::size_t i = 0; i < mutations.size(); ++i) validate_mutation(errors, list.at(i), mutations[i]);
}

void validate_validating_binding(const Value& binding, const model::WriteContext&, Errors& errors) {
  const Value& spec = spec_of(binding);
  FieldPath path("spec");
  validate_binding(errors, path, spec);
  FieldPath list = path.child("validationActions");
  const codec::Array& actions = items_at(spec, "validationActions");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < actions.size(); ++i)
    if (std::string action = meta::v1::scalar_text(&actions[i]); !seen.insert(action).second)
      add_duplicate(errors, list.at(i), action);
  if (seen.contains("Deny") && seen.contains("Warn"))
    add_invalid(errors, list, Value(actions),
                "must not contain both Deny and Warn (repeating the same validation failure information in the API response "
                "and headers serves no purpose)");
  if (seen.empty()) add_required(errors, list, "at least one validation action is required");
}

void validate_mutating_binding(const Value& binding, const model::WriteContext&, Errors& errors) {
  validate_binding(errors, FieldPath("spec"), spec_of(binding));
}

}  // namespace charon::admissionregistration::v1
