// How fast the nodes of a zone are given up: taints that drive pods away are set one after the other, and not at all when it is
// more likely that the network, or this server's view of it, is broken.
//
// Source: k8s.io/kubernetes pkg/controller/nodelifecycle (ComputeZoneState, handleDisruption), with its default rates.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "api/core/v1/types.h"
#include "base/time.h"

namespace charon::controllers::nodelifecycle {

struct EvictionRates {
  std::chrono::seconds interval{10};             // between two nodes of a zone
  std::chrono::seconds disrupted_interval{100};  // of a zone of which most nodes are not ready
  double disrupted_share = 0.55;
  int large = 50;  // nodes; a smaller zone that is disrupted is left alone
};

struct Zone {
  // Between two nodes; empty: none is given up now.
  std::optional<std::chrono::seconds> interval;
  // When the last node was given up.
  std::optional<Time> last;
  // No node of the cluster is ready: what was given up is taken back.
  bool all_lost = false;
};

// Of the zone that `node` is in, among all nodes of the cluster.
Zone zone_of(const core::v1::Node& node, const std::vector<std::shared_ptr<const core::v1::Node>>& nodes,
             const EvictionRates& rates = {});

bool is_ready(const core::v1::Node& node);

}  // namespace charon::controllers::nodelifecycle
