// The built-in admission plugins, in the order in which Kubernetes runs them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/random.h"
#include "server/admission/admission.h"
#include "server/admission/pod_security/pod_security.h"
#include "server/authz/authorizer.h"
#include "server/cache.h"
#include "store/store.h"

namespace charon::server {

struct AdmissionOptions {
  std::string service_cidr = "10.43.0.0/16";
  PodSecurityExemptions pod_security_exemptions = {};
  const Authorizer* authorizer = nullptr;  // of what plugins ask beside the request; null: it is refused. Outlives the plugins
};

// All must outlive the plugins. Webhooks are called over `net`; what quotas count is kept in `store`.
std::vector<std::unique_ptr<AdmissionPlugin>> make_admission_plugins(rt::Loop& loop, rt::Net& net, rt::Random& random,
                                                                     store::Store& store, Caches& caches, Metrics& metrics,
                                                                     const AdmissionOptions& options);

}  // namespace charon::server
