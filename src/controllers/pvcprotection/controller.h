// PersistentVolumeClaims that a pod uses stay until it is gone: the finalizer kubernetes.io/pvc-protection.
//
// Source: Kubernetes' pvc-protection-controller. Keys are claims.
#pragma once

#include <memory>

#include "control/controller.h"

namespace charon::controllers::pvcprotection {

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::pvcprotection
