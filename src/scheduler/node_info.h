// NodeInfo: what the scheduler needs of a node and of the pods on it, ready to be compared.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/core/v1/types.h"
#include "scheduler/pod_counts.h"
#include "scheduler/pod_info.h"

namespace charon::scheduler {

struct NodePods {
  std::vector<PodInfoPtr> placed;
  std::vector<PodInfoPtr> nominated;                // waiting for room that is being made for them here
  std::map<std::int32_t, std::int32_t> priorities;  // of those placed, each with the number of pods

  bool has_lower_than(std::int32_t priority) const { return !priorities.empty() && priorities.begin()->first < priority; }
};

// Copies are cheap: a copy with pods added or taken away is the node as it would be.
struct NodeInfo {
  // First what every decision looks at.
  Resources allocatable;
  Resources requested;
  std::int64_t scoring_milli_cpu = 0;  // requested, with a minimum for containers that ask for nothing
  std::int64_t scoring_memory_bytes = 0;
  std::int32_t allowed_pods = 0;
  std::int32_t pod_count = 0;
  bool unschedulable = false;
  bool repels = false;       // has NoSchedule or NoExecute taints
  bool discourages = false;  // has PreferNoSchedule taints
  bool awaited = false;      // pods are nominated to it

  std::string name;
  std::shared_ptr<const core::v1::Node> node;  // null while only pods of it are known
  const NodePods* pods = nullptr;              // who is there now; the snapshot's
  std::vector<HostPort> host_ports;
  std::vector<SharedDisk> disks;
  std::vector<std::string> claims;  // keys of the claims in use, once for each pod that uses it
  Place place;
  std::vector<TopologyValue> topology;  // by TopologyKey
  std::size_t position = 0;             // in Snapshot::nodes()
  // What runs there really uses, by the node's own report; absent when it makes none.
  struct Usage {
    std::int64_t milli_cpu = 0;
    std::int64_t memory_bytes = 0;
  };
  std::optional<Usage> usage;

  const LabelMap& labels() const { return node->metadata.labels; }
  // The report, and what pods that came or went since then ask for: between two reports a node must not look as empty to
  // the hundredth pod as to the first.
  std::optional<Usage> expected_usage() const;
  void report(Usage used);
  // A pod comes (+1) or leaves (-1).
  void occupy(const PodInfo& pod, std::int32_t sign);

 private:
  Usage requested_then_;  // scoring_... at the time of the report
};

}  // namespace charon::scheduler
