// What every namespace has from the start: the service account "default" and the config map kube-root-ca.crt, by which pods
// trust the API server.
//
// Source: k8s.io/kubernetes pkg/controller/serviceaccount and pkg/controller/certificates/rootcacertpublisher.
#pragma once

#include <memory>
#include <string>

#include "api/core/v1/types.h"
#include "control/plan.h"

namespace charon::controllers::serviceaccount {

struct State {
  std::shared_ptr<const core::v1::Namespace> space;
  std::shared_ptr<const core::v1::ServiceAccount> default_account;  // null when missing
  std::shared_ptr<const core::v1::ConfigMap> root_ca;               // likewise
};

// `ca_pem`: the certificate that the API server's was signed with.
control::Plan plan_namespace_identity(const State& state, const std::string& ca_pem);

}  // namespace charon::controllers::serviceaccount
