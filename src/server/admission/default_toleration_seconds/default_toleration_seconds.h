// DefaultTolerationSeconds: pods stay for five minutes on a node that became unready or unreachable, unless they say otherwise.
// As Kubernetes' plugin of that name.
#pragma once

#include <memory>

#include "server/admission/admission.h"

namespace charon::server {

std::unique_ptr<AdmissionPlugin> make_default_toleration_seconds();

}  // namespace charon::server
