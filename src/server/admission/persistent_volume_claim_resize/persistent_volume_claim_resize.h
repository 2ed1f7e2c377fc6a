// PersistentVolumeClaimResize: only bound claims of a class that allows it may grow.
#pragma once

#include <memory>

#include "server/admission/admission.h"
#include "server/cache.h"

namespace charon::server {

std::unique_ptr<AdmissionPlugin> make_claim_resize(Caches& caches);

}  // namespace charon::server
