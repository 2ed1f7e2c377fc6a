// All controllers of this folder, one for each sub-folder; list.cc is written by the build (cmake/controllers.cmake).
#pragma once

#include <memory>
#include <vector>

#include "control/controller.h"

namespace charon::controllers {

std::vector<std::unique_ptr<control::Controller>> make_all(const control::ControllerSettings& settings);

}  // namespace charon::controllers
