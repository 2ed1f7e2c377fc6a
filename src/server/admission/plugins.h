// The built-in admission plugins, in the order in which Kubernetes runs them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rt/loop.h"
#include "rt/random.h"
#include "server/admission/admission.h"
#include "server/cache.h"

namespace charon::server {

struct AdmissionOptions {
  std::string service_cidr = "10.43.0.0/16";
};

// All must outlive the plugins.
std::vector<std::unique_ptr<AdmissionPlugin>> make_admission_plugins(const rt::Clock& clock, rt::Random& random, Caches& caches,
                                                                     const AdmissionOptions& options);

}  // namespace charon::server
