// LegacyTokenUse: says on which day a token in a secret, which does not expire, was used last, so that people see which of them
// may go (KEP-2799): by a label of the secret, and since when this is done by the ConfigMap
// kube-system/kube-apiserver-legacy-service-account-token-tracking, which is made again when it is gone.
//
// Lives on the server's loop; destroying it stops it. Sources: pkg/serviceaccount/legacy.go and
// pkg/controlplane/controller/legacytokentracking of k8s.io/kubernetes.
#pragma once

#include <set>

#include "api/core/v1/types.h"
#include "base/metrics.h"
#include "base/result.h"
#include "rt/scope.h"
#include "rt/sync.h"
#include "rt/task.h"
#include "server/api.h"
#include "server/cache.h"

namespace charon::server {

class LegacyTokenUse {
 public:
  // Notes nothing before `start`. Both must outlive it.
  LegacyTokenUse(Api& api, Metrics& metrics);
  ~LegacyTokenUse();
  LegacyTokenUse(const LegacyTokenUse&) = delete;

  // Once the namespaces of the cluster are there.
  void start();

  // Somebody was known by the secret's token. The label is written once a day, at leisure; what fails is tried at the next use.
  void note(const core::v1::Secret& secret, const core::v1::ServiceAccount& account);

 private:
  std::string today() const;
  rt::Task<void> label(ObjectKey key, std::string uid);
  rt::Task<void> keep_record();
  // False: it was there, and right.
  rt::Task<Result<bool>> settle_record();

  Api& api_;
  Cache& config_maps_;
  Counter& used_;
  Counter& automatic_;
  Counter& manual_;
  std::set<ObjectKey> being_labelled_;
  rt::Event changed_;
  Cache::Observation observation_;
  rt::Scope scope_;  // last: its tasks use all of the above
};

}  // namespace charon::server
