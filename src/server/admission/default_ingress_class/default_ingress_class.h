// DefaultIngressClass: an ingress that names no class gets the default one, the newest of several.
#pragma once

#include <memory>

#include "server/admission/admission.h"
#include "server/cache.h"

namespace charon::server {

std::unique_ptr<AdmissionPlugin> make_default_ingress_class(Caches& caches);

}  // namespace charon::server
