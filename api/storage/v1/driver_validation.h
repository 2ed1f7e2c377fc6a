// What the kinds of storage have in common: names of drivers, and the parameters that only drivers understand (Kubernetes'
// pkg/apis/storage/validation and ValidateCSIDriverName).
#pragma once

#include <string_view>

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::storage::v1 {

// A domain of at most 63 bytes, also of device drivers; an empty name is missing as well as malformed.
void check_driver_name(meta::v1::Errors& errors, const meta::v1::FieldPath& path, std::string_view name);
// A name as a provisioner has it, "example.com/disk". Empty: the table's matter.
void check_provisioner(meta::v1::Errors& errors, const meta::v1::FieldPath& path, std::string_view name);
// At most 512 pairs of at most 256 KiB together.
void check_parameters(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value* parameters);
// A member that an update leaves as it was; the error is that of classes: "updates to parameters are forbidden."
void check_kept(meta::v1::Errors& errors, std::string_view member, const codec::Value& before, const codec::Value& after);

}  // namespace charon::storage::v1
