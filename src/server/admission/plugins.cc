#include "server/admission/plugins.h"

#include "server/admission/certificates/certificates.h"
#include "server/admission/default_toleration_seconds/default_toleration_seconds.h"
#include "server/admission/namespace_lifecycle/namespace_lifecycle.h"
#include "server/admission/node_restriction/node_restriction.h"
#include "server/admission/priority/priority.h"
#include "server/admission/rbac_escalation/rbac_escalation.h"
#include "server/admission/service_account/service_account.h"
#include "server/admission/service_ip/service_ip.h"
#include "server/admission/taint_nodes_by_condition/taint_nodes_by_condition.h"

namespace charon::server {

std::vector<std::unique_ptr<AdmissionPlugin>> make_admission_plugins(const rt::Clock& clock, rt::Random& random, Caches& caches,
                                                                     const AdmissionOptions& options) {
  std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
  plugins.push_back(make_namespace_lifecycle(caches));
  plugins.push_back(make_service_account_admission(random, caches));
  plugins.push_back(make_node_restriction(caches));
  plugins.push_back(make_taint_nodes_by_condition());
  plugins.push_back(make_priority_admission(caches));
  plugins.push_back(make_default_toleration_seconds());
  plugins.push_back(make_certificate_requests(clock));
  plugins.push_back(make_certificate_approval(caches));
  plugins.push_back(make_certificate_signing(caches));
  plugins.push_back(make_certificate_subject_restriction());
  plugins.push_back(make_rbac_escalation(caches));
  plugins.push_back(make_service_ip_allocator(clock, random, caches, options.service_cidr));
  return plugins;
}

}  // namespace charon::server
