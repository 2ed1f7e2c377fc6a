// What the agent knows about a pod beyond its API object and the runtime's containers. Lost at a restart of the agent, and
// found again: images are looked up, probes run, back-off starts anew.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "node/pod/backoff.h"
#include "node/pod/observed.h"

namespace charon::node {

struct ImageState {
  enum class Kind : std::uint8_t { Unknown, Pulling, Present, Failed };
  Kind kind = Kind::Unknown;
  std::string ref;      // Present: what to create the container from
  std::string reason;   // Failed: "ErrImagePull", "ErrImageNeverPull", "InvalidImageName"
  std::string message;  // Failed
  TimePoint failed_at;  // Failed
  std::optional<TimePoint> retry_at;
};

// How long a failed pull is shown as such; then as waiting for the next attempt (ImagePullBackOff).
inline constexpr std::chrono::seconds kErrImagePullShown{3};
inline bool image_is_backing_off(const ImageState& image, TimePoint now) {
  return image.kind == ImageState::Kind::Failed && image.reason == "ErrImagePull" && now >= image.failed_at + kErrImagePullShown;
}

// Why a step failed and when it is tried again.
struct Trouble {
  std::string reason;
  std::string message;
  TimePoint retry_at;
};

struct ProbeState {
  std::string container_id;  // that the results below are about
  bool started = false;      // the startup probe succeeded
  bool ready = false;        // the readiness probe succeeds
  std::string unhealthy;     // set when liveness or startup failed for good: why the container must go
};

struct StopState {
  TimePoint deadline;  // when the runtime kills it
};

struct ContainerMemory {
  ImageState image;
  std::optional<Trouble> trouble;  // creating or starting failed
  Backoff restart{std::chrono::seconds(10), std::chrono::seconds(300)};
  Backoff retry{std::chrono::seconds(1), std::chrono::seconds(60)};
  Backoff pull{std::chrono::seconds(10), std::chrono::seconds(300)};
  ProbeState probes;
};

struct PodMemory {
  bool volumes_ready = false;
  std::optional<Trouble> volumes_trouble;
  std::optional<Trouble> sandbox_trouble;
  Backoff sandbox_retry{std::chrono::seconds(1), std::chrono::seconds(60)};
  Backoff volumes_retry{std::chrono::milliseconds(500), std::chrono::seconds(120)};
  std::map<std::string, ContainerMemory, std::less<>> containers;  // by name
  std::map<std::string, StopState, std::less<>> stopping;          // by container id
  std::optional<TimePoint> started_at;                             // when this node accepted the pod
  bool finished = false;                                           // the API object was deleted by us
};

}  // namespace charon::node
