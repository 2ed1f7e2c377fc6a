#include "server/crd/definition.h"

#include "codec/tree.h"

namespace charon::server::crd {

using codec::Value;

namespace {

const codec::Array kNone;

const codec::Array& array_at(const Value& value, std::initializer_list<std::string_view> path) {
  const Value* found = codec::find_path(value, path);
  return found != nullptr && found->is_array() ? found->get_array() : kNone;
}

// Whether the schema, or one inside it, has rules in CEL.
bool has_rules(const Value& schema) {
  if (schema.is_array()) {
    for (const Value& inner : schema.get_array())
      if (has_rules(inner)) return true;
    return false;
  }
  if (!schema.is_object()) return false;
  for (const auto& member : schema.get_object()) {
    if (member.key() == "x-kubernetes-validations" && member.value().is_array() && !member.value().get_array().empty())
      return true;
    if (member.key() == "default" || member.key() == "enum" || member.key() == "example") continue;
    if (has_rules(member.value())) return true;
  }
  return false;
}

}  // namespace

const model::Kind& definition_kind() {
  static const model::Kind& kind = *model::find_kind({"apiextensions.k8s.io", "v1"}, "CustomResourceDefinition");
  return kind;
}

bool is_definition(const model::Kind& kind) { return &kind == &definition_kind(); }

void mark_deleted(Value& definition, Time now) {
  codec::Object& meta = codec::ensure_object(definition, {"metadata"});
  if (!has_finalizer(definition)) {
    if (!meta["finalizers"].is_array()) meta["finalizers"].emplace_array();
    meta["finalizers"].get_array().emplace_back(kCleanupFinalizer);
  }
  set_condition(definition,
                {"Terminating", "True", "InstanceDeletionPending",
                 "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"},
                now);
}

bool is_terminating(const Value& definition) {
  return !codec::string_at_path(definition, {"metadata", "deletionTimestamp"}).empty();
}

bool has_finalizer(const Value& definition) {
  for (const Value& finalizer : array_at(definition, {"metadata", "finalizers"}))
    if (finalizer.is_string() && codec::view(finalizer.get_string()) == kCleanupFinalizer) return true;
  return false;
}

void drop_finalizer(Value& definition) {
  codec::Array kept;
  for (const Value& finalizer : array_at(definition, {"metadata", "finalizers"}))
    if (!finalizer.is_string() || codec::view(finalizer.get_string()) != kCleanupFinalizer) kept.push_back(finalizer);
  codec::ensure_object(definition, {"metadata"})["finalizers"] = std::move(kept);
}

void add_warnings(const Value& definition, Warnings* warnings) {
  if (warnings == nullptr) return;
  for (const Value& version : array_at(definition, {"spec", "versions"})) {
    const Value* schema = codec::find_path(version, {"schema", "openAPIV3Schema"});
    if (schema != nullptr && has_rules(*schema))
      warnings->push_back(
          "spec.versions[" + std::string(codec::string_at(version, "name")) +
          "].schema.openAPIV3Schema: x-kubernetes-validations are stored, but this server does not enforce them yet");
  }
}

}  // namespace charon::server::crd
