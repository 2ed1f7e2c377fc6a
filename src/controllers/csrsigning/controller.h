// The controller of plan.h for CertificateSigningRequests.
#pragma once

#include <memory>

#include "control/controller.h"

namespace charon::controllers::csrsigning {

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::csrsigning
