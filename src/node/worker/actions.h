// PodActions: carries out the state machine's actions on the runtime, and tells about them by events.
//
// One object for all pods; it keeps nothing about any of them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "control/events.h"
#include "node/cri/config.h"
#include "node/cri/observe.h"
#include "node/cri/runtime.h"
#include "node/images/images.h"
#include "node/objects/pod_objects.h"
#include "node/pod/machine.h"
#include "node/pod/memory.h"
#include "node/volumes/volumes.h"
#include "rt/files.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/process.h"

namespace charon::node {

using PodPtr = std::shared_ptr<const core::v1::Pod>;

class PodActions {
 public:
  PodActions(rt::Loop& loop, rt::Net& net, rt::Files& files, rt::Process& process, Runtime& runtime, Images& images,
             Volumes& volumes, PodObjects& objects, control::EventRecorder& events, PodSetup setup);
  PodActions(const PodActions&) = delete;

  rt::Task<Result<ObservedPod>> observe(std::string uid, ExitedContainers& exited);

  // Failures are noted in `memory` (with when to try again) and told by an event; references must outlive the task.
  rt::Task<void> prepare_volumes(PodPtr pod, PodMemory& memory, PreparedVolumes& volumes);
  // What the volumes say follows the objects that they are made of; a failure leaves a volume as it is.
  rt::Task<void> refresh_volumes(PodPtr pod);
  // What was made, where the runtime could tell; without it, and without a trouble in `memory`, it must be observed.
  rt::Task<std::optional<ObservedSandbox>> create_sandbox(PodPtr pod, CreateSandbox action, PodMemory& memory);
  rt::Task<void> stop_sandbox(StopSandbox action, PodMemory& memory);
  rt::Task<void> remove_sandbox(RemoveSandbox action);
  // The same for the container. `pod` with the status as decided, of which environments and hooks are made.
  rt::Task<std::optional<ObservedContainer>> start_container(PodPtr pod, StartContainer action, std::vector<std::string> ips,
                                                             const PreparedVolumes& volumes, PodMemory& memory);
  rt::Task<void> remove_container(RemoveContainer action);
  // preStop hook, then stop. Returns when the container is gone.
  rt::Task<void> stop_container(PodPtr pod, StopContainer action, std::string pod_ip);
  // What is here without pulling: Present, Failed, or nullopt when it must be pulled.
  rt::Task<std::optional<ImageState>> find_image(PodPtr pod, std::string container, ContainerMemory& memory);
  rt::Task<ImageState> pull_image(PodPtr pod, std::string container, Backoff& backoff);
  // Directories, logs and control groups of a pod that is gone.
  rt::Task<void> clean_up(std::string uid, std::string log_directory);

  void tell(const core::v1::Pod& pod, std::string_view container, control::EventSeverity severity, std::string reason,
            std::string message);
  const PodSetup& setup() const { return setup_; }
  TimePoint now() const;

 private:
  struct Failure {
    std::string reason;
    Error error;
  };
  rt::Task<std::expected<cri::v1::ContainerConfig, Failure>> config_of(PodPtr pod, const core::v1::Container* container,
                                                                       StartContainer action, std::vector<std::string> ips,
                                                                       const PreparedVolumes& volumes, std::string image_ref);
  Result<void> add_own_mounts(const core::v1::Pod& pod, const core::v1::Container& container, std::uint32_t attempt,
                              const std::vector<std::string>& ips, std::vector<cri::v1::Mount>& mounts);
  rt::Task<Result<void>> run_hook(core::v1::LifecycleHandler handler, std::string container_id, PodPtr pod,
                                  std::string container, std::string pod_ip, rt::Duration limit);

  rt::Loop& loop_;
  rt::Net& net_;
  rt::Files& files_;
  rt::Process& process_;
  Runtime& runtime_;
  Images& images_;
  Volumes& volumes_;
  PodObjects& objects_;
  control::EventRecorder& events_;
  PodSetup setup_;
};

}  // namespace charon::node
