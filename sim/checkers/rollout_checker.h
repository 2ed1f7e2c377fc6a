// The promise of a rolling update, held against every change in the store.
//
//   surge        the replica sets of a deployment together ask for at most replicas + maxSurge
//   unavailable  at least replicas - maxUnavailable of its pods are ready (with minReadySeconds 0 that is available)
//
// A promise starts to hold when the controller has seen the user's last change of the spec and the numbers have come into the
// bounds (and no pod is left to be deleted that an older spec had given up); from then on they must not leave them. Pods that
// crash or are killed, and nodes that fall silent, break the second one rightly: it is for runs without them. Source: apps/v1
// RollingUpdateDeployment; k8s.io/kubernetes pkg/controller/deployment.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "api/apps/v1/types.h"
#include "sim/checkers/findings.h"
#include "sim/checkers/truth.h"

namespace charon::sim {

enum class Disruptions : std::uint8_t { None, Expected };

class RolloutChecker {
 public:
  // Both must outlive it. With Disruptions::Expected only the surge is checked.
  RolloutChecker(Truth& truth, Findings& findings, Disruptions disruptions);
  RolloutChecker(const RolloutChecker&) = delete;
  // How often a bound was compared while it held.
  std::uint64_t comparisons() const { return comparisons_; }

 private:
  struct Watched {
    std::string bounds;  // replicas and strategy as text: a change of them starts anew
    bool surge_holds = false;
    bool ready_holds = false;
  };
  void look(const Truth::Change& change);
  void check(const apps::v1::Deployment& deployment);

  const Truth& truth_;
  Findings& findings_;
  Disruptions disruptions_;
  std::uint64_t comparisons_ = 0;
  std::map<std::string, Watched> deployments_;  // by uid
};

}  // namespace charon::sim
