#include "api/core/v1/persistent_volume_validation.h"
#include "api/kind_rules.h"
#include "api/meta/v1/validation.h"
#include "api/storage/v1/driver_validation.h"
#include "base/names.h"
#include "codec/tree.h"

namespace charon::storage::v1 {

using codec::Value;
using meta::v1::FieldPath;

namespace {

constexpr std::size_t kMetadataBytes = 256 << 10;
constexpr std::size_t kMessageBytes = 1024;

void validate_source(meta::v1::Errors& errors, const FieldPath& path, const Value* source) {
  const Value* name = source == nullptr ? nullptr : codec::find(*source, "persistentVolumeName");
  bool named = name != nullptr && name->is_string();
  const Value* inline_spec = source == nullptr ? nullptr : meta::v1::object_at(*source, "inlineVolumeSpec");
  constexpr std::string_view kOne = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  if (!named && inline_spec == nullptr) return meta::v1::add_required(errors, path, kOne);
  if (named && inline_spec != nullptr) return meta::v1::add_forbidden(errors, path, kOne);
  if (!named) return core::v1::validate_inline_volume(errors, path.child("inlineVolumeSpec"), *inline_spec);
  FieldPath place = path.child("persistentVolumeName");
  if (name->get_string().empty()) meta::v1::add_required(errors, place, "must specify non empty persistentVolumeName");
  meta::v1::check_given_name(errors, place, codec::view(name->get_string()), dns1123_subdomain_errors);
}

void validate_status(meta::v1::Errors& errors, const FieldPath& path, const Value& attachment) {
  FieldPath metadata = path.child("attachmentMetadata");
  std::size_t bytes = 0;
  if (const Value* given = codec::find_path(attachment, {"status", "attachmentMetadata"}); given && given->is_object())
    for (const auto& [key, value] : given->get_object()) {
      if (key.empty()) meta::v1::add_invalid(errors, metadata, Value(""), "field can not be empty.");
      bytes += key.size() + (value.is_string() ? value.get_string().size() : 0);
    }
  if (bytes > kMetadataBytes) meta::v1::add_too_long(errors, metadata, kMetadataBytes);
  for (std::string_view member : {"attachError", "detachError"}) {
    FieldPath error = path.child(member);
    if (codec::string_at_path(attachment, {"status", member, "message"}).size() > kMessageBytes)
      meta::v1::add_too_long(errors, error.child("message"), kMessageBytes);
  }
}

void validate(const Value& attachment, const model::WriteContext& context, meta::v1::Errors& errors) {
  if (context.subresource != "status") {
    FieldPath spec("spec");
    check_driver_name(errors, spec.child("attacher"), codec::string_at_path(attachment, {"spec", "attacher"}));
    validate_source(errors, spec.child("source"), codec::find_path(attachment, {"spec", "source"}));
    meta::v1::check_given_name(errors, spec.child("nodeName"), codec::string_at_path(attachment, {"spec", "nodeName"}),
                               dns1123_subdomain_errors);
  }
  validate_status(errors, FieldPath("status"), attachment);
}

}  // namespace

const model::KindRules volume_attachment_rules = {.validate = validate, .update_needs_version = true};

}  // namespace charon::storage::v1
