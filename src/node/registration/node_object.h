// The Node object that the agent reports. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/core/v1/types.h"
#include "node/registration/facts.h"

namespace charon::node {

struct NodeOptions {
  std::string name;
  std::string internal_ip;
  std::uint16_t api_port = 10250;
  std::map<std::string, std::string, std::less<>> labels;  // beside the well-known ones
  std::vector<core::v1::Taint> taints;
  std::string pod_cidr;       // empty: given by the cluster
  std::int32_t max_pods = 110;
  std::string version;        // "v1.36.0"
  std::string data_dir = "/var/lib/charon";
};

struct RuntimeHealth {
  bool answers = false;         // the runtime's Version and Status calls succeed
  std::string version;          // "containerd://1.6.20"
  std::string not_ready;        // why RuntimeReady or NetworkReady is false; empty when both hold
};

// What a new Node is created with (labels, taints, pod CIDR, status).
core::v1::Node new_node(const NodeOptions& options, const MachineFacts& machine, const RuntimeHealth& runtime, Time now);

// `before` with our part of labels and status brought up to date; conditions of others and unchanged transition times stay.
core::v1::Node updated_node(const core::v1::Node& before, const NodeOptions& options, const MachineFacts& machine,
                            const RuntimeHealth& runtime, Time now);

// Whether they differ in more than heartbeats.
bool node_changed(const core::v1::Node& before, const core::v1::Node& after);

}  // namespace charon::node
