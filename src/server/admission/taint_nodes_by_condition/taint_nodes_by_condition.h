// TaintNodesByCondition: a new node is tainted not-ready until its conditions say otherwise, so that nothing is scheduled to it
// too early. As Kubernetes' plugin of that name.
#pragma once

#include <memory>

#include "server/admission/admission.h"

namespace charon::server {

std::unique_ptr<AdmissionPlugin> make_taint_nodes_by_condition();

}  // namespace charon::server
