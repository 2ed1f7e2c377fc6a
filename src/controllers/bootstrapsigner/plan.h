// The ConfigMap kube-public/cluster-info, by which a machine that knows a join token finds the cluster and its certificate: it
// holds a kubeconfig without a user, and for each token a signature of it by that token's secret (key jws-kubeconfig-<id>).
//
// Source: k8s.io/kubernetes pkg/controller/bootstrap; the kubeconfig is kubeadm's. What a person changes in it is kept and
// signed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/core/v1/types.h"
#include "base/time.h"
#include "control/plan.h"

namespace charon::controllers::bootstrapsigner {

struct State {
  std::shared_ptr<const core::v1::ConfigMap> cluster_info;             // null when missing
  std::vector<std::shared_ptr<const core::v1::Secret>> token_secrets;  // of kube-system, of any sort
};

struct ClusterAddress {
  std::string server_url;
  std::string ca_pem;
};

control::Plan plan_cluster_info(const State& state, const ClusterAddress& address, Time now);

}  // namespace charon::controllers::bootstrapsigner
