#include "server/prepare.h"

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

namespace charon::server {

using codec::find;
using codec::Value;

Result<void> check_identity(const model::Kind& kind, Value& object) {
  if (!object.is_object()) return fail(bad_request("the object is not a JSON object"));
  std::string_view given_kind = codec::string_at(object, "kind");
  std::string_view given_version = codec::string_at(object, "apiVersion");
  std::string expected = kind.gv.text();
  if (!given_kind.empty() && given_kind != kind.kind)
    return fail(bad_request(std::string(given_kind) + " in version \"" + std::string(given_version) +
                            "\" cannot be handled as a " + std::string(kind.kind) + ": the kind in the data (" +
                            std::string(given_kind) + ") does not match the expected kind (" + std::string(kind.kind) + ")"));
  if ((!given_version.empty() && given_version != expected))
    return fail(bad_request(std::string(given_kind) + " in version \"" + std::string(given_version) +
                            "\" cannot be handled as a " + std::string(kind.kind) + ": the API version in the data (" +
                            std::string(given_version) + ") does not match the expected API version (" + expected + ")"));
  object.as_object()["kind"] = kind.kind;
  object.as_object()["apiVersion"] = expected;
  return {};
}

Result<void> normalize_and_default(const Request& request, Value& object, Warnings* warnings) {
  const model::Kind& kind = *request.kind;
  if (!object.is_object()) return fail(bad_request("the object is not a JSON object"));
  schema::UnknownFields unknown;
  if (auto checked = schema::normalize(*kind.type, object, &unknown); !checked) {
    return fail(bad_request(std::string(kind.kind) + " in version \"" + std::string(kind.gv.version) +
                            "\" cannot be handled as a " + std::string(kind.kind) + ": " + checked.error().message));
  }
  if (!unknown.paths.empty() && request.field_validation == FieldValidation::Strict) {
    std::string text;
    for (const std::string& path : unknown.paths) text += (text.empty() ? "" : ", ") + ("unknown field \"" + path + "\"");
    return fail(bad_request(std::string(kind.kind) + " in version \"" + std::string(kind.gv.version) +
                            "\" cannot be handled as a " + std::string(kind.kind) + ": strict decoding error: " + text));
  }
  if (warnings != nullptr && request.field_validation == FieldValidation::Warn)
    for (const std::string& path : unknown.paths) warnings->push_back("unknown field \"" + path + "\"");
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
