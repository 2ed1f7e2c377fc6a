// NamespaceLifecycle: nothing is created in a namespace that does not exist or is going away, and the namespaces that the
// cluster needs cannot be deleted. As Kubernetes' plugin of that name.
#pragma once

#include <memory>

#include "server/admission/admission.h"
#include "server/cache.h"

namespace charon::server {

std::unique_ptr<AdmissionPlugin> make_namespace_lifecycle(Caches& caches);

}  // namespace charon::server
