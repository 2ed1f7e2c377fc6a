// PodSecurity: the labels of a namespace say which Pod Security Standard its pods must meet (enforce), and which one is warned
// about (warn). The audit label is checked and otherwise without effect, for there is no audit log.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/admission/admission.h"
#include "server/cache.h"

namespace charon::server {

// Who and what is not checked.
struct PodSecurityExemptions {
  std::vector<std::string> usernames;
  std::vector<std::string> namespaces;
  std::vector<std::string> runtime_classes;
};

std::unique_ptr<AdmissionPlugin> make_pod_security(Caches& caches, PodSecurityExemptions exemptions);

}  // namespace charon::server
