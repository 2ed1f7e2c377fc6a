// A pod's containers as the node agent walks over them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/v1/types.h"
#include "node/pod/observed.h"

namespace charon::node {

// KEP-753: a sidecar is an init container with restartPolicy Always. KEP-277: an ephemeral container is added to a running pod.
enum class Role : std::uint8_t { Init, Sidecar, Main, Ephemeral };

struct ContainerView {
  const core::v1::Container* spec = nullptr;  // lives as long as the pod
  Role role = Role::Main;
};

enum class RestartPolicy : std::uint8_t { Always, OnFailure, Never };

// Init containers and sidecars in their order, then the main containers: those that the pod consists of.
std::vector<ContainerView> containers_of(const core::v1::Pod& pod);
// An ephemeral container and the container that it joins, as a container of its own.
struct EphemeralView {
  core::v1::Container spec;
  std::string target;  // the container whose processes it sees; empty: none
};
std::vector<EphemeralView> ephemeral_containers_of(const core::v1::Pod& pod);
// By name, among all of them.
std::optional<core::v1::Container> find_container(const core::v1::Pod& pod, std::string_view name);
// What the pod's object says of the container; null when nothing.
const core::v1::ContainerStatus* reported_status(const core::v1::Pod& pod, std::string_view name);
RestartPolicy restart_policy(const core::v1::Pod& pod, const ContainerView& container);

// The newest container of that name and the one before it; null when there is none.
const ObservedContainer* newest(const ObservedPod& observed, std::string_view name);
const ObservedContainer* previous(const ObservedPod& observed, std::string_view name);

// Changes when a running container must be replaced: its image (all else of a container is immutable).
std::string spec_hash(const core::v1::Container& container);

// "Guaranteed", "Burstable" or "BestEffort" (kubernetes.io: Pod Quality of Service Classes).
std::string qos_class(const core::v1::Pod& pod);

}  // namespace charon::node
