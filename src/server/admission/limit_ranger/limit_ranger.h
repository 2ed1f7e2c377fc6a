// LimitRanger: the LimitRanges of a namespace give new containers default requests and limits, and bound what containers, pods
// and claims may ask for.
#pragma once

#include <memory>

#include "server/admission/admission.h"
#include "server/cache.h"

namespace charon::server {

std::unique_ptr<AdmissionPlugin> make_limit_ranger(Caches& caches);

}  // namespace charon::server
