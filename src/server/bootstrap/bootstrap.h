// What every cluster has from its first start: the namespaces, the system's priority classes and the Service
// "kubernetes" in front of the API server.
#pragma once

#include <optional>

#include "api/core/v1/types.h"
#include "base/result.h"
#include "client/transport.h"
#include "rt/task.h"
#include "server/bootstrap/kubernetes_service.h"

namespace charon::server {

struct BootstrapOptions {
  KubernetesService service;
  std::optional<core::v1::ConfigMap> authentication;  // authn/request_header: whom aggregated servers believe
};

// Makes what is missing, and puts right what has changed since. `transport` acts as an administrator.
rt::Task<Result<void>> bootstrap(client::Transport& transport, BootstrapOptions options);

}  // namespace charon::server
