// Priority: a pod's priority and preemption policy come from its priority class, or from the default class. As Kubernetes'
// plugin of that name.
#pragma once

#include <memory>

#include "server/admission/admission.h"
#include "server/cache.h"

namespace charon::server {

std::unique_ptr<AdmissionPlugin> make_priority_admission(Caches& caches);

}  // namespace charon::server
