// StorageObjectInUseProtection: new claims and volumes get the finalizers that controllers/pvcprotection and pvprotection take
// off again when nobody uses them any more.
#pragma once

#include <memory>

#include "server/admission/admission.h"

namespace charon::server {

std::unique_ptr<AdmissionPlugin> make_storage_object_in_use_protection();

}  // namespace charon::server
