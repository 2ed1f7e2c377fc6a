#include "api/core/v1/volume_validation.h"

#include <algorithm>
#include <set>

#include "api/core/v1/environment_validation.h"
#include "api/meta/v1/cells.h"
#include "base/names.h"
#include "base/quantity.h"
#include "codec/tree.h"

namespace charon::core::v1 {

using codec::string_at;
using codec::Value;
using meta::v1::add_forbidden;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::is_present;
using meta::v1::items_at;
using meta::v1::object_at;

namespace {

// The members of a volume source that must not be empty.
struct SourceMember {
  std::string_view source;
  std::string_view member;
};
constexpr SourceMember kRequired[] = {{"secret", "secretName"},
                                      {"configMap", "name"},
                                      {"persistentVolumeClaim", "claimName"},
                                      {"nfs", "server"},
                                      {"nfs", "path"},
                                      {"csi", "driver"},
                                      {"gitRepo", "repository"},
                                      {"gcePersistentDisk", "pdName"},
                                      {"awsElasticBlockStore", "volumeID"},
                                      {"iscsi", "targetPortal"},
                                      {"iscsi", "iqn"},
                                      {"glusterfs", "endpoints"},
                                      {"glusterfs", "path"},
                                      {"rbd", "monitors"},
                                      {"rbd", "image"},
                                      {"cinder", "volumeID"},
                                      {"cephfs", "monitors"},
                                      {"azureFile", "secretName"},
                                      {"azureFile", "shareName"},
                                      {"azureDisk", "diskName"},
                                      {"azureDisk", "diskURI"},
                                      {"vsphereVolume", "volumePath"},
                                      {"portworxVolume", "volumeID"},
                                      {"photonPersistentDisk", "pdID"},
                                      {"flexVolume", "driver"},
                                      {"quobyte", "registry"},
                                      {"quobyte", "volume"},
                                      {"scaleIO", "gateway"},
                                      {"scaleIO", "system"},
                                      {"scaleIO", "volumeName"},
                                      {"ephemeral", "volumeClaimTemplate"}};

bool is_empty(const Value& source, std::string_view member) {
  const Value* value = codec::find(source, member);
  if (value == nullptr || value->is_null()) return true;
  return value->is_string() ? value->get_string().empty() : value->is_array() && value->get_array().empty();
}

// A place within a volume: not outside of it, and not one of the "..data" by which its files change at once.
void check_file_path(Errors& errors, const FieldPath& path, std::string_view text) {
  meta::v1::check_descending_path(errors, path, text);
  if (text.starts_with("..") && text != ".." && !text.starts_with("../"))
    add_invalid(errors, path, Value(text), "must not start with '..'");
}

void check_mode(Errors& errors, const FieldPath& path, const Value& owner) {
  std::optional<std::int64_t> mode = codec::int_at(owner, "mode");
  if (mode && (*mode < 0 || *mode > 0777))
    add_invalid(errors, path.child("mode"), Value(*mode), "must be a number between 0 and 0777 (octal), both inclusive");
}

void check_items(Errors& errors, const FieldPath& path, const Value& source) {
  const codec::Array& items = items_at(source, "items");
  FieldPath list = path.child("items");
  for (std::size_t i = 0; i < items.size(); ++i) {
    FieldPath here = list.at(i);
    check_file_path(errors, here.child("path"), string_at(items[i], "path"));
    check_mode(errors, here, items[i]);
  }
}

// Paths are the source's, not the item's, as in Kubernetes.
void check_downward_items(Errors& errors, const FieldPath& here, const Value& source) {
  for (const Value& item : items_at(source, "items")) {
    if (string_at(item, "path").empty()) add_required(errors, here.child("path"));
    check_file_path(errors, here.child("path"), string_at(item, "path"));
    const Value* field = object_at(item, "fieldRef");
    const Value* resource = object_at(item, "resourceFieldRef");
    if (field != nullptr && resource != nullptr)
      add_invalid(errors, here, Value("resource"), "fieldRef and resourceFieldRef can not be specified simultaneously");
    if (field == nullptr && resource == nullptr) add_required(errors, here, "one of fieldRef and resourceFieldRef is required");
    if (field != nullptr) validate_field_ref(errors, here.child("fieldRef"), *field, FieldRefOwner::Volume);
    if (resource != nullptr)
      validate_resource_field_ref(errors, here.child("resourceFieldRef"), *resource, FieldRefOwner::Volume);
    check_mode(errors, here, item);
  }
}

void validate_token(Errors& errors, const FieldPath& path, const Value& token) {
  constexpr std::int64_t kShortest = 600;
  constexpr std::int64_t kLongest = std::int64_t{1} << 32;
  std::int64_t seconds = codec::int_at(token, "expirationSeconds").value_or(kShortest);
  FieldPath here = path.child("expirationSeconds");
  if (seconds < kShortest) add_invalid(errors, here, Value(seconds), "may not specify a duration less than 10 minutes");
  if (seconds > kLongest) add_invalid(errors, here, Value(seconds), "may not specify a duration larger than 2^32 seconds");
  check_file_path(errors, path.child("path"), string_at(token, "path"));
}

void validate_trust_bundle(Errors& errors, const FieldPath& path, const Value& bundle) {
  bool name = is_present(bundle, "name");
  bool signer = is_present(bundle, "signerName");
  if (name && signer) add_invalid(errors, path, bundle, "only one of name and signerName may be used");
  if (!name && !signer) add_required(errors, path, "either name or signerName must be specified");
  if (name && object_at(bundle, "labelSelector") != nullptr)
    add_invalid(errors, path.child("labelSelector"), *object_at(bundle, "labelSelector"),
                "labelSelector must be unset if name is specified");
  meta::v1::check_selector(errors, path.child("labelSelector"), object_at(bundle, "labelSelector"));
  if (string_at(bundle, "path").empty()) add_required(errors, path.child("path"));
  check_file_path(errors, path.child("path"), string_at(bundle, "path"));
}

void validate_projection(Errors& errors, const FieldPath& path, const Value& projection) {
  int given = 0;
  for (std::string_view type :
       {"secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"}) {
    const Value* source = object_at(projection, type);
    if (source == nullptr) continue;
    FieldPath here = path.child(type);
    if (++given > 1) {
      add_forbidden(errors, here, "may not specify more than 1 volume type");
      continue;
    }
    if (type == "secret" || type == "configMap") {
      if (string_at(*source, "name").empty()) add_required(errors, here.child("name"));
      check_items(errors, here, *source);
    } else if (type == "downwardAPI") {
      check_downward_items(errors, here, *source);
    } else if (type == "serviceAccountToken") {
      validate_token(errors, here, *source);
    } else if (type == "clusterTrustBundle") {
      validate_trust_bundle(errors, here, *source);
    }
  }
}

void validate_empty_dir(Errors& errors, const FieldPath& path, const Value& source) {
  Result<Quantity> limit = Quantity::parse(string_at(source, "sizeLimit"));
  if (limit && limit->sign() < 0)
    add_forbidden(errors, path.child("sizeLimit"), "SizeLimit field must be a valid resource quantity");
}

void validate_volume(Errors& errors, const FieldPath& path, const Value& volume) {
  int sources = 0;
  for (const auto& [key, source] : volume.get_object()) {
    std::string_view type(key.data(), key.size());
    if (type == "name" || !source.is_object()) continue;
    FieldPath here = path.child(type);
    if (++sources > 1)
      add_forbidden(errors, here, "may not specify more than 1 volume type");
    else
      validate_volume_source(errors, here, type, source);
  }
}

}  // namespace

void validate_volume_source(Errors& errors, const FieldPath& path, std::string_view type, const Value& source) {
  for (const SourceMember& required : kRequired)
    if (required.source == type && is_empty(source, required.member)) add_required(errors, path.child(required.member));
  if (type == "configMap" || type == "secret") {
    check_items(errors, path, source);
  } else if (type == "downwardAPI") {
    check_downward_items(errors, path, source);
  } else if (type == "projected") {
    const codec::Array& projections = items_at(source, "sources");
    FieldPath list = path.child("sources");
    for (std::size_t i = 0; i < projections.size(); ++i) validate_projection(errors, list.at(i), projections[i]);
  } else if (type == "emptyDir") {
    validate_empty_dir(errors, path, source);
  } else if (type == "hostPath") {
    meta::v1::check_no_backsteps(errors, path.child("path"), string_at(source, "path"));
  } else if (type == "nfs") {
    std::string_view exported = string_at(source, "path");
    if (!exported.starts_with('/')) add_invalid(errors, path.child("path"), Value(exported), "must be an absolute path");
  } else if (type == "gcePersistentDisk" || type == "awsElasticBlockStore") {
    meta::v1::check_range(errors, path.child("partition"), codec::int_at(source, "partition"), 0, 255);
  } else if (type == "iscsi") {
    meta::v1::check_range(errors, path.child("lun"), codec::int_at(source, "lun"), 0, 255);
    std::string_view name = string_at(source, "iqn");
    if (!name.starts_with("iqn") && !name.starts_with("eui") && !name.starts_with("naa"))
      add_invalid(errors, path.child("iqn"), Value(name), "must be valid format starting with iqn, eui, or naa");
  } else if (type == "csi") {
    if (const Value* secret = object_at(source, "nodePublishSecretRef"); secret && string_at(*secret, "name").empty())
      add_required(errors, path.child("nodePublishSecretRef").child("name"));
  } else if (type == "fc") {
    bool names = !is_empty(source, "targetWWNs");
    bool ids = !is_empty(source, "wwids");
    if (names == ids)
      add_required(
          errors, path.child("targetWWNs"),
          names ? "fc can not specify both targetWWNs and wwids" : "must specify either targetWWNs or wwids, but not both");
    else if (names && !codec::int_at(source, "lun"))
      add_required(errors, path.child("lun"), "lun is required if targetWWNs is specified");
  }
}

VolumesByName validate_volumes(Errors& errors, const FieldPath& path, const Value& spec) {
  VolumesByName by_name;
  const codec::Array& volumes = items_at(spec, "volumes");
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    FieldPath here = path.at(i);
    std::string_view name = string_at(volumes[i], "name");
    if (!name.empty() && !by_name.emplace(name, &volumes[i]).second) meta::v1::add_duplicate(errors, here.child("name"), name);
    if (volumes[i].is_object()) validate_volume(errors, here, volumes[i]);
  }
  return by_name;
}

}  // namespace charon::core::v1
