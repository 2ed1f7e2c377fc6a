// What the container runtime says about one pod at one moment.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace charon::node {

using TimePoint = std::chrono::system_clock::time_point;

struct ObservedSandbox {
  std::string id;
  std::uint32_t attempt = 0;
  bool ready = false;
  TimePoint created_at;
  std::vector<std::string> ips;  // none for pods on the host's network
};

struct ObservedContainer {
  enum class State : std::uint8_t { Created, Running, Exited, Unknown };
  std::string id;
  std::string sandbox_id;
  std::string name;
  std::uint32_t attempt = 0;  // how many containers of this name came before
  State state = State::Created;
  TimePoint created_at;
  TimePoint started_at;
  TimePoint finished_at;
  int exit_code = 0;
  std::string reason;   // as the runtime says: "OOMKilled", "Error", "Completed", "StartError"
  std::string message;  // of the runtime, or the container's termination message
  std::string image;    // as it was asked for
  std::string image_id;
  std::string spec_hash;  // of the definition that it was started from
  std::string log_path;   // absolute
};

struct ObservedPod {
  std::vector<ObservedSandbox> sandboxes;     // newest first
  std::vector<ObservedContainer> containers;  // newest first within a name
};

}  // namespace charon::node
