// Generic ephemeral volumes: the claim that a pod's volume with a template stands for is made from the template, and goes with
// the pod, which owns it.
//
// Source: k8s.io/kubernetes pkg/controller/volume/ephemeral.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "api/core/v1/types.h"
#include "control/plan.h"

namespace charon::controllers::ephemeralvolume {

// The name of the claim: the pod's and the volume's.
std::string claim_name(const core::v1::Pod& pod, const core::v1::Volume& volume);

struct State {
  std::shared_ptr<const core::v1::Pod> pod;
  // By name, those of the pod's claims that are there.
  std::map<std::string, std::shared_ptr<const core::v1::PersistentVolumeClaim>> claims;
};

control::Plan plan_claims(const State& state);

}  // namespace charon::controllers::ephemeralvolume
