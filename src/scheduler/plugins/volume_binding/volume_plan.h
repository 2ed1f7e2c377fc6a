// Which volumes a pod's claims would get on a node. Pure.
//
// A claim is bound, waits for its first consumer (its class says WaitForFirstConsumer), or is to be bound without regard to
// pods, which somebody else does. A waiting claim gets the smallest volume that suits it, or one made for the node by its
// class. Sources: KEP-490 (topology-aware volume scheduling), kube-scheduler's volumebinding for the words.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/node_info.h"
#include "scheduler/storage.h"

namespace charon::scheduler {

struct WaitingClaim {
  const Claim* claim = nullptr;
  model::LabelSelector selector;
};

struct PodClaims {
  std::vector<const Claim*> bound;
  std::vector<WaitingClaim> waiting;  // the largest last: small ones should not take what large ones need
  // The pod cannot run anywhere now, and why.
  std::optional<std::string> rejection;
};

PodClaims claims_of(const Storage& storage, const PodInfo& pod);

struct VolumePlan {
  struct Match {
    std::string claim;  // its key
    std::string volume;
  };
  std::vector<Match> matches;
  std::vector<std::string> provisions;  // keys of claims for which a volume is to be made

  bool empty() const { return matches.empty() && provisions.empty(); }
};

// The error is why the node does not do.
std::expected<VolumePlan, std::string_view> plan_volumes(const Storage& storage, const PodClaims& claims, const NodeInfo& node);

}  // namespace charon::scheduler
