// The CRI configurations of a pod's sandbox and containers. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/core/v1/types.h"
#include "api/cri/v1/types.h"
#include "base/result.h"
#include "node/cri/environment.h"

namespace charon::node {

// What the node gives to every pod.
struct PodSetup {
  std::string log_root = "/var/log/pods";
  std::string pods_dir;                  // <pods_dir>/<uid>/ belongs to one pod
  std::string pods_memory_dir;           // the same on a tmpfs
  std::vector<std::string> cluster_dns;  // empty: pods use the host's resolver
  std::string cluster_domain = "cluster.local";
  std::string host_resolv_conf;   // content of the host's, for its search domains
  std::int64_t memory_bytes = 0;  // of the node
  NodeAllocatable allocatable;
};

std::string pod_log_directory(const PodSetup& setup, const core::v1::Pod& pod);  // <root>/<namespace>_<name>_<uid>
std::string pod_directory(const PodSetup& setup, std::string_view uid);
std::string pod_hostname(const core::v1::Pod& pod);
// The content of /etc/hosts in the pod's containers.
std::string hosts_file(const core::v1::Pod& pod, const std::vector<std::string>& ips, const std::string& cluster_domain);

cri::v1::PodSandboxConfig sandbox_config(const core::v1::Pod& pod, std::uint32_t attempt, const PodSetup& setup);

// The user that an image runs as.
struct ImageUser {
  std::optional<std::int64_t> uid;  // 0 where the image names no user
  std::string name;                 // where it names one by name
};

struct ContainerSetup {
  std::uint32_t attempt = 0;
  std::string image_ref;               // as the runtime named the image
  std::vector<cri::v1::Mount> mounts;  // volumes first, then the agent's own files
  Environment environment;
  std::string target_id;  // of the container whose process namespace it joins; empty: none
  std::optional<ImageUser> image_user;
};

// Whether the security context leaves the user to the image and asks for something that depends on who that is: then
// `image_user` must be given.
bool depends_on_image_user(const core::v1::Pod& pod, const core::v1::Container& container);

// BadRequest when the container asks for what cannot be given (run as non-root with user 0, or with one that only has a name).
Result<cri::v1::ContainerConfig> container_config(const core::v1::Pod& pod, const core::v1::Container& container,
                                                  ContainerSetup container_setup, const PodSetup& setup);

}  // namespace charon::node
