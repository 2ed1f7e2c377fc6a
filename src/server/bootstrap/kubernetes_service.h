// The Service default/kubernetes, by which pods reach the API server, and its endpoints: made when they are missing, put right
// when they are changed.
//
// Source: kube-apiserver's kubernetesservice controller, which looks every ten seconds.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "client/transport.h"
#include "rt/loop.h"
#include "rt/scope.h"
#include "rt/task.h"

namespace charon::server {

struct KubernetesService {
  std::string service_ip;    // the first address of the service range
  std::string advertise_ip;  // where the API server listens, as pods reach it; a loopback address is nobody's endpoint
  int port = 6443;
};

// Once. `transport` acts as an administrator.
rt::Task<Result<void>> settle_kubernetes_service(client::Transport& transport, KubernetesService wanted);

// Settles it again and again; what fails is tried again the next time. One loop; destroying it stops it.
class KubernetesServiceKeeper {
 public:
  static constexpr std::chrono::seconds kInterval{10};

  // `transport` must outlive it.
  KubernetesServiceKeeper(rt::Loop& loop, client::Transport& transport, KubernetesService wanted);
  KubernetesServiceKeeper(const KubernetesServiceKeeper&) = delete;

 private:
  rt::Task<void> work();

  rt::Loop& loop_;
  client::Transport& transport_;
  KubernetesService wanted_;
  rt::Scope scope_;  // last: its task uses all of the above
};

}  // namespace charon::server
