// The pod state machine: what to do next for one pod, and what its status is. Pure: no I/O, no clock.
//
// `decide` is called again and again with a fresh observation until it asks for nothing; it never depends on having been
// called before, except through PodMemory. Behaviour follows the kubelet (KEP-753 for sidecars, KEP-277 for ephemeral
// containers).
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/core/v1/types.h"
#include "node/pod/containers.h"
#include "node/pod/memory.h"
#include "node/pod/observed.h"

namespace charon::node {

struct PrepareVolumes {
  bool operator==(const PrepareVolumes&) const = default;
};
struct CreateSandbox {
  std::uint32_t attempt = 0;
  bool operator==(const CreateSandbox&) const = default;
};
struct StopSandbox {
  std::string id;
  bool operator==(const StopSandbox&) const = default;
};
struct RemoveSandbox {
  std::string id;
  bool operator==(const RemoveSandbox&) const = default;
};
// Makes sure that the image of the container is here, by its pull policy.
struct EnsureImage {
  std::string container;
  bool operator==(const EnsureImage&) const = default;
};
// Creates and starts.
struct StartContainer {
  std::string container;
  std::uint32_t attempt = 0;
  std::string sandbox_id;
  std::string target_id;  // of an ephemeral container: the running container whose processes it sees; empty: none
  bool operator==(const StartContainer&) const = default;
};
// preStop hook, then the stop signal, then after the grace period the kill. Runs in the background.
struct StopContainer {
  std::string id;
  std::string container;
  std::int64_t grace_s = 0;
  std::string why;  // for the event; "Stopping container web"
  bool operator==(const StopContainer&) const = default;
};
struct RemoveContainer {
  std::string id;
  std::string log_path;
  bool operator==(const RemoveContainer&) const = default;
};
// Nothing of the pod runs any more: report the last status, then delete the API object.
struct FinishPod {
  bool operator==(const FinishPod&) const = default;
};

using Action = std::variant<PrepareVolumes, CreateSandbox, StopSandbox, RemoveSandbox, EnsureImage, StartContainer,
                            StopContainer, RemoveContainer, FinishPod>;

struct Plan {
  // Those up to the first that stops, removes or starts something may run at the same time; the others in this order.
  std::vector<Action> actions;
  core::v1::PodStatus status;
  std::optional<TimePoint> look_again;
};

struct NodeFacts {
  std::vector<std::string> host_ips;
};

// `memory` is read and its back-off and start time are advanced.
Plan decide(const core::v1::Pod& pod, const ObservedPod& observed, PodMemory& memory, const NodeFacts& node, TimePoint now);

// For a pod whose API object is gone: stop and remove what is left of it. Empty when nothing is.
std::vector<Action> tear_down(const ObservedPod& observed, const PodMemory& memory, std::int64_t grace_s, TimePoint now);

// One line for tests and logs: "start web#0", "stop web grace=30".
std::string text(const Action& action);

}  // namespace charon::node
