#include <array>

#include "api/core/v1/types.h"
#include "api/meta/v1/types.h"
#include "base/limits.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "codec/yaml.h"
#include "model/envelope.h"
#include "schema/convert.h"
#include "server/delete_options.h"
#include "server/front/call.h"
#include "server/patched.h"
#include "server/prepare.h"
#include "server/status.h"
#include "server/strict_errors.h"

namespace charon::server {
namespace {

std::optional<client::PatchType> patch_type(std::string_view type) {
  if (type == "application/json-patch+json") return client::PatchType::Json;
  if (type == "application/merge-patch+json") return client::PatchType::Merge;
  if (type == "application/strategic-merge-patch+json") return client::PatchType::StrategicMerge;
  return std::nullopt;
}

// The members of a JSON patch's operations that mean nothing.
schema::UnknownFields unknown_members(const codec::Value& patch) {
  constexpr std::array<std::string_view, 4> kMembers = {"op", "path", "from", "value"};
  schema::UnknownFields unknown;
  if (!patch.is_array()) return unknown;
  std::size_t index = 0;
  for (const codec::Value& operation : patch.get_array()) {
    std::string place = "[" + std::to_string(index++) + "].";
    if (!operation.is_object()) continue;
    for (const auto& member : operation.get_object()) {
      std::string_view name(member.key().data(), member.key().size());
      if (unknown.paths.size() == StrictErrors::kMost) return unknown;
      if (std::ranges::find(kMembers, name) == kMembers.end()) unknown.paths.push_back(place + std::string(name));
    }
  }
  return unknown;
}

struct Body {
  codec::Value tree;
  StrictErrors errors;  // of its text
};

Result<Body> decode(std::string_view content_type, std::string_view text, const schema::Type& type) {
  TRY_ASSIGN(Format format, body_format(content_type));
  Body body;
  if (format == Format::Protobuf) {
    if (type.run_time())
      return fail(Reason::UnsupportedMediaType,
                  "the body of the request was in an unknown format - accepted media types include: application/json, "
                  "application/yaml");
    TRY_ASSIGN(model::Envelope envelope, model::decode_envelope(text));
    TRY_ASSIGN(body.tree, schema::tree_from_wire(type, envelope.raw));
    if (!envelope.kind.empty()) body.tree.as_object()["kind"] = envelope.kind;
    if (!envelope.api_version.empty()) body.tree.as_object()["apiVersion"] = envelope.api_version;
  } else if (format == Format::Yaml) {
    codec::YamlNotes notes;
    TRY_ASSIGN(body.tree, codec::parse_yaml(text, &notes));
    body.errors.add(notes);
  } else {
    codec::JsonNotes notes;
    TRY_ASSIGN(body.tree, codec::parse_json(text, &notes));
    body.errors.add(notes);
  }
  return body;
}

// Normalizes what was decoded and judges all of it.
Result<void> settle(const Request& request, const schema::Type& type, Body& body, Warnings& warnings) {
  std::string expected(type.run_time() ? request.kind->kind : type.name);
  std::string kind(codec::string_at(body.tree, "kind"));
  std::string version(codec::string_at(body.tree, "apiVersion"));
  if (kind.empty()) kind = expected;
  version = version.empty() ? std::string(request.kind->gv.version) : version.substr(version.find('/') + 1);
  return normalize_and_judge(type, body.tree, std::move(body.errors), request.field_validation, &warnings,
                             [&](const std::string& why) { return cannot_handle(kind, version, expected, why); });
}

}  // namespace

Result<codec::Value> Front::read_tree(Call& call, std::string_view text, const schema::Type* type) const {
  TRY_ASSIGN(Body body, decode(call.head.headers.get("content-type"), text, *type));
  if (call.audit) call.audit->set_request(body.tree);
  // What is unknown is found when the object is made ready; with what stands there twice it is told together.
  if (!body.errors.empty()) TRY(settle(call.request(), *type, body, call.warnings));
  return std::move(body.tree);
}

Result<codec::Value> Front::read_normal_tree(Call& call, std::string_view text, const schema::Type* type) const {
  TRY_ASSIGN(Body body, decode(call.head.headers.get("content-type"), text, *type));
  if (call.audit) call.audit->set_request(body.tree);
  TRY(settle(call.request(), *type, body, call.warnings));
  return std::move(body.tree);
}

Result<Front::Patch> Front::read_patch(Call& call, std::string_view text) const {
  const Request& request = call.request();
  std::optional<client::PatchType> sort = patch_type(media_type(call.head.headers.get("content-type")));
  if (!sort || (*sort == client::PatchType::StrategicMerge && request.kind->custom)) return fail(unknown_patch(*request.kind));
  codec::JsonNotes notes;
  TRY_ASSIGN(codec::Value tree, codec::parse_json(text, &notes));
  if (call.audit) call.audit->set_patch(text);
  StrictErrors errors;
  if (*sort == client::PatchType::Json) {
    errors.add(notes, "json patch ");
    errors.add(unknown_members(tree), "json patch ");
  } else {
    errors.add(notes);
  }
  TRY(judge(errors, request.field_validation, &call.warnings,
            [&tree](const std::string& why) { return invalid_patch(tree, std::string(kStrictDecoding) + why); }));
  return Patch{*sort, std::move(tree)};
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
    CO_TRY_ASSIGN(codec::Value tree, read_normal_tree(call, body, type));
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
    CO_TRY_ASSIGN(Patch patch, read_patch(call, body));
    written = co_await api_.patch(request, patch.sort, std::move(patch.tree), &call.warnings);
  } else {
    CO_TRY_ASSIGN(codec::Value tree, request.subresource == "binding"
                                         ? read_normal_tree(call, body, &core::v1::Binding::table())
                                         : read_tree(call, body, request.kind->type));
    if (request.verb == "update") CO_TRY(check_named(request, tree));
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
  request.field_validation = FieldValidation::Ignore;  // of the options of a delete Kubernetes asks no strictness
  if (!body.empty()) {
    CO_TRY_ASSIGN(tree, read_tree(call, body, &meta::v1::DeleteOptions::table()));
    // A guarded delete must not become a plain one because a member has the wrong type.
    if (!tree.is_object()) co_return fail(bad_request("DeleteOptions must be an object"));
    CO_TRY(check_is_delete_options(tree));
    CO_TRY(schema::normalize(meta::v1::DeleteOptions::table(), tree));
  }
  CO_TRY_ASSIGN(client::DeleteOptions options, delete_options(tree, call.query()));
  request.dry_run = asks_for_dry_run(tree, call.query());
  if (request.verb == "deletecollection") co_return co_await serve_delete_collection(call, std::move(options));
  CO_TRY_ASSIGN(Deleted deleted, co_await api_.remove(request, options, &call.warnings));
  if (deleted.gone && (request.kind->kind != "Pod" || request.kind->custom)) {
    co_await send_tree(call, 200, success_status(*deleted.object), &meta::v1::Status::table());
  } else {
    co_await send_document(call, 200, std::move(deleted.object));
  }
  co_return Result<void>();
}

// Answers the list of what was deleted.
rt::Task<Result<void>> Front::serve_delete_collection(Call& call, client::DeleteOptions options) {
  if (call.media.shape == Shape::PartialMetadata) call.media.shape = Shape::PartialMetadataList;
  TableOptions table;
  if (call.media.shape == Shape::Table) {
    CO_TRY_ASSIGN(table, table_options(call));
  }
  Listing deleted;
  CO_TRY_ASSIGN(deleted.items, co_await api_.remove_collection(call.request(), std::move(options)));
  deleted.revision = api_.caches().revision();
  co_return co_await send_listing(call, std::move(deleted), table);
}

}  // namespace charon::server
