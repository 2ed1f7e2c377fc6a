#include "api/core/v1/container_validation.h"
#include "api/core/v1/scheduling_validation.h"
#include "api/kind_rules.h"
#include "api/meta/v1/validation.h"
#include "codec/tree.h"

namespace charon::node::v1 {

using codec::Value;
using meta::v1::FieldPath;

namespace {

// Only what the table cannot say of them; a class that was good stays so.
void validate(const Value& runtime_class, const model::WriteContext& context, meta::v1::Errors& errors) {
  if (context.before != nullptr) return;
  // What a pod costs besides is checked as the limits of a container are.
  if (const Value* fixed = codec::find_path(runtime_class, {"overhead", "podFixed"})) {
    Value limits = codec::Object{{"limits", *fixed}};
    core::v1::validate_resources(errors, FieldPath("overhead"), &limits);
  }
  const Value* scheduling = meta::v1::object_at(runtime_class, "scheduling");
  if (scheduling == nullptr) return;
  FieldPath path("scheduling");
  meta::v1::check_labels(errors, path.child("nodeSelector"), codec::find(*scheduling, "nodeSelector"));
  core::v1::validate_tolerations(errors, path.child("tolerations"), *scheduling);
}

}  // namespace

const model::KindRules runtime_class_rules = {.validate = validate, .update_needs_version = true};

}  // namespace charon::node::v1
