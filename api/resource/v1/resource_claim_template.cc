#include "api/kind_rules.h"
#include "api/meta/v1/places.h"
#include "api/meta/v1/validation.h"
#include "api/resource/v1/claim_validation.h"

namespace charon::resource::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::FieldPath;

namespace {

void set_defaults(Value& claim_template) { default_claim_spec(meta::v1::place(claim_template, {"spec", "spec"})); }

void validate(const Value& claim_template, const model::WriteContext& context, meta::v1::Errors& errors) {
  FieldPath spec("spec");
  if (context.before != nullptr)
    return meta::v1::check_immutable(errors, spec, codec::find(*context.before, "spec"), codec::find(claim_template, "spec"));
  FieldPath metadata = spec.child("metadata");
  meta::v1::check_labels(errors, metadata.child("labels"), find_path(claim_template, {"spec", "metadata", "labels"}));
  validate_claim_spec(errors, spec.child("spec"), find_path(claim_template, {"spec", "spec"}));
}

}  // namespace

const model::KindRules resource_claim_template_rules = {.set_defaults = set_defaults, .validate = validate};

}  // namespace charon::resource::v1
