// Owner references: who controls an object, and taking over or letting go of objects by a label selector.
//
// Source: apimachinery's metav1.GetControllerOf, client-go's controller ref manager.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/meta/v1/types.h"
#include "codec/value.h"
#include "control/plan.h"
#include "model/document.h"
#include "model/selector.h"

namespace charon::control {

// The reference with controller: true; null when there is none.
const meta::v1::OwnerReference* controller_of(const meta::v1::ObjectMeta& metadata);

// Index of objects that have no controller, by namespace: who could be adopted.
inline constexpr std::string_view kOrphanIndex = "orphan";
std::vector<std::string> orphan_namespace(const model::Document& document);

// The reference that makes `owner` the controller of an object, and blocks its foreground deletion until that is gone.
template <class T>
meta::v1::OwnerReference controller_reference(const T& owner) {
  const model::Kind& kind = client::kind_of<T>();
  meta::v1::OwnerReference reference;
  reference.apiVersion = kind.gv.text();
  reference.kind = kind.kind;
  reference.name = owner.metadata.name;
  reference.uid = owner.metadata.uid;
  reference.controller = true;
  reference.blockOwnerDeletion = true;
  return reference;
}

// Strategic merge patches; both fail with Conflict when the object is not the one with `uid` any more.
codec::Value adopt_patch(const meta::v1::OwnerReference& reference, const std::string& uid);
codec::Value release_patch(const std::string& owner_uid, const std::string& uid);

// Those of `candidates` (objects of one namespace) that `owner` controls. What it controls without matching is released;
// what matches and has no controller is adopted, unless either is being deleted. Adds the patches to `plan`.
template <class Owner, class T>
std::vector<std::shared_ptr<const T>> claim(const Owner& owner, const model::LabelSelector& selector,
                                            const std::vector<std::shared_ptr<const T>>& candidates, Plan& plan) {
  std::vector<std::shared_ptr<const T>> claimed;
  for (const std::shared_ptr<const T>& object : candidates) {
    const meta::v1::ObjectMeta& metadata = object->metadata;
    const meta::v1::OwnerReference* controller = controller_of(metadata);
    const bool matches = selector.matches(metadata.labels);
    const bool frozen = owner.metadata.deletionTimestamp.has_value();
    if (controller != nullptr && controller->uid != owner.metadata.uid) continue;
    if (controller != nullptr && !matches && !frozen) {
      plan.patch<T>({metadata.namespace_, metadata.name}, client::PatchType::StrategicMerge,
                    release_patch(owner.metadata.uid, metadata.uid))
          .missing_is_fine = true;
      continue;
    }
    if (controller != nullptr && matches) claimed.push_back(object);
    if (controller != nullptr || !matches || frozen || metadata.deletionTimestamp) continue;
    plan.patch<T>({metadata.namespace_, metadata.name}, client::PatchType::StrategicMerge,
                  adopt_patch(controller_reference(owner), metadata.uid))
        .missing_is_fine = true;
    claimed.push_back(object);
  }
  return claimed;
}

}  // namespace charon::control
