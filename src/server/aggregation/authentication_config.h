// AuthenticationConfig: keeps the ConfigMap kube-system/extension-apiserver-authentication as it must be, by which aggregated
// servers tell this server and the users' certificates from others' (authn/request_header): made again when it is deleted, put
// right when its members are changed, renewed with the authorities. What others add to it stays.
//
// Lives on the server's loop; destroying it stops it. Source: kube-apiserver's cluster authentication trust controller.
#pragma once

#include "api/core/v1/types.h"
#include "base/result.h"
#include "rt/scope.h"
#include "rt/sync.h"
#include "rt/task.h"
#include "server/api.h"
#include "server/cache.h"

namespace charon::server {

class AuthenticationConfig {
 public:
  // Begins at once. `api` must outlive it.
  AuthenticationConfig(Api& api, core::v1::ConfigMap wanted);
  ~AuthenticationConfig();
  AuthenticationConfig(const AuthenticationConfig&) = delete;

  void replace(core::v1::ConfigMap wanted);

 private:
  rt::Task<void> work();
  // False: it was right.
  rt::Task<Result<bool>> settle();

  Api& api_;
  Cache& cache_;
  core::v1::ConfigMap wanted_;
  rt::Event changed_;
  Cache::Observation observation_;
  rt::Scope scope_;  // last: its task uses all of the above
};

}  // namespace charon::server
