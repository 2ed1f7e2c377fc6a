#include "node/pod/status.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace charon::node {
namespace {

using core::v1::ContainerState;
using core::v1::ContainerStatus;
using core::v1::PodCondition;
using core::v1::PodStatus;

constexpr char kDeadlineExceeded[] = "DeadlineExceeded";

// Conditions carry whole seconds.
Time whole_seconds(TimePoint point) {
  Time time = time_from(point);
  time.nanos = 0;
  return time;
}

std::string container_id(const ObservedContainer& container) { return "containerd://" + container.id; }

ContainerState terminated_state(const ObservedContainer& container) {
  ContainerState state;
  auto& terminated = state.terminated.emplace();
  terminated.exitCode = container.exit_code;
  terminated.reason = container.reason;
  if (terminated.reason.empty()) terminated.reason = container.exit_code == 0 ? "Completed" : "Error";
  terminated.message = container.message;
  // A container that never started has no start time in the runtime.
  if (container.started_at != TimePoint()) terminated.startedAt = whole_seconds(container.started_at);
  if (container.finished_at != TimePoint()) terminated.finishedAt = whole_seconds(container.finished_at);
  terminated.containerID = container_id(container);
  return state;
}

ContainerState waiting_state(std::string reason, std::string message) {
  ContainerState state;
  auto& waiting = state.waiting.emplace();
  waiting.reason = std::move(reason);
  waiting.message = std::move(message);
  return state;
}

// What keeps a container from starting right now, if something does.
std::optional<ContainerState> trouble_state(const ContainerMemory& memory, const std::string& image, TimePoint now) {
  if (memory.trouble) return waiting_state(memory.trouble->reason, memory.trouble->message);
  if (memory.image.kind != ImageState::Kind::Failed) return std::nullopt;
  if (!image_is_backing_off(memory.image, now)) return waiting_state(memory.image.reason, memory.image.message);
  return waiting_state("ImagePullBackOff", "Back-off pulling image \"" + image + "\": ErrImagePull: " + memory.image.message);
}

class StatusBuilder {
 public:
  StatusBuilder(const core::v1::Pod& pod, const ObservedPod& observed, const PodMemory& memory, const NodeFacts& node,
                TimePoint now)
      : pod_(pod), observed_(observed), memory_(memory), node_(node), now_(now) {}

  PodReport build();

 private:
  void decide_phase(PodReport& report);
  ContainerStatus container_status(const ContainerView& view);
  void fill_waiting(const ContainerView& view, const ObservedContainer* last, ContainerStatus& status);
  bool initialized() const;
  std::string phase() const;
  void set_condition(std::string_view type, bool value, std::string reason, std::string message);
  void conditions();
  void addresses();
  bool may_start() const;
  const ContainerMemory& memory_of(const std::string& name) const {
    static const ContainerMemory none;
    auto found = memory_.containers.find(name);
    return found == memory_.containers.end() ? none : found->second;
  }

  const core::v1::Pod& pod_;
  const ObservedPod& observed_;
  const PodMemory& memory_;
  const NodeFacts& node_;
  TimePoint now_;
  PodStatus status_;
};

void StatusBuilder::fill_waiting(const ContainerView& view, const ObservedContainer* last, ContainerStatus& status) {
  const ContainerMemory& memory = memory_of(view.spec->name);
  if (last != nullptr) status.lastState = terminated_state(*last);
  if (auto trouble = trouble_state(memory, view.spec->image, now_)) {
    status.state = *trouble;
    return;
  }
  bool init = !pod_.spec.initContainers.empty() || view.role == Role::Init || view.role == Role::Sidecar;
  status.state = waiting_state(init ? "PodInitializing" : "ContainerCreating", "");
}

ContainerStatus StatusBuilder::container_status(const ContainerView& view) {
  const std::string& name = view.spec->name;
  const ContainerMemory& memory = memory_of(name);
  ContainerStatus status;
  status.name = name;
  status.image = view.spec->image;
  const ObservedContainer* current = newest(observed_, name);
  if (current == nullptr) {
    // Gone with the pod's end: what was reported last stays true.
    if (const ContainerStatus* before = reported_status(pod_, name);
        before != nullptr && (pod_.metadata.deletionTimestamp || before->state.terminated)) {
      status = *before;
      status.ready = false;
      return status;
    }
    fill_waiting(view, nullptr, status);
    if (view.role != Role::Ephemeral) status.started = false;
    return status;
  }
  status.restartCount = static_cast<std::int32_t>(current->attempt);
  status.imageID = current->image_id;
  status.containerID = container_id(*current);
  for (const auto& mount : view.spec->volumeMounts) {
    auto& shown = status.volumeMounts.emplace_back();
    shown.name = mount.name;
    shown.mountPath = mount.mountPath;
    shown.readOnly = mount.readOnly;
    // What is mounted below a read-only mount stays as it is.
    if (mount.readOnly) shown.recursiveReadOnly = "Disabled";
  }
  if (view.role != Role::Ephemeral) status.started = false;
  if (const ObservedContainer* before = previous(observed_, name)) status.lastState = terminated_state(*before);
  switch (current->state) {
    case ObservedContainer::State::Created: {
      auto trouble = trouble_state(memory, view.spec->image, now_);
      status.state = trouble ? *trouble : waiting_state("ContainerCreating", "");
      break;
    }
    case ObservedContainer::State::Running: {
      status.state.running.emplace().startedAt = whole_seconds(current->started_at);
      // Nothing waits for an ephemeral container: it is neither started nor ready.
      if (view.role == Role::Ephemeral) break;
      bool mine = memory.probes.container_id == current->id;
      status.started = !view.spec->startupProbe || (mine && memory.probes.started);
      status.ready = *status.started && (!view.spec->readinessProbe || (mine && memory.probes.ready));
      // An init container counts as ready only by having succeeded.
      if (view.role == Role::Init) status.ready = false;
      if (pod_.metadata.deletionTimestamp && memory_.stopping.contains(current->id) && !view.spec->readinessProbe)
        status.ready = true;
      break;
    }
    case ObservedContainer::State::Unknown:
    case ObservedContainer::State::Exited: {
      status.state = terminated_state(*current);
      if (view.role == Role::Init && current->exit_code == 0) status.ready = true;
      if (pod_.metadata.deletionTimestamp || !will_restart(pod_, view, *current)) break;
      if (auto trouble = trouble_state(memory, view.spec->image, now_)) {
        status.lastState = status.state;
        status.state = *trouble;
      } else if (memory.restart.held_until(current->finished_at, now_)) {
        status.lastState = status.state;
        std::chrono::seconds delay = std::chrono::duration_cast<std::chrono::seconds>(memory.restart.delay());
        status.state =
            waiting_state("CrashLoopBackOff", "back-off " + format_go_duration(delay) + " restarting failed container=" + name +
                                                  " pod=" + pod_.metadata.name + "_" + pod_.metadata.namespace_ + "(" +
                                                  pod_.metadata.uid + ")");
      }
      break;
    }
  }
  return status;
}

bool StatusBuilder::initialized() const {
  for (std::size_t i = 0; i < status_.initContainerStatuses.size(); ++i) {
    const ContainerStatus& status = status_.initContainerStatuses[i];
    bool sidecar = pod_.spec.initContainers[i].restartPolicy == "Always";
    if (sidecar ? !status.started.value_or(false) && !status.state.terminated : !status.ready) return false;
  }
  return true;
}

std::string StatusBuilder::phase() const {
  int pending = 0, running = 0, succeeded = 0, stopped = 0, unknown = 0;
  bool init_failed = false;
  bool has_run = false;
  for (const auto& status : status_.containerStatuses) has_run = has_run || status.state.running || status.state.terminated;
  for (std::size_t i = 0; i < status_.initContainerStatuses.size(); ++i) {
    ContainerView view{&pod_.spec.initContainers[i],
                       pod_.spec.initContainers[i].restartPolicy == "Always" ? Role::Sidecar : Role::Init};
    const auto& terminated = status_.initContainerStatuses[i].state.terminated;
    if (view.role == Role::Init && terminated && terminated->exitCode != 0 &&
        restart_policy(pod_, view) == RestartPolicy::Never)
      init_failed = true;
  }
  if (init_failed) return "Failed";
  if (!initialized() && !has_run && !pod_.metadata.deletionTimestamp) return "Pending";
  bool all_never = true;
  bool any_always = false;
  for (std::size_t i = 0; i < status_.containerStatuses.size(); ++i) {
    const ContainerStatus& status = status_.containerStatuses[i];
    RestartPolicy policy = restart_policy(pod_, {&pod_.spec.containers[i], Role::Main});
    all_never = all_never && policy == RestartPolicy::Never;
    any_always = any_always || policy == RestartPolicy::Always;
    if (status.state.running) {
      ++running;
    } else if (status.state.terminated || status.lastState.terminated) {
      ++stopped;
      const auto& end = status.state.terminated ? status.state.terminated : status.lastState.terminated;
      if (status.state.terminated && end->exitCode == 0) ++succeeded;
    } else if (status.state.waiting) {
      ++pending;
    } else {
      ++unknown;
    }
  }
  if (pod_.metadata.deletionTimestamp && running == 0 && observed_.sandboxes.empty() && pending > 0 && stopped == 0)
    return pod_.status.phase.empty() ? "Pending" : pod_.status.phase;
  if (pending > 0 && !(pod_.metadata.deletionTimestamp && stopped > 0)) return "Pending";
  if (running > 0 && unknown == 0) return "Running";
  if (stopped > 0 && unknown == 0) {
    // A pod that is being deleted is not restarted: it has ended when nothing of it runs.
    if (pod_.metadata.deletionTimestamp) return stopped == succeeded ? "Succeeded" : "Failed";
    if (any_always) return "Running";
    if (stopped == succeeded) return "Succeeded";
    return all_never ? "Failed" : "Running";
  }
  return "Pending";
}

void StatusBuilder::set_condition(std::string_view type, bool value, std::string reason, std::string message) {
  PodCondition condition;
  condition.type = type;
  condition.status = value ? "True" : "False";
  condition.reason = std::move(reason);
  condition.message = std::move(message);
  condition.observedGeneration = pod_.metadata.generation;
  condition.lastTransitionTime = whole_seconds(now_);
  for (PodCondition& existing : status_.conditions) {
    if (existing.type != type) continue;
    if (existing.status == condition.status) condition.lastTransitionTime = existing.lastTransitionTime;
    existing = std::move(condition);
    return;
  }
  status_.conditions.push_back(std::move(condition));
}

std::string bracketed(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const auto& name : names) out += (out.size() > 1 ? " " : "") + name;
  return out + "]";
}

// Whether containers can start in the newest sandbox (KEP-3085): it has its network, and the volumes are there. An agent that
// starts again beside it prepares them anew; that takes nothing back.
bool StatusBuilder::may_start() const {
  if (observed_.sandboxes.empty() || !observed_.sandboxes.front().ready) return false;
  if (!pod_.spec.hostNetwork && observed_.sandboxes.front().ips.empty()) return false;
  return memory_.volumes_ready ||
         std::any_of(pod_.status.conditions.begin(), pod_.status.conditions.end(), [](const PodCondition& condition) {
           return condition.type == "PodReadyToStartContainers" && condition.status == "True";
         });
}

void StatusBuilder::conditions() {
  set_condition("PodReadyToStartContainers", may_start(), "", "");

  std::string ended = status_.phase == "Succeeded" ? "PodCompleted" : status_.phase == "Failed" ? "PodFailed" : "";
  std::vector<std::string> incomplete;
  for (std::size_t i = 0; i < status_.initContainerStatuses.size(); ++i) {
    const ContainerStatus& status = status_.initContainerStatuses[i];
    bool sidecar = pod_.spec.initContainers[i].restartPolicy == "Always";
    if (sidecar ? !status.started.value_or(false) : !status.ready) incomplete.push_back(status.name);
  }
  if (status_.phase == "Succeeded") {
    set_condition("Initialized", true, "PodCompleted", "");
  } else if (initialized() || incomplete.empty()) {
    set_condition("Initialized", true, "", "");
  } else {
    set_condition("Initialized", false, "ContainersNotInitialized",
                  "containers with incomplete status: " + bracketed(incomplete));
  }

  std::vector<std::string> unready;
  for (std::size_t i = 0; i < status_.initContainerStatuses.size(); ++i)
    if (pod_.spec.initContainers[i].restartPolicy == "Always" && !status_.initContainerStatuses[i].ready)
      unready.push_back(status_.initContainerStatuses[i].name);
  for (const ContainerStatus& status : status_.containerStatuses)
    if (!status.ready) unready.push_back(status.name);
  std::string unready_text = "containers with unready status: " + bracketed(unready);
  if (!ended.empty()) {
    set_condition("ContainersReady", false, ended, "");
    set_condition("Ready", false, ended, "");
    return;
  }
  if (!unready.empty()) {
    set_condition("ContainersReady", false, "ContainersNotReady", unready_text);
    set_condition("Ready", false, "ContainersNotReady", unready_text);
    return;
  }
  set_condition("ContainersReady", true, "", "");
  std::string gates;
  for (const auto& gate : pod_.spec.readinessGates) {
    auto found = std::find_if(status_.conditions.begin(), status_.conditions.end(),
                              [&](const PodCondition& condition) { return condition.type == gate.conditionType; });
    if (found != status_.conditions.end() && found->status == "True") continue;
    if (!gates.empty()) gates += ", ";
    if (found == status_.conditions.end())
      gates += "corresponding condition of pod readiness gate \"" + gate.conditionType + "\" does not exist.";
    else
      gates += "the status of pod readiness gate \"" + gate.conditionType + "\" is not \"True\", but " + found->status;
  }
  if (gates.empty())
    set_condition("Ready", true, "", "");
  else
    set_condition("Ready", false, "ReadinessGatesNotReady", gates);
}

void StatusBuilder::addresses() {
  if (!node_.host_ips.empty()) {
    status_.hostIP = node_.host_ips.front();
    status_.hostIPs.clear();
    for (const auto& ip : node_.host_ips) status_.hostIPs.push_back({.ip = ip});
  }
  // A sandbox that waits for the pod's first volumes is not shown.
  if (!memory_.volumes_ready && pod_.status.podIP.empty()) return;
  std::vector<std::string> ips;
  if (pod_.spec.hostNetwork) {
    if (!observed_.sandboxes.empty()) ips = node_.host_ips;
  } else if (!observed_.sandboxes.empty()) {
    ips = observed_.sandboxes.front().ips;
  }
  if (ips.empty()) return;  // what was reported before stays
  status_.podIP = ips.front();
  status_.podIPs.clear();
  for (const auto& ip : ips) status_.podIPs.push_back({.ip = ip});
}

void StatusBuilder::decide_phase(PodReport& report) {
  if (is_terminal(pod_.status)) {
    report.ended = true;
    report.why = pod_.status.reason == kDeadlineExceeded ? pod_.status.message : "";
    return;  // an ended pod never comes back
  }
  const auto deadline = active_deadline(pod_, memory_);
  PodStatus next;
  if (deadline && now_ >= *deadline) {
    next.phase = "Failed";
    next.reason = kDeadlineExceeded;
    next.message = report.why = "Pod was active on the node longer than the specified deadline";
  } else {
    next.phase = phase();
  }
  report.ended = is_terminal(next);
  const bool running = std::any_of(observed_.containers.begin(), observed_.containers.end(),
                                   [](const auto& container) { return container.state == ObservedContainer::State::Running; });
  if (report.ended && running) return;
  status_.phase = next.phase;
  if (next.reason.empty()) return;
  status_.reason = next.reason;
  status_.message = next.message;
}

PodReport StatusBuilder::build() {
  status_ = pod_.status;
  status_.observedGeneration = pod_.metadata.generation;
  status_.initContainerStatuses.clear();
  status_.containerStatuses.clear();
  for (const ContainerView& view : containers_of(pod_)) {
    ContainerStatus status = container_status(view);
    (view.role == Role::Main ? status_.containerStatuses : status_.initContainerStatuses).push_back(std::move(status));
  }
  status_.ephemeralContainerStatuses.clear();
  for (const EphemeralView& view : ephemeral_containers_of(pod_))
    status_.ephemeralContainerStatuses.push_back(container_status({&view.spec, Role::Ephemeral}));
  if (!status_.startTime && memory_.started_at) status_.startTime = whole_seconds(*memory_.started_at);
  if (status_.qosClass.empty()) status_.qosClass = qos_class(pod_);
  PodReport report;
  decide_phase(report);
  addresses();
  conditions();
  report.status = std::move(status_);
  return report;
}

}  // namespace

PodReport pod_report(const core::v1::Pod& pod, const ObservedPod& observed, const PodMemory& memory, const NodeFacts& node,
                     TimePoint now) {
  return StatusBuilder(pod, observed, memory, node, now).build();
}

bool is_terminal(const core::v1::PodStatus& status) { return status.phase == "Succeeded" || status.phase == "Failed"; }

bool will_restart(const core::v1::Pod& pod, const ContainerView& view, const ObservedContainer& exited) {
  switch (restart_policy(pod, view)) {
    case RestartPolicy::Always:
      return true;
    case RestartPolicy::OnFailure:
      return exited.exit_code != 0 || exited.state == ObservedContainer::State::Unknown;
    case RestartPolicy::Never:
      return false;
  }
  return false;
}

std::optional<TimePoint> active_deadline(const core::v1::Pod& pod, const PodMemory& memory) {
  if (!pod.spec.activeDeadlineSeconds) return std::nullopt;
  TimePoint start;
  if (pod.status.startTime)
    start = to_time_point(*pod.status.startTime);
  else if (memory.started_at)
    start = *memory.started_at;
  else
    return std::nullopt;
  return start + std::chrono::seconds(*pod.spec.activeDeadlineSeconds);
}

}  // namespace charon::node
