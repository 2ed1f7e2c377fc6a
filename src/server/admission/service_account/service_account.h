// ServiceAccount: every pod runs as a service account that exists, and finds its token, the cluster's certificate and its
// namespace in /var/run/secrets/kubernetes.io/serviceaccount, unless the pod or the account says otherwise. As Kubernetes'
// plugin of that name.
#pragma once

#include <memory>

#include "rt/random.h"
#include "server/admission/admission.h"
#include "server/cache.h"

namespace charon::server {

std::unique_ptr<AdmissionPlugin> make_service_account_admission(rt::Random& random, Caches& caches);

}  // namespace charon::server
