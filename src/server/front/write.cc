#include "api/core/v1/types.h"
#include "api/meta/v1/types.h"
#include "base/limits.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "codec/yaml.h"
#include "model/envelope.h"
#include "net/query_flag.h"
#include "schema/convert.h"
#include "server/delete_options.h"
#include "server/front/call.h"
#include "server/prepare.h"
#include "server/status.h"

namespace charon::server {
namespace {

Result<client::PatchType> patch_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  if (type == "application/json-patch+json") return client::PatchType::Json;
  if (type == "application/merge-patch+json") return client::PatchType::Merge;
  if (type == "application/strategic-merge-patch+json") return client::PatchType::StrategicMerge;
  std::string_view message =
      "the body of the request was in an unknown format - accepted media types include: "
      "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, "
      "application/apply-patch+yaml";
  return fail(Reason::UnsupportedMediaType, std::string(message));
}

}  // namespace

Result<codec::Value> Front::read_tree(Call& call, std::string_view body, const schema::Type* type) const {
  TRY_ASSIGN(Format format, body_format(call.head.headers.get("content-type")));
  if (format == Format::Protobuf && type->run_time())
    return fail(
        Reason::UnsupportedMediaType,
        "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml");
  if (format == Format::Protobuf) {
    TRY_ASSIGN(model::Envelope envelope, model::decode_envelope(body));
    TRY_ASSIGN(codec::Value tree, schema::tree_from_wire(*type, envelope.raw));
    if (!envelope.kind.empty()) tree.as_object()["kind"] = envelope.kind;
    if (!envelope.api_version.empty()) tree.as_object()["apiVersion"] = envelope.api_version;
    if (call.audit) call.audit->set_request(tree);
    return tree;
  }
  if (format == Format::Yaml) {
    TRY_ASSIGN(codec::Value tree, codec::parse_yaml(body));
    if (call.audit) call.audit->set_request(tree);
    return tree;
  }
  codec::JsonNotes notes;
  TRY_ASSIGN(codec::Value tree, codec::parse_json(body, &notes));
  for (const std::string& path : notes.duplicate_fields) {
    std::string text = "duplicate field \"" + path + "\"";
    if (call.route.request.field_validation == FieldValidation::Strict)
      return fail(bad_request("strict decoding error: " + text));
    if (call.route.request.field_validation == FieldValidation::Warn) call.warnings.push_back(std::move(text));
  }
  if (call.audit) call.audit->set_request(tree);
  return tree;
}

// Whether an update is of an object that is not there, and of a kind whose updates create it then. Who names a version or a uid
// means one that was there.
bool Front::updates_nothing(const Request& request, const codec::Value& object) const {
  return request.verb == "update" && request.subresource.empty() && request.kind->rules.update_creates &&
         codec::string_at_path(object, {"metadata", "resourceVersion"}).empty() &&
         codec::string_at_path(object, {"metadata", "uid"}).empty() && !api_.caches().of(*request.kind).get(request.key());
}

rt::Task<Result<void>> Front::serve_write(Call& call) {
  Request& request = call.request();
  call.name_manager();
  const Review* review = request.verb == "create" ? api_.review(*request.kind, request.subresource) : nullptr;
  const std::string& subresource = request.subresource;
  bool stored = request.verb == "create" ? subresource.empty() || subresource == "binding"
                                         : subresource.empty() || subresource == "finalize" || is_part_of_object(subresource);
  if (review == nullptr && !stored)
    co_return fail(Reason::NotImplemented, "the subresource " + std::string(request.kind->plural) + "/" + request.subresource +
                                               " is not served by this server yet");
  CO_TRY(check_write_options(call));
  CO_TRY_ASSIGN(std::string body, co_await call.exchange.body(limits::kRequestBodyBytes));
  if (review != nullptr) {
    const schema::Type* type = review->type;
    CO_TRY_ASSIGN(codec::Value tree, read_tree(call, body, type));
    CO_TRY_ASSIGN(codec::Value answer, co_await api_.answer(request, *review, std::move(tree), &call.warnings));
    if (codec::string_at(answer, "kind") == "Status") type = &meta::v1::Status::table();
    co_await send_tree(call, 201, std::move(answer), type);
    co_return Result<void>();
  }
  Result<DocumentPtr> written = DocumentPtr();
  bool created = false;
  if (call.is_apply()) {
    CO_TRY_ASSIGN(codec::Value config, read_apply(call, body));
    CO_TRY_ASSIGN(Applied applied, co_await api_.apply(request, std::move(config), apply_options(call), &call.warnings));
    co_await send_document(call, applied.created ? 201 : 200, std::move(applied.object));
    co_return Result<void>();
  }
  if (request.verb == "patch") {
    CO_TRY_ASSIGN(client::PatchType type, patch_type(call.head.headers.get("content-type")));
    CO_TRY_ASSIGN(codec::Value patch, codec::parse_json(body));
    if (call.audit) call.audit->set_patch(body);
    written = co_await api_.patch(request, type, std::move(patch), &call.warnings);
  } else {
    const schema::Type* type = request.subresource == "binding" ? &core::v1::Binding::table() : request.kind->type;
    CO_TRY_ASSIGN(codec::Value tree, read_tree(call, body, type));
    created = request.verb == "create" || updates_nothing(request, tree);
    if (!created) {
      written = co_await api_.update(request, std::move(tree), &call.warnings);
    } else {
      Request create = request;
      create.verb = "create";
      if (request.verb != "create") CO_TRY(may_create(call));
      written = co_await api_.create(std::move(create), std::move(tree), &call.warnings);
    }
  }
  if (!written) co_return fail(std::move(written.error()));
  if (request.subresource == "binding" || request.kind->type == &core::v1::Binding::table()) {
    codec::Object success{
        {"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", codec::Object()}, {"status", "Success"}, {"code", 201}};
    co_await send_tree(call, 201, std::move(success), &meta::v1::Status::table());
  } else {
    co_await send_document(call, created ? 201 : 200, std::move(*written));
  }
  co_return Result<void>();
}

rt::Task<Result<void>> Front::serve_delete(Call& call) {
  Request& request = call.request();
  CO_TRY_ASSIGN(std::string body, co_await call.exchange.body(limits::kRequestBodyBytes));
  codec::Value tree = codec::Object();
  if (!body.empty()) {
    CO_TRY_ASSIGN(tree, read_tree(call, body, &meta::v1::DeleteOptions::table()));
    // A guarded delete must not become a plain one because a member has the wrong type.
    if (!tree.is_object()) co_return fail(bad_request("DeleteOptions must be an object"));
    CO_TRY(schema::normalize(meta::v1::DeleteOptions::table(), tree));
  }
  CO_TRY_ASSIGN(client::DeleteOptions options, delete_options(tree, call.query()));
  if (asks_for_dry_run(tree)) request.dry_run = true;
  if (request.verb == "deletecollection") {
    CO_TRY(co_await api_.remove_collection(request, options));
    codec::Object success{{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", codec::Object()}, {"status", "Success"}};
    co_await send_tree(call, 200, std::move(success), &meta::v1::Status::table());
    co_return Result<void>();
  }
  CO_TRY_ASSIGN(Deleted deleted, co_await api_.remove(request, options, &call.warnings));
  if (deleted.gone && (request.kind->kind != "Pod" || request.kind->custom)) {
    co_await send_tree(call, 200, success_status(*deleted.object), &meta::v1::Status::table());
  } else {
    co_await send_document(call, 200, std::move(deleted.object));
  }
  co_return Result<void>();
}

}  // namespace charon::server
