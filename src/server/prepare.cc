#include "server/prepare.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/bytes.h"
#include "base/limits.h"
#include "codec/tree.h"
#include "model/storage_form.h"
#include "schema/convert.h"
#include "schema/defaults.h"
#include "server/api.h"
#include "server/managed_fields/managed_fields.h"
#include "server/object_meta.h"
#include "server/pod_subresources.h"
#include "server/strict_errors.h"

namespace charon::server {

using codec::find;
using codec::Value;

Result<void> check_identity(std::string_view kind, std::string_view api_version, Value& object) {
  if (!object.is_object()) return fail(bad_request("the object is not a JSON object"));
  std::string_view given_kind = codec::string_at(object, "kind");
  std::string_view given_version = codec::string_at(object, "apiVersion");
  if (!given_kind.empty() && given_kind != kind)
    return fail(
        cannot_handle(given_kind, given_version, kind,
                      fmt::format("the kind in the data ({}) does not match the expected kind ({})", given_kind, kind)));
  if (!given_version.empty() && given_version != api_version)
    return fail(cannot_handle(given_kind, given_version, kind,
                              fmt::format("the API version in the data ({}) does not match the expected API version ({})",
                                          given_version, api_version)));
  object.as_object()["kind"] = kind;
  object.as_object()["apiVersion"] = api_version;
  return {};
}

Result<void> check_identity(const model::Kind& kind, Value& object) {
  return check_identity(kind.kind, kind.gv.text(), object);
}

Result<void> check_named(const Request& request, const Value& object) {
  if (!codec::string_at_path(object, {"metadata", "name"}).empty()) return {};
  return fail(
      bad_request("the name of the object (" + request.name + " based on URL) was undeterminable: name must be provided"));
}

Result<void> normalize_and_default(const Request& request, Value& object, Warnings* warnings) {
  const model::Kind& kind = *request.kind;
  if (!object.is_object()) return fail(bad_request("the object is not a JSON object"));
  const bool patched = request.verb == "patch" && request.tracking != Tracking::Given;
  // What the patch made, for the error: without what is unknown it would not show it.
  Value whole;
  if (patched && request.field_validation == FieldValidation::Strict) whole = object;
  TRY(normalize_and_judge(*kind.type, object, {}, request.field_validation, warnings, [&](const std::string& why) {
    if (patched) return invalid_patch(whole.is_null() ? object : whole, why);
    return cannot_handle(kind.kind, kind.gv.version, kind.kind, why);
  }));
  schema::apply_defaults(*kind.type, object);
  if (kind.rules.set_defaults != nullptr) kind.rules.set_defaults(object);
  return {};
}

// A node registers with its status (nodeStrategy of Kubernetes); a namespace gets its phase from its rules.
void drop_status(const model::Kind& kind, Value& object) {
  const bool kept = kind.gv.group.empty() && (kind.kind == "Namespace" || kind.kind == "Node");
  if (kind.has_subresource("status") && !kept) object.as_object().erase("status");
}

bool is_part_of_object(std::string_view subresource) {
  return subresource == "status" || subresource == "approval" || subresource == "ephemeralcontainers" ||
         subresource == "resize";
}

void keep_other_half(const Request& request, Value& object, const Value& before) {
  codec::Object& fields = object.as_object();
  if (request.subresource == "finalize") {
    const Value* given = codec::find_path(object, {"spec", "finalizers"});
    Value finalizers = given != nullptr ? *given : Value(codec::Array());
    object = before;
    codec::ensure_object(object, {"spec"})["finalizers"] = std::move(finalizers);
    return;
  }
  if (request.subresource == "ephemeralcontainers") return keep_but_ephemeral_containers(object, before);
  if (request.subresource == "resize") return keep_but_resources(object, before);
  if (request.subresource == "approval") {
    const Value* given = codec::find_path(object, {"status", "conditions"});
    Value conditions = given != nullptr ? *given : Value(codec::Array());
    object = before;
    codec::ensure_object(object, {"status"})["conditions"] = std::move(conditions);
    return;
  }
  if (request.subresource != "status") {
    if (!request.kind->has_subresource("status")) return;
    if (const Value* status = find(before, "status")) {
      fields["status"] = *status;
    } else {
      fields.erase("status");
    }
    return;
  }
  Value status = fields.contains("status") ? fields["status"] : Value(codec::Object());
  // Nodes and pods are labelled and annotated by their agents through /status.
  Value meta = fields.contains("metadata") ? fields["metadata"] : Value(codec::Object());
  fields = before.as_object();
  fields["status"] = std::move(status);
  if (request.kind->gv.group.empty() && (request.kind->kind == "Node" || request.kind->kind == "Pod")) {
    codec::Object& kept = fields["metadata"].as_object();
    for (std::string_view member : {"labels", "annotations"})
      if (const Value* given = find(meta, member)) kept[member] = *given;
  }
}

void count_generation(const model::Kind& kind, Value& object, const Value& before) {
  if (!kind.generation) return;
  const codec::Object& now = object.as_object();
  const codec::Object& then = before.as_object();
  // Where status is no subresource it is part of what is desired.
  const bool whole = kind.custom && !kind.has_subresource("status");
  auto differs = [whole](const codec::Object& left, const codec::Object& right) {
    for (const auto& [name, value] : left) {
      if (name == "metadata" || (name == "status" && !whole) || name == "apiVersion" || name == "kind") continue;
      const Value* other = right.if_contains(name);
      if (other == nullptr || !codec::equal(value, *other)) return true;
    }
    return false;
  };
  bool changed = differs(now, then) || differs(then, now);
  std::int64_t generation = codec::int_at(*find(before, "metadata"), "generation").value_or(0);
  codec::ensure_object(object, {"metadata"})["generation"] = generation + (changed ? 1 : 0);
}

Result<void> validate_object(const Request& request, const Value& object, const Value* before) {
  const model::Kind& kind = *request.kind;
  schema::FieldErrors errors;
  validate_meta(kind, object, errors);
  if (before != nullptr) {
    validate_meta_update(object, *before, errors);
    schema::validate_immutable(*kind.type, *before, object, errors);
  }
  schema::validate(*kind.type, object, before, errors);
  if (kind.rules.validate != nullptr) {
    model::WriteContext context{before == nullptr, request.subresource, before};
    kind.rules.validate(object, context, errors);
  }
  if (errors.empty()) return {};
  return fail(schema::invalid_error(kind.kind, kind.gv.group, codec::string_at(*find(object, "metadata"), "name"), errors));
}

Result<SharedBytes> encode(const model::Kind& kind, const Value& object) {
  std::string json;
  schema::append_canonical_json(*kind.type, object, json);
  if (json.size() > limits::kObjectBytes)
    return fail(Reason::RequestEntityTooLarge, "the object is " + std::to_string(json.size()) +
                                                   " bytes when encoded; at most " + std::to_string(limits::kObjectBytes) +
                                                   " can be stored");
  return share(std::move(json));
}

Result<SharedBytes> encode_to_fit(const model::Kind& kind, const Value& object) {
  Result<SharedBytes> json = encode(kind, object);
  if (json || codec::find_path(object, {"metadata", "managedFields"}) == nullptr) return json;
  Value smaller = object;
  take_managed_fields(smaller);
  return encode(kind, smaller);
}

rt::Task<Result<SharedBytes>> stored_form(model::KindRef kind, const Value& object, SharedBytes json) {
  const model::StorageForm* form = model::storage_form(*kind);
  if (form == nullptr) co_return json;
  if (!form->converter) co_return encode(*form->stored, form->to_stored(object));
  if (form->stored->gv == kind->gv) co_return json;
  std::vector<Value> one;
  one.push_back(object);
  CO_TRY_ASSIGN(one, co_await form->converter->trees(std::move(one), form->stored));
  co_return encode(*form->stored, one.front());
}

}  // namespace charon::server
