#include <string>
#include <string_view>

#include "api/flowcontrol/v1/policy_rules.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/conditions.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"

namespace charon::flowcontrol::v1 {

using codec::find_path;
using codec::string_at;
using codec::Value;
using meta::v1::add_invalid;
using meta::v1::FieldPath;

namespace {

constexpr int kLastPrecedence = 10000;

void cells_of(const Value& schema, Time, codec::Array& cells) {
  std::string_view dangling = "?";
  for (const Value& condition : meta::v1::items_of(find_path(schema, {"status", "conditions"})))
    if (string_at(condition, "type") == "Dangling") dangling = string_at(condition, "status");
  meta::v1::add_cell(cells, meta::v1::text_or(codec::string_at_path(schema, {"spec", "distinguisherMethod", "type"})));
  meta::v1::add_cell(cells, dangling);
}

// What these schemas are cannot be changed: without the one the system could lock itself out, without the other there
// would be requests that match nothing.
bool is_mandatory(std::string_view name) { return name == "exempt" || name == "catch-all"; }

Value mandatory_spec(std::string_view name) {
  codec::Object everything_of_resources{
      {"verbs", {"*"}}, {"apiGroups", {"*"}}, {"resources", {"*"}}, {"clusterScope", true}, {"namespaces", {"*"}}};
  codec::Object everything_else{{"verbs", {"*"}}, {"nonResourceURLs", {"*"}}};
  auto group = [](std::string_view of) { return codec::Object{{"kind", "Group"}, {"group", {{"name", of}}}}; };
  codec::Object rule;
  rule["subjects"] = name == "exempt" ? codec::Array{group("system:masters")}
                                      : codec::Array{group("system:unauthenticated"), group("system:authenticated")};
  rule["resourceRules"] = codec::Array{everything_of_resources};
  rule["nonResourceRules"] = codec::Array{everything_else};
  codec::Object spec{{"priorityLevelConfiguration", {{"name", name}}}, {"rules", codec::Array{rule}}};
  spec["matchingPrecedence"] = name == "exempt" ? 1 : kLastPrecedence;
  if (name == "catch-all") spec["distinguisherMethod"] = {{"type", "ByUser"}};
  return spec;
}

void validate_precedence(meta::v1::Errors& errors, const FieldPath& path, std::int64_t precedence, std::string_view name) {
  if (precedence <= 0) add_invalid(errors, path, Value(precedence), "must be a positive value");
  if (precedence > kLastPrecedence)
    add_invalid(errors, path, Value(precedence), "must not be greater than " + std::to_string(kLastPrecedence));
  if (precedence == 1 && name != "exempt")
    add_invalid(errors, path, Value(precedence), "only the schema named 'exempt' may have matchingPrecedence 1");
}

void validate_spec(meta::v1::Errors& errors, const FieldPath& path, const Value& spec, std::string_view name) {
  validate_precedence(errors, path.child("matchingPrecedence"), codec::int_at(spec, "matchingPrecedence").value_or(0), name);
  FieldPath method = path.child("distinguisherMethod");
  if (const Value* given = meta::v1::object_at(spec, "distinguisherMethod")) {
    std::string_view type = string_at(*given, "type");
    if (type != "ByUser" && type != "ByNamespace")
      meta::v1::add_not_supported(errors, method.child("type"), type, {"ByNamespace", "ByUser"});
  }
  FieldPath level = path.child("priorityLevelConfiguration");
  std::string_view level_name = codec::string_at_path(spec, {"priorityLevelConfiguration", "name"});
  if (level_name.empty()) meta::v1::add_required(errors, level.child("name"), "must reference a priority level");
  meta::v1::check_name(errors, level.child("name"), level_name, dns1123_subdomain_errors);
  FieldPath list = path.child("rules");
  const codec::Array& rules = meta::v1::items_at(spec, "rules");
  for (std::size_t i = 0; i < rules.size(); ++i) validate_policy_rules(errors, list.at(i), rules[i]);
}

void validate(const Value& schema, const model::WriteContext& context, meta::v1::Errors& errors) {
  static const Value kNothing = codec::Object();
  FieldPath status("status");
  meta::v1::check_condition_types(errors, status.child("conditions"),
                                  meta::v1::items_of(find_path(schema, {"status", "conditions"})));
  if (context.subresource == "status") return;
  FieldPath path("spec");
  const Value* given = codec::find(schema, "spec");
  const Value& spec = given == nullptr ? kNothing : *given;
  std::string_view name = codec::string_at_path(schema, {"metadata", "name"});
  validate_spec(errors, path, spec, name);
  if (is_mandatory(name) && !codec::equal(spec, mandatory_spec(name)))
    add_invalid(errors, path, spec, "spec of '" + std::string(name) + "' must equal the fixed value");
}

}  // namespace

const model::KindRules flow_schema_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::flowcontrol::v1
