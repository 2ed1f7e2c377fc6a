#include "server/admission/webhook/review.h"

#include <boost/json.hpp>

#include "api/admission/v1/types.h"
#include "base/bytes.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/convert.h"
#include "schema/patch.h"
#include "server/admission/webhook/match.h"
#include "server/status.h"
#include "server/webhook/caller.h"

namespace charon::server {
namespace {

using codec::Object;
using codec::Value;

constexpr int kBadRequestCode = 400;

Object version_kind(std::string_view api_version, std::string_view kind) {
  std::size_t slash = api_version.find('/');
  bool core = slash == std::string_view::npos;
  return {{"group", core ? std::string_view() : api_version.substr(0, slash)},
          {"version", core ? api_version : api_version.substr(slash + 1)},
          {"kind", kind}};
}

// Of a request without an object, and of one whose object is the resource's own, the resource's kind; else the object's.
Object kind_of(const model::Kind& kind, const Value* object) {
  std::string_view version = object == nullptr ? std::string_view() : codec::string_at(*object, "apiVersion");
  if (version.empty()) return version_kind(kind.gv.text(), kind.kind);
  return version_kind(version, codec::string_at(*object, "kind"));
}

Object resource_of(const model::Kind& kind) {
  return {{"group", kind.gv.group}, {"version", kind.gv.version}, {"resource", kind.plural}};
}

Object user_of(const User& user) {
  Object info{{"username", user.name}};
  if (!user.uid.empty()) info["uid"] = user.uid;
  if (!user.groups.empty()) info["groups"] = codec::Array(user.groups.begin(), user.groups.end());
  if (user.extra.empty()) return info;
  Object extra;
  for (const auto& [key, values] : user.extra) extra[key] = codec::Array(values.begin(), values.end());
  info["extra"] = std::move(extra);
  return info;
}

std::string_view name_of(client::Propagation propagation) {
  switch (propagation) {
    case client::Propagation::Background:
      return "Background";
    case client::Propagation::Foreground:
      return "Foreground";
    case client::Propagation::Orphan:
      return "Orphan";
    case client::Propagation::Default:
      break;
  }
  return {};
}

void add_delete_options(Object& options, const client::DeleteOptions& given) {
  if (given.grace_period_s) options["gracePeriodSeconds"] = *given.grace_period_s;
  Object preconditions;
  if (!given.uid.empty()) preconditions["uid"] = given.uid;
  if (!given.resource_version.empty()) preconditions["resourceVersion"] = given.resource_version;
  if (!preconditions.empty()) options["preconditions"] = std::move(preconditions);
  if (std::string_view policy = name_of(given.propagation); !policy.empty()) options["propagationPolicy"] = policy;
}

// CreateOptions, UpdateOptions, PatchOptions or DeleteOptions; connects have none.
Value options_of(const AdmissionReview& review) {
  const Request& request = *review.request;
  if (review.operation == Operation::Connect) return nullptr;
  std::string_view kind = review.operation == Operation::Create   ? "CreateOptions"
                          : review.operation == Operation::Delete ? "DeleteOptions"
                          : request.verb == "patch"               ? "PatchOptions"
                                                                  : "UpdateOptions";
  Object options{{"kind", kind}, {"apiVersion", "meta.k8s.io/v1"}};
  if (request.dry_run) {
    codec::Array all;
    all.emplace_back("All");
    options["dryRun"] = std::move(all);
  }
  if (review.operation == Operation::Delete) {
    if (review.delete_options != nullptr) add_delete_options(options, *review.delete_options);
    return options;
  }
  if (!request.field_manager.empty()) options["fieldManager"] = request.field_manager;
  if (request.field_validation == FieldValidation::Strict) options["fieldValidation"] = "Strict";
  if (request.field_validation == FieldValidation::Ignore) options["fieldValidation"] = "Ignore";
  return options;
}

// As Go prints a GroupVersionKind.
std::string text_of(std::string_view api_version, std::string_view kind) {
  std::string text(api_version);
  if (text.find('/') == std::string::npos) text = "/" + text;
  return text + ", Kind=" + std::string(kind);
}

Result<void> check_patch_members(const admission::v1::AdmissionResponse& response, const WebhookExpectation& expected) {
  bool patch = !response.patch.empty();
  bool type = response.patchType.has_value();
  if (expected.sort == WebhookSort::Validating) {
    if (patch) return fail(Reason::BadRequest, "validating webhook may not return response.patch");
    if (type) return fail(Reason::BadRequest, "validating webhook may not return response.patchType");
    return {};
  }
  if (patch && !type) return fail(Reason::BadRequest, "webhook returned response.patch but not response.patchType");
  if (!patch && type) return fail(Reason::BadRequest, "webhook returned response.patchType but not response.patch");
  if (type && response.patchType->empty())
    return fail(Reason::BadRequest, "webhook returned invalid response.patchType of \"\"");
  return {};
}

Result<void> check_answer(const admission::v1::AdmissionReview& review, std::string_view api_version, std::string_view kind,
                          const WebhookExpectation& expected) {
  if (!review.response) return fail(Reason::BadRequest, "webhook response was absent");
  if (expected.version != "v1") return {};
  if (review.response->uid != expected.uid)
    return fail(Reason::BadRequest,
                "expected response.uid=\"" + std::string(expected.uid) + "\", got \"" + review.response->uid + "\"");
  if (api_version != "admission.k8s.io/v1" || kind != "AdmissionReview")
    return fail(Reason::BadRequest,
                "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got " + text_of(api_version, kind));
  return check_patch_members(*review.response, expected);
}

Error denial_of(const std::string& webhook, const admission::v1::AdmissionResponse& response) {
  ForeignStatus status;
  StatusDetails details;
  std::string message = "admission webhook \"" + webhook + "\" denied the request";
  std::string why;
  if (response.status) {
    const meta::v1::Status& given = *response.status;
    status.code = given.code;
    status.reason = clipped(given.reason);
    why = clipped(given.message.empty() ? given.reason : given.message);
    if (given.details) {
      details.name = given.details->name;
      details.group = given.details->group;
      details.kind = given.details->kind;
      details.uid = given.details->uid;
      details.retry_after_s = given.details->retryAfterSeconds;
      std::size_t bytes = 0;
      for (const auto& cause : given.details->causes) {
        bytes += cause.reason.size() + cause.message.size() + cause.field.size() + 1;
        if (bytes > kWebhookTextBytes) break;
        details.causes.push_back({cause.reason, cause.message, cause.field});
      }
    }
  }
  if (status.code < kBadRequestCode || status.code > 599) status.code = kBadRequestCode;
  message += why.empty() ? " without explanation" : ": " + why;
  return foreign_error(std::move(status), std::move(message), std::move(details));
}

std::vector<std::string> bounded(std::vector<std::string> warnings) {
  std::size_t bytes = 0;
  std::vector<std::string> kept;
  for (std::string& warning : warnings) {
    bytes += warning.size() + 1;
    if (bytes > kWebhookWarningBytes) break;
    kept.push_back(std::move(warning));
  }
  return kept;
}

Result<std::optional<Value>> patch_of(const admission::v1::AdmissionResponse& response) {
  if (response.patch.empty()) return std::nullopt;
  auto patch = codec::parse_json(response.patch);
  if (!patch || !patch->is_array())
    return fail(Reason::BadRequest, "received undecodable patch in webhook response: " +
                                        (patch ? std::string("json: cannot unmarshal into Go value of type jsonpatch.Patch")
                                               : patch.error().message));
  if (patch->get_array().empty()) return std::nullopt;
  if (response.patchType.value_or("JSONPatch") != "JSONPatch")
    return fail(Reason::BadRequest, "unsupported patch type \"" + *response.patchType + "\"");
  return std::optional<Value>(std::move(*patch));
}

}  // namespace

std::string write_review(const WebhookReview& sent, const AdmissionReview& review) {
  const Request& request = *review.request;
  Object body{{"uid", sent.uid},
              {"kind", kind_of(*sent.kind, sent.object)},
              {"resource", resource_of(*sent.kind)},
              {"requestKind", kind_of(*request.kind, review.object)},
              {"requestResource", resource_of(*request.kind)}};
  if (!request.subresource.empty()) {
    body["subResource"] = request.subresource;
    body["requestSubResource"] = request.subresource;
  }
  if (!request.name.empty()) body["name"] = request.name;
  if (std::string_view ns = namespace_of(request); !ns.empty()) body["namespace"] = ns;
  body["operation"] = operation_name(review.operation);
  body["userInfo"] = user_of(request.user);
  body["object"] = sent.object == nullptr ? Value(nullptr) : *sent.object;
  body["oldObject"] = sent.before == nullptr ? Value(nullptr) : *sent.before;
  body["dryRun"] = request.dry_run;
  body["options"] = options_of(review);
  Object whole{{"kind", "AdmissionReview"},
               {"apiVersion", "admission.k8s.io/" + std::string(sent.version)},
               {"request", std::move(body)}};
  return codec::write_json(Value(std::move(whole)));
}

Result<WebhookAnswer> read_answer(std::string_view body, const WebhookExpectation& expected) {
  auto tree = codec::parse_json(body);
  if (!tree) return fail_with("failed to call webhook", std::move(tree.error()));
  std::string api_version(codec::string_at(*tree, "apiVersion"));
  std::string kind(codec::string_at(*tree, "kind"));
  if (auto checked = schema::normalize(admission::v1::AdmissionReview::table(), *tree); !checked)
    return fail_with("failed to call webhook", std::move(checked.error()));
  auto review = schema::from_tree<admission::v1::AdmissionReview>(*tree);
  if (!review) return fail_with("failed to call webhook", std::move(review.error()));
  if (auto valid = check_answer(*review, api_version, kind, expected); !valid)
    return fail_with("received invalid webhook response", std::move(valid.error()));
  const admission::v1::AdmissionResponse& response = *review->response;
  WebhookAnswer answer;
  answer.allowed = response.allowed;
  answer.warnings = bounded(response.warnings);
  answer.audit_annotations = response.auditAnnotations;
  if (!answer.allowed) answer.denial = denial_of(std::string(expected.webhook), response);
  if (answer.allowed && expected.sort == WebhookSort::Mutating) {
    TRY_ASSIGN(answer.patch, patch_of(response));
  }
  return answer;
}

}  // namespace charon::server
