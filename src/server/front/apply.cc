// What the query and the body of a write say about field managers, and the body of an apply.
#include "codec/json.h"
#include "codec/tree.h"
#include "codec/yaml.h"
#include "net/query_flag.h"
#include "server/front/call.h"
#include "server/managed_fields/manager_name.h"

namespace charon::server {
namespace {

std::optional<bool> force_of(std::string_view query) { return net::query_flag(query, "force"); }

}  // namespace

bool Front::Call::is_apply() const {
  if (route.request.verb != "patch") return false;
  std::string_view type = head.headers.get("content-type");
  return type.substr(0, type.find(';')) == "application/apply-patch+yaml";
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
  if (errors.empty()) return {};
  std::string_view kind = patch ? "PatchOptions" : request.verb == "create" ? "CreateOptions" : "UpdateOptions";
  return fail(schema::invalid_error(kind, "meta.k8s.io", "", errors));
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
  std::size_t start = body.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || body[start] != '{') {
    auto config = codec::parse_yaml(body);
    if (!config) return fail(bad_request("error decoding YAML: " + config.error().message));
    if (call.audit) call.audit->set_request(*config);
    return config;
  }
  codec::JsonNotes notes;
  auto config = codec::parse_json(body, &notes);
  if (!config) config = codec::parse_yaml(body);  // a flow mapping
  if (!config) return fail(bad_request("error decoding YAML: " + config.error().message));
  for (const std::string& path : notes.duplicate_fields) {
    std::string text = "duplicate field \"" + path + "\"";
    FieldValidation validation = call.route.request.field_validation;
    if (validation == FieldValidation::Strict) return fail(bad_request("error strict decoding YAML: " + text));
    if (validation == FieldValidation::Warn) call.warnings.push_back(std::move(text));
  }
  if (call.audit) call.audit->set_request(*config);
  return config;
}

}  // namespace charon::server
