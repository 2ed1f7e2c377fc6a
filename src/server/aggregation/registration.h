// Registration: keeps an APIService for each group version that this server serves itself, as Kubernetes' autoregister
// controller does.
//
// Those of built-in kinds are put right once, at the start, and then left to their users (label "onstart"); those of custom
// resources all the time ("true"). API services without the label are somebody's own, whatever they name.
// Lives on the server's loop; destroying it stops it.
#pragma once

#include <set>
#include <string>

#include "rt/loop.h"
#include "rt/scope.h"
#include "rt/sync.h"
#include "server/api.h"

namespace charon::server {

inline constexpr std::string_view kAutomanagedLabel = "kube-aggregator.kubernetes.io/automanaged";

class Registration {
 public:
  // Begins at once. `api` must outlive it.
  explicit Registration(Api& api);
  ~Registration();
  Registration(const Registration&) = delete;

 private:
  struct Wanted;

  rt::Task<void> work();
  rt::Task<Result<void>> reconcile();
  rt::Task<Result<void>> settle(std::string name, const Wanted* wanted);

  Api& api_;
  Cache& cache_;
  std::set<std::string> settled_;   // of built-in kinds, since the start
  std::set<std::string> at_start_;  // "onstart" API services that were there at the start
  rt::Event changed_;
  model::KindRegistry::Subscription kinds_changed_;
  Cache::Observation objects_changed_;
  rt::Scope scope_;  // last: its task uses all of the above
};

}  // namespace charon::server
