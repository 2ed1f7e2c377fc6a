#include "node/logs/log_source.h"

#include <string_view>

namespace charon::node {
namespace {

const core::v1::ContainerStatus* status_of(const core::v1::PodStatus& status, std::string_view name) {
  for (const auto* list : {&status.containerStatuses, &status.initContainerStatuses, &status.ephemeralContainerStatuses})
    for (const auto& candidate : *list)
      if (candidate.name == name) return &candidate;
  return nullptr;
}

// "containerd://0123" is 0123; empty when it names no container.
std::string id_of(std::string_view name) {
  const std::size_t place = name.find("://");
  return place == std::string_view::npos ? std::string() : std::string(name.substr(place + 3));
}

std::string id_of(const schema::Box<core::v1::ContainerStateTerminated>& state) {
  return state ? id_of(state->containerID) : std::string();
}

}  // namespace

Result<std::string> log_container_id(const core::v1::PodStatus& status, const LogSource& source) {
  const std::string what = "container \"" + source.container + "\" in pod \"" + source.pod + "\"";
  const core::v1::ContainerStatus* found = status_of(status, source.container);
  if (found == nullptr) return fail(Reason::BadRequest, what + " is not available");
  std::string last = id_of(found->lastState.terminated);
  if (source.previous) {
    if (!last.empty()) return last;
    return fail(Reason::BadRequest, "previous terminated " + what + " not found");
  }
  if (found->state.running) {
    if (std::string id = id_of(found->containerID); !id.empty()) return id;
    return fail(Reason::BadRequest, what + " is not available");
  }
  if (std::string id = id_of(found->state.terminated); !id.empty()) return id;
  if (!last.empty()) return last;
  if (found->state.terminated) return fail(Reason::BadRequest, what + " is terminated");
  std::string reason = found->state.waiting ? found->state.waiting->reason : "";
  if (reason.empty()) return fail(Reason::BadRequest, what + " is waiting to start - no logs yet");
  if (reason == "ErrImagePull") reason = "image can't be pulled";
  if (reason == "ImagePullBackOff") reason = "trying and failing to pull image";
  return fail(Reason::BadRequest, what + " is waiting to start: " + reason);
}

}  // namespace charon::node
