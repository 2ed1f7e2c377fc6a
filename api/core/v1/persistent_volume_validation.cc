#include "api/core/v1/persistent_volume_validation.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "api/core/v1/volume_validation.h"
#include "codec/tree.h"

namespace charon::core::v1 {

using codec::string_at;
using codec::Value;
using meta::v1::FieldPath;

namespace {

// Members of the spec that are not the volume's source.
constexpr std::string_view kOwn[] = {
    "capacity",     "accessModes", "claimRef",     "persistentVolumeReclaimPolicy", "storageClassName",
    "mountOptions", "volumeMode",  "nodeAffinity", "volumeAttributesClassName"};

void validate_local(const Value& spec, const FieldPath& path, const Value& local, schema::FieldErrors& errors) {
  FieldPath here = path.child("local");
  std::string_view place = string_at(local, "path");
  if (place.empty())
    meta::v1::add_required(errors, here.child("path"));
  else
    meta::v1::check_no_backsteps(errors, here.child("path"), place);
  FieldPath metadata("metadata");
  if (meta::v1::object_at(spec, "nodeAffinity") == nullptr)
    meta::v1::add_required(errors, metadata.child("annotations"), "Local volume requires node affinity");
}

}  // namespace

bool is_volume_source(std::string_view member) { return std::ranges::find(kOwn, member) == std::end(kOwn); }

void validate_persistent_source(meta::v1::Errors& errors, const FieldPath& path, const Value& spec) {
  int sources = 0;
  for (const auto& [key, source] : spec.get_object()) {
    std::string_view type(key.data(), key.size());
    if (!is_volume_source(type) || !source.is_object()) continue;
    if (++sources > 1)
      meta::v1::add_forbidden(errors, path.child(type), "may not specify more than 1 volume type");
    else if (type == "local")
      validate_local(spec, path, source, errors);
    else
      validate_volume_source(errors, path.child(type), type, source);
  }
  if (sources == 0) meta::v1::add_required(errors, path, "must specify a volume type");
  if (codec::string_at_path(spec, {"hostPath", "path"}) == "/" && string_at(spec, "persistentVolumeReclaimPolicy") == "Recycle")
    meta::v1::add_forbidden(errors, path.child("persistentVolumeReclaimPolicy"),
                            "may not be 'recycle' for a hostPath mount of '/'");
}

void validate_inline_volume(meta::v1::Errors& errors, const FieldPath& path, const Value& spec) {
  constexpr std::string_view kNotHere = "may not be specified in the context of inline volumes";
  if (meta::v1::object_at(spec, "claimRef") != nullptr) meta::v1::add_forbidden(errors, path.child("claimRef"), kNotHere);
  if (const Value* capacity = meta::v1::object_at(spec, "capacity"); capacity != nullptr && !capacity->get_object().empty())
    meta::v1::add_forbidden(errors, path.child("capacity"), kNotHere);
  if (meta::v1::object_at(spec, "csi") == nullptr)
    meta::v1::add_required(errors, path.child("csi"), "has to be specified in the context of inline volumes");
  std::string_view policy = string_at(spec, "persistentVolumeReclaimPolicy");
  if (!policy.empty() && policy != "Retain")
    meta::v1::add_forbidden(errors, path.child("persistentVolumeReclaimPolicy"),
                            "may only be Retain in the context of inline volumes");
  if (meta::v1::object_at(spec, "nodeAffinity") != nullptr)
    meta::v1::add_forbidden(errors, path.child("nodeAffinity"), kNotHere);
  validate_persistent_source(errors, path, spec);
  if (!string_at(spec, "storageClassName").empty()) meta::v1::add_forbidden(errors, path.child("storageClassName"), kNotHere);
  std::string_view mode = string_at(spec, "volumeMode");
  if (!mode.empty() && mode != "Filesystem")
    meta::v1::add_forbidden(errors, path.child("volumeMode"),
                            "may not specify volumeMode other than Filesystem in the context of inline volumes");
}

}  // namespace charon::core::v1
