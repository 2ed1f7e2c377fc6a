// Nobody grants by roles and bindings what he may not do himself, except with the verbs "escalate" on roles and "bind" on the
// role that is bound (Kubernetes: "Privilege escalation prevention and bootstrapping").
#pragma once

#include <memory>

#include "server/admission/admission.h"
#include "server/cache.h"

namespace charon::server {

std::unique_ptr<AdmissionPlugin> make_rbac_escalation(Caches& caches);

}  // namespace charon::server
