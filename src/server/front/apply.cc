// The options of a write, and the body of an apply.
#include "codec/tree.h"
#include "codec/yaml.h"
#include "net/http.h"
#include "net/query_flag.h"
#include "server/front/call.h"
#include "server/managed_fields/manager_name.h"
#include "server/request_options.h"
#include "server/strict_errors.h"

namespace charon::server {
namespace {

std::optional<bool> force_of(std::string_view query) { return net::query_flag(query, "force"); }

}  // namespace

bool Front::Call::is_apply() const {
  if (route.request.verb != "patch") return false;
  return media_type(head.headers.get("content-type")) == "application/apply-patch+yaml";
}

void Front::Call::name_manager() {
  if (request().field_manager.empty() && !is_apply())
    request().field_manager = manager_of_user_agent(head.headers.get("user-agent"));
}

Result<void> Front::check_write_options(const Call& call) const {
  using Kind = schema::FieldError::Kind;
  const Request& request = call.route.request;
  schema::FieldErrors errors;
  bool patch = request.verb == "patch";
  if (patch && call.is_apply()) {
    if (request.field_manager.empty()) errors.push_back({Kind::Required, "fieldManager", "", "is required for apply patch"});
  } else if (patch && force_of(call.query())) {
    errors.push_back({Kind::Forbidden, "force", "", "may not be specified for non-apply patch"});
  }
  validate_manager_name(request.field_manager, "fieldManager", errors);
  validate_dry_run(net::query_values(call.query(), "dryRun"), errors);
  validate_field_validation(net::query_value(call.query(), "fieldValidation").value_or(""), errors);
  if (errors.empty()) return {};
  return fail(invalid_options(patch ? "PatchOptions" : request.verb == "create" ? "CreateOptions" : "UpdateOptions", errors));
}

ApplyOptions Front::apply_options(const Call& call) const {
  ApplyOptions options;
  if (force_of(call.query()).value_or(false)) options.force = schema::apply::Force::Yes;
  options.may_create = [this, &call] { return may_create(call); };
  return options;
}

Result<void> Front::may_create(const Call& call) const {
  Request create = call.route.request;
  create.verb = "create";
  Attributes attributes = attributes_of(create);
  if (Decision decision = authorizer_.authorize(attributes); !decision.allowed) return fail(forbidden(attributes, decision));
  return {};
}

// YAML, or JSON, which most clients send.
Result<codec::Value> Front::read_apply(Call& call, std::string_view body) const {
  codec::YamlNotes notes;
  auto config = codec::parse_yaml(body, &notes);
  if (!config) return fail(bad_request("error decoding YAML: " + config.error().message));
  if (call.audit) call.audit->set_request(*config);
  StrictErrors errors;
  errors.add(notes);
  TRY(judge(errors, call.request().field_validation, &call.warnings, [](const std::string& text) {
    return bad_request("error strict decoding YAML: error converting YAML to JSON: " + text);
  }));
  return config;
}

}  // namespace charon::server
