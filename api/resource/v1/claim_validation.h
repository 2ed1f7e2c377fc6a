// What must hold for claims to devices, and what they say when they do not (Kubernetes' pkg/apis/resource/validation). CEL
// expressions are not compiled.
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::resource::v1 {

// A request is for exactly one device unless it says otherwise. `spec` of a claim; null: none.
void default_claim_spec(codec::Value* spec);
void validate_claim_spec(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value* spec);
// A list of DeviceSelector.
void validate_selectors(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Array& selectors);
// The opaque parameters of a DeviceConfiguration, whose members stand in `config`.
void validate_configuration(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& config);
// The status of a claim after an update.
struct ClaimUpdate {
  const codec::Value& before;
  const codec::Value& after;
};
void validate_claim_status(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const ClaimUpdate& update);

}  // namespace charon::resource::v1
