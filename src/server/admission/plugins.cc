#include "server/admission/plugins.h"

#include "server/admission/certificates/certificates.h"
#include "server/admission/default_ingress_class/default_ingress_class.h"
#include "server/admission/default_storage_class/default_storage_class.h"
#include "server/admission/default_toleration_seconds/default_toleration_seconds.h"
#include "server/admission/limit_ranger/limit_ranger.h"
#include "server/admission/namespace_lifecycle/namespace_lifecycle.h"
#include "server/admission/node_restriction/node_restriction.h"
#include "server/admission/persistent_volume_claim_resize/persistent_volume_claim_resize.h"
#include "server/admission/pod_security/pod_security.h"
#include "server/admission/priority/priority.h"
#include "server/admission/rbac_escalation/rbac_escalation.h"
#include "server/admission/resource_quota/resource_quota.h"
#include "server/admission/runtime_class/runtime_class.h"
#include "server/admission/service_account/service_account.h"
#include "server/admission/service_ip/service_ip.h"
#include "server/admission/storage_object_in_use_protection/storage_object_in_use_protection.h"
#include "server/admission/taint_nodes_by_condition/taint_nodes_by_condition.h"
#include "server/admission/webhook/webhooks.h"

namespace charon::server {

std::vector<std::unique_ptr<AdmissionPlugin>> make_admission_plugins(rt::Loop& loop, rt::Net& net, rt::Random& random,
                                                                     store::Store& store, Caches& caches, Metrics& metrics,
                                                                     const AdmissionOptions& options) {
  auto webhooks = std::make_shared<WebhookDispatch>(loop, net, random, caches, metrics);
  std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
  plugins.push_back(make_namespace_lifecycle(caches));
  plugins.push_back(make_limit_ranger(caches));
  plugins.push_back(make_service_account_admission(random, caches));
  plugins.push_back(make_node_restriction(caches, options.authorizer));
  plugins.push_back(make_taint_nodes_by_condition());
  plugins.push_back(make_pod_security(caches, options.pod_security_exemptions));
  plugins.push_back(make_priority_admission(caches));
  plugins.push_back(make_default_toleration_seconds());
  plugins.push_back(make_default_storage_class(caches));
  plugins.push_back(make_storage_object_in_use_protection());
  plugins.push_back(make_claim_resize(caches));
  plugins.push_back(make_runtime_class(caches));
  plugins.push_back(make_certificate_requests(loop.clock()));
  plugins.push_back(make_certificate_approval(caches));
  plugins.push_back(make_certificate_signing(caches));
  plugins.push_back(make_certificate_subject_restriction());
  plugins.push_back(make_default_ingress_class(caches));
  // What Kubernetes does while it stores these kinds, after all that may change them.
  plugins.push_back(make_rbac_escalation(caches));
  plugins.push_back(make_mutating_webhooks(webhooks));
  plugins.push_back(make_validating_webhooks(webhooks));
  plugins.push_back(make_resource_quota(loop, store, caches));
  plugins.push_back(make_service_ip_allocator(loop.clock(), random, caches, options.service_cidr));
  return plugins;
}

}  // namespace charon::server
