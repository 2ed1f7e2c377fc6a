#include "control/ownership.h"

#include "codec/tree.h"

namespace charon::control {

const meta::v1::OwnerReference* controller_of(const meta::v1::ObjectMeta& metadata) {
  for (const meta::v1::OwnerReference& reference : metadata.ownerReferences)
    if (reference.controller.value_or(false)) return &reference;
  return nullptr;
}

std::vector<std::string> orphan_namespace(const model::Document& document) {
  // In canonical JSON only an owner reference looks like this; inside a string the quotes would be escaped.
  if (document.json()->find("\"controller\":true") != std::string::npos) return {};
  return {document.key().ns};
}

codec::Value adopt_patch(const meta::v1::OwnerReference& reference, const std::string& uid) {
  codec::Array references;
  references.push_back(codec::Object{{"apiVersion", reference.apiVersion},
                                     {"kind", reference.kind},
                                     {"name", reference.name},
                                     {"uid", reference.uid},
                                     {"controller", true},
                                     {"blockOwnerDeletion", true}});
  return codec::Object{{"metadata", codec::Object{{"ownerReferences", std::move(references)}, {"uid", uid}}}};
}

codec::Value release_patch(const std::string& owner_uid, const std::string& uid) {
  codec::Array references;
  references.push_back(codec::Object{{"$patch", "delete"}, {"uid", owner_uid}});
  return codec::Object{{"metadata", codec::Object{{"ownerReferences", std::move(references)}, {"uid", uid}}}};
}

}  // namespace charon::control
