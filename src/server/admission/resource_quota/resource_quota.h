// ResourceQuota: refuses what would exceed a quota of the namespace, and charges the rest to it (ledger.h).
#pragma once

#include <memory>

#include "rt/loop.h"
#include "server/admission/admission.h"
#include "server/cache.h"
#include "store/store.h"

namespace charon::server {

std::unique_ptr<AdmissionPlugin> make_resource_quota(rt::Loop& loop, store::Store& store, Caches& caches);

}  // namespace charon::server
