// What every cluster has from its first start: the namespaces, the system's priority classes and the Service
// "kubernetes" in front of the API server.
#pragma once

#include <optional>
#include <string>

#include "api/core/v1/types.h"
#include "base/result.h"
#include "client/transport.h"
#include "rt/task.h"

namespace charon::server {

struct BootstrapOptions {
  std::string service_ip;    // of default/kubernetes: the first address of the service range
  std::string advertise_ip;  // where the API server listens, as pods reach it
  int port = 6443;
  std::optional<core::v1::ConfigMap> authentication;  // authn/request_header: whom aggregated servers believe
};

// Makes what is missing, and corrects the endpoints of the Service when the address changed. `transport` acts as an
// administrator.
rt::Task<Result<void>> bootstrap(client::Transport& transport, BootstrapOptions options);

}  // namespace charon::server
