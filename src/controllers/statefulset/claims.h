// The claims of a StatefulSet's pods: made before the pod, kept or deleted with the set or with the pod.
//
// Deletion is left to the garbage collector: a claim bears a reference to who takes it along, by
// persistentVolumeClaimRetentionPolicy. Source: KEP-1847; k8s.io/kubernetes pkg/controller/statefulset.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "control/plan.h"

namespace charon::controllers::statefulset {

using ClaimPtr = std::shared_ptr<const core::v1::PersistentVolumeClaim>;

// "data-web-0" of the template "data".
std::string claim_name(const apps::v1::StatefulSet& set, const core::v1::PersistentVolumeClaim& claim_template,
                       std::int64_t ordinal);

class Claims {
 public:
  // `known`: those of the namespace, by name. Writes have this stage. All must outlive it.
  Claims(const apps::v1::StatefulSet& set, const std::map<std::string, ClaimPtr>& known, int stage, control::Plan& plan);

  // Some claim of this ordinal is on its way out, perhaps with the pod before; a pod must not be made on it.
  bool are_leaving(std::int64_t ordinal) const;
  // Makes those that are missing.
  void create(std::int64_t ordinal);
  // Gives the claims the references that the policy wants. `pod`: of this ordinal.
  void own(const core::v1::Pod& pod, std::int64_t ordinal);

 private:
  const apps::v1::StatefulSet& set_;
  const std::map<std::string, ClaimPtr>& known_;
  int stage_;
  control::Plan& plan_;
};

}  // namespace charon::controllers::statefulset
