// The controller of plan.h.
#pragma once

#include <memory>

#include "control/controller.h"

namespace charon::controllers::tokencleaner {

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::tokencleaner
