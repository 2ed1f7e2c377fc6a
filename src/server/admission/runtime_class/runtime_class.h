// RuntimeClass: a pod's overhead, node selector and tolerations come from its RuntimeClass.
#pragma once

#include <memory>

#include "server/admission/admission.h"
#include "server/cache.h"

namespace charon::server {

std::unique_ptr<AdmissionPlugin> make_runtime_class(Caches& caches);

}  // namespace charon::server
