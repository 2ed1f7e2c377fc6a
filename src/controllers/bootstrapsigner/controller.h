// The controller of plan.h. Its one key is kube-public/cluster-info.
#pragma once

#include <memory>

#include "control/controller.h"

namespace charon::controllers::bootstrapsigner {

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::bootstrapsigner
