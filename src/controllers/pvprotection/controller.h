// PersistentVolumes that are bound to a claim stay until they are not: the finalizer kubernetes.io/pv-protection.
//
// Source: Kubernetes' pv-protection-controller. Keys are volumes.
#pragma once

#include <memory>

#include "control/controller.h"

namespace charon::controllers::pvprotection {

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::pvprotection
