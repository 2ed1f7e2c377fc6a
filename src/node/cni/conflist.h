// The pod network's CNI configuration: a bridge with host-local addresses from the node's pod CIDR, and host ports.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "rt/files.h"

namespace charon::node {

struct PodNetwork {
  std::string name = "charon";
  std::string bridge = "charon0";             // at most 15 characters
  std::vector<std::string> pod_cidrs;         // of this node; one of each IP family at most
  std::string ipam_data_dir = "/var/lib/cni/networks";
  int mtu = 0;                                // 0: the plugin's default
};

// The text of the conflist (CNI specification 0.4.0, which Debian's plugins and containerd 1.6 speak).
std::string conflist(const PodNetwork& network);

// Writes <conf_dir>/10-charon.conflist unless it is there as it should be. containerd watches the folder.
Result<void> write_conflist(rt::Files& files, const std::string& conf_dir, const PodNetwork& network);

}  // namespace charon::node
