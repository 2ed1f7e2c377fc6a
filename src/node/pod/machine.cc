#include "node/pod/machine.h"

#include <algorithm>

#include "base/time.h"
#include "node/pod/status.h"

namespace charon::node {
namespace {

using State = ObservedContainer::State;

bool alive(const ObservedContainer& container) { return container.state == State::Running; }

class Decider {
 public:
  Decider(const core::v1::Pod& pod, const ObservedPod& observed, PodMemory& memory, const NodeFacts& node, TimePoint now)
      : pod_(pod), observed_(observed), memory_(memory), node_(node), now_(now), views_(containers_of(pod)) {}

  Plan run();

 private:
  void keep_running();
  void finish_deleted();
  void finish_ended(const std::string& why);
  bool stop_all(std::int64_t grace_s, const std::string& why);
  bool stop_role(bool sidecars, TimePoint deadline, const std::string& why);
  void stop(const ObservedContainer& container, TimePoint deadline, std::string why);
  bool start(const ContainerView& view, const ObservedContainer* last, const std::string& sandbox_id,
             const std::string& target_id = {});
  bool wants_start() const;
  const ObservedSandbox* ready_sandbox();
  void first_images();
  bool init_containers(const std::string& sandbox_id);
  void main_container(const ContainerView& view, const std::string& sandbox_id);
  void ephemeral_containers(const std::string& sandbox_id);
  bool replace_if_needed(const ContainerView& view, const ObservedContainer& container);
  void remove_old();
  void again(TimePoint when) {
    if (!plan_.look_again || when < *plan_.look_again) plan_.look_again = when;
  }
  bool held(const std::optional<Trouble>& trouble) {
    if (!trouble || now_ >= trouble->retry_at) return false;
    again(trouble->retry_at);
    return true;
  }
  std::int64_t grace_s() const { return pod_.spec.terminationGracePeriodSeconds.value_or(30); }

  const core::v1::Pod& pod_;
  const ObservedPod& observed_;
  PodMemory& memory_;
  const NodeFacts& node_;
  TimePoint now_;
  std::vector<ContainerView> views_;
  Plan plan_;
};

Plan Decider::run() {
  if (!memory_.started_at) memory_.started_at = pod_.status.startTime ? to_time_point(*pod_.status.startTime) : now_;
  const PodReport report = pod_report(pod_, observed_, memory_, node_, now_);
  if (pod_.metadata.deletionTimestamp)
    finish_deleted();
  else if (report.ended)
    finish_ended(report.why);
  else
    keep_running();
  // Starting advanced a back-off: what is shown follows it.
  plan_.status = pod_report(pod_, observed_, memory_, node_, now_).status;
  return std::move(plan_);
}

void Decider::stop(const ObservedContainer& container, TimePoint deadline, std::string why) {
  auto stopping = memory_.stopping.find(container.id);
  if (stopping != memory_.stopping.end() && stopping->second.deadline <= deadline + std::chrono::seconds(1)) return;
  auto left = std::chrono::duration_cast<std::chrono::seconds>(deadline - now_ + std::chrono::milliseconds(999)).count();
  plan_.actions.push_back(StopContainer{container.id, container.name, std::max<std::int64_t>(left, 0), std::move(why)});
}

// Returns whether some of them are still running.
bool Decider::stop_role(bool sidecars, TimePoint deadline, const std::string& why) {
  bool any = false;
  for (const ObservedContainer& container : observed_.containers) {
    if (!alive(container)) continue;
    auto view =
        std::find_if(views_.begin(), views_.end(), [&](const ContainerView& v) { return v.spec->name == container.name; });
    bool is_sidecar = view != views_.end() && view->role == Role::Sidecar;
    if (is_sidecar != sidecars) continue;
    any = true;
    stop(container, deadline, why.empty() ? "Stopping container " + container.name : why);
  }
  return any;
}

// Main containers first, sidecars when those are gone.
bool Decider::stop_all(std::int64_t grace_s, const std::string& why) {
  TimePoint deadline = now_ + std::chrono::seconds(grace_s);
  return stop_role(false, deadline, why) || stop_role(true, deadline, why);
}

void Decider::finish_deleted() {
  TimePoint deadline = now_ + std::chrono::seconds(pod_.metadata.deletionGracePeriodSeconds.value_or(grace_s()));
  if (TimePoint asked = to_time_point(*pod_.metadata.deletionTimestamp); asked < deadline) deadline = std::max(asked, now_);
  if (stop_role(false, deadline, "") || stop_role(true, deadline, "")) return;
  bool sandbox_left = false;
  for (const ObservedSandbox& sandbox : observed_.sandboxes) {
    if (!sandbox.ready) continue;
    sandbox_left = true;
    if (!held(memory_.sandbox_trouble)) plan_.actions.push_back(StopSandbox{sandbox.id});
  }
  if (!sandbox_left && !memory_.finished) plan_.actions.push_back(FinishPod{});
}

void Decider::finish_ended(const std::string& why) {
  if (stop_all(grace_s(), why)) return;
  for (const ObservedSandbox& sandbox : observed_.sandboxes)
    if (sandbox.ready && !held(memory_.sandbox_trouble)) plan_.actions.push_back(StopSandbox{sandbox.id});
}

// Whether there is a container that a (new) sandbox would be for.
bool Decider::wants_start() const {
  for (const ContainerView& view : views_) {
    const ObservedContainer* last = newest(observed_, view.spec->name);
    if (last == nullptr || last->state == State::Created) return true;
    if (view.role != Role::Init && (alive(*last) || will_restart(pod_, view, *last))) return true;
  }
  return false;
}

const ObservedSandbox* Decider::ready_sandbox() {
  const ObservedSandbox* newest_sandbox = observed_.sandboxes.empty() ? nullptr : &observed_.sandboxes.front();
  if (newest_sandbox != nullptr && newest_sandbox->ready) return newest_sandbox;
  if (!wants_start()) return nullptr;
  if (newest_sandbox != nullptr && stop_all(grace_s(), "Pod sandbox changed, it will be killed and re-created."))
    return nullptr;
  if (held(memory_.sandbox_trouble)) return nullptr;
  plan_.actions.push_back(CreateSandbox{newest_sandbox == nullptr ? 0 : newest_sandbox->attempt + 1});
  return nullptr;
}

bool Decider::start(const ContainerView& view, const ObservedContainer* last, const std::string& sandbox_id,
                    const std::string& target_id) {
  ContainerMemory& memory = memory_.containers[view.spec->name];
  if (last != nullptr) {
    if (auto until = memory.restart.held_until(last->finished_at, now_)) {
      again(*until);
      return false;
    }
  }
  if (held(memory.trouble)) return false;
  switch (memory.image.kind) {
    case ImageState::Kind::Pulling:
      return false;
    case ImageState::Kind::Failed:
      if (!memory.image.retry_at || *memory.image.retry_at > now_) {
        if (memory.image.retry_at) again(*memory.image.retry_at);
        if (now_ < memory.image.failed_at + kErrImagePullShown) again(memory.image.failed_at + kErrImagePullShown);
        return false;
      }
      [[fallthrough]];
    case ImageState::Kind::Unknown:
      plan_.actions.push_back(EnsureImage{view.spec->name});
      return true;
    case ImageState::Kind::Present:
      break;
  }
  std::uint32_t attempt = last == nullptr ? 0 : last->attempt + 1;
  if (last != nullptr && last->state == State::Created) {
    // Left by an agent that died between creating and starting it.
    attempt = last->attempt;
    plan_.actions.push_back(RemoveContainer{last->id, last->log_path});
  } else if (last != nullptr) {
    memory.restart.next(last->finished_at, now_);
  }
  if (last == nullptr) {
    // The runtime's containers were lost (a new disk, a pruned runtime): the count goes on.
    const core::v1::ContainerStatus* status = reported_status(pod_, view.spec->name);
    if (status != nullptr && !status->containerID.empty()) attempt = static_cast<std::uint32_t>(status->restartCount) + 1;
  }
  plan_.actions.push_back(StartContainer{view.spec->name, attempt, sandbox_id, target_id});
  return true;
}

// True when the container is being replaced.
bool Decider::replace_if_needed(const ContainerView& view, const ObservedContainer& container) {
  auto memory = memory_.containers.find(view.spec->name);
  std::string why;
  std::int64_t grace = grace_s();
  if (memory != memory_.containers.end() && memory->second.probes.container_id == container.id &&
      !memory->second.probes.unhealthy.empty()) {
    why = memory->second.probes.unhealthy;
    const auto& probe = view.spec->livenessProbe ? view.spec->livenessProbe : view.spec->startupProbe;
    if (probe && probe->terminationGracePeriodSeconds) grace = *probe->terminationGracePeriodSeconds;
  } else if (!container.spec_hash.empty() && container.spec_hash != spec_hash(*view.spec)) {
    why = "Container " + container.name + " definition changed, will be restarted";
  } else {
    return false;
  }
  stop(container, now_ + std::chrono::seconds(grace), why);
  return true;
}

// The images of what the sandbox that is being made will run first.
void Decider::first_images() {
  bool creating = std::any_of(plan_.actions.begin(), plan_.actions.end(),
                              [](const Action& action) { return std::holds_alternative<CreateSandbox>(action); });
  if (!creating) return;
  for (const ContainerView& view : views_) {
    const ContainerMemory& memory = memory_.containers[view.spec->name];
    if (memory.image.kind == ImageState::Kind::Unknown && !held(memory.trouble))
      plan_.actions.push_back(EnsureImage{view.spec->name});
    if (view.role != Role::Main) return;
  }
}

// Runs the init containers one after the other. True when all have done their part.
bool Decider::init_containers(const std::string& sandbox_id) {
  // Init containers do not run again while the main containers of the same sandbox are there.
  bool past_init = false;
  for (const ContainerView& view : views_) {
    if (view.role != Role::Main) continue;
    const ObservedContainer* main = newest(observed_, view.spec->name);
    past_init = past_init || (main != nullptr && main->sandbox_id == sandbox_id);
  }
  for (const ContainerView& view : views_) {
    if (view.role == Role::Main) break;
    const ObservedContainer* last = newest(observed_, view.spec->name);
    bool here = last != nullptr && last->sandbox_id == sandbox_id;
    if (view.role == Role::Sidecar) {
      if (here && alive(*last)) {
        if (replace_if_needed(view, *last)) continue;
        const ContainerMemory& memory = memory_.containers[view.spec->name];
        bool started = !view.spec->startupProbe || (memory.probes.container_id == last->id && memory.probes.started);
        if (!started && !past_init) return false;
        continue;
      }
      start(view, last, sandbox_id);
      if (!past_init) return false;
      continue;
    }
    if (past_init) continue;
    if (here && alive(*last)) {
      replace_if_needed(view, *last);
      return false;
    }
    if (here && last->state != State::Created && last->exit_code == 0) continue;
    if (here && last->state == State::Exited && !will_restart(pod_, view, *last)) return false;
    start(view, last, sandbox_id);
    return false;
  }
  return true;
}

void Decider::main_container(const ContainerView& view, const std::string& sandbox_id) {
  const ObservedContainer* last = newest(observed_, view.spec->name);
  if (last != nullptr && alive(*last)) {
    if (last->sandbox_id != sandbox_id)
      stop(*last, now_ + std::chrono::seconds(grace_s()), "Pod sandbox changed, it will be killed and re-created.");
    else
      replace_if_needed(view, *last);
    return;
  }
  if (last != nullptr && last->state != State::Created && !will_restart(pod_, view, *last)) return;
  start(view, last, sandbox_id);
}

// Each is started once, however far the pod's own containers are. One that joins another waits until that runs.
void Decider::ephemeral_containers(const std::string& sandbox_id) {
  for (const EphemeralView& view : ephemeral_containers_of(pod_)) {
    const ObservedContainer* last = newest(observed_, view.spec.name);
    if (last != nullptr && last->state != State::Created) continue;
    const core::v1::ContainerStatus* status = reported_status(pod_, view.spec.name);
    if (last == nullptr && status != nullptr && !status->containerID.empty()) continue;
    const ObservedContainer* target = view.target.empty() ? nullptr : newest(observed_, view.target);
    if (!view.target.empty() && (target == nullptr || !alive(*target))) continue;
    start({&view.spec, Role::Ephemeral}, last, sandbox_id, target == nullptr ? "" : target->id);
  }
}

// Of each container the newest and the one before it stay (for `logs --previous`).
void Decider::remove_old() {
  for (const ContainerView& view : views_) {
    int seen = 0;
    for (const ObservedContainer& container : observed_.containers)
      if (container.name == view.spec->name && ++seen > 2 && !alive(container))
        plan_.actions.push_back(RemoveContainer{container.id, container.log_path});
  }
  for (std::size_t i = 1; i < observed_.sandboxes.size(); ++i) {
    const ObservedSandbox& sandbox = observed_.sandboxes[i];
    bool used = std::any_of(observed_.containers.begin(), observed_.containers.end(), [&](const ObservedContainer& container) {
      return container.sandbox_id == sandbox.id && (alive(container) || previous(observed_, container.name) == &container ||
                                                    newest(observed_, container.name) == &container);
    });
    if (sandbox.ready)
      plan_.actions.push_back(StopSandbox{sandbox.id});
    else if (!used)
      plan_.actions.push_back(RemoveSandbox{sandbox.id});
  }
}

void Decider::keep_running() {
  if (auto deadline = active_deadline(pod_, memory_)) again(*deadline);
  if (!memory_.volumes_ready) {
    if (!held(memory_.volumes_trouble)) plan_.actions.push_back(PrepareVolumes{});
    // The sandbox does not wait for volumes that are likely to come at once; it does for those that failed.
    if (memory_.volumes_trouble || !observed_.sandboxes.empty()) return;
  }
  const ObservedSandbox* sandbox = ready_sandbox();
  if (sandbox == nullptr) {
    if (observed_.containers.empty()) first_images();
    return;
  }
  remove_old();
  ephemeral_containers(sandbox->id);
  if (!init_containers(sandbox->id)) return;
  for (const ContainerView& view : views_)
    if (view.role == Role::Main) main_container(view, sandbox->id);
}

}  // namespace

Plan decide(const core::v1::Pod& pod, const ObservedPod& observed, PodMemory& memory, const NodeFacts& node, TimePoint now) {
  return Decider(pod, observed, memory, node, now).run();
}

std::vector<Action> tear_down(const ObservedPod& observed, const PodMemory& memory, std::int64_t grace_s, TimePoint now) {
  std::vector<Action> actions;
  bool running = false;
  TimePoint deadline = now + std::chrono::seconds(grace_s);
  for (const ObservedContainer& container : observed.containers) {
    if (!alive(container)) continue;
    running = true;
    auto stopping = memory.stopping.find(container.id);
    if (stopping != memory.stopping.end() && stopping->second.deadline <= deadline) continue;
    actions.push_back(StopContainer{container.id, container.name, grace_s, "Stopping container " + container.name});
  }
  if (running) return actions;
  for (const ObservedSandbox& sandbox : observed.sandboxes) {
    if (sandbox.ready) actions.push_back(StopSandbox{sandbox.id});
    actions.push_back(RemoveSandbox{sandbox.id});
  }
  // Containers whose sandbox is gone; those of a sandbox go with it.
  for (const ObservedContainer& container : observed.containers) {
    bool in_sandbox = std::any_of(observed.sandboxes.begin(), observed.sandboxes.end(),
                                  [&](const ObservedSandbox& sandbox) { return sandbox.id == container.sandbox_id; });
    if (!in_sandbox) actions.push_back(RemoveContainer{container.id, container.log_path});
  }
  return actions;
}

namespace {
struct Describe {
  std::string operator()(const PrepareVolumes&) const { return "prepare volumes"; }
  std::string operator()(const CreateSandbox& a) const { return "create sandbox #" + std::to_string(a.attempt); }
  std::string operator()(const StopSandbox& a) const { return "stop sandbox " + a.id; }
  std::string operator()(const RemoveSandbox& a) const { return "remove sandbox " + a.id; }
  std::string operator()(const EnsureImage& a) const { return "ensure image of " + a.container; }
  std::string operator()(const StartContainer& a) const {
    return "start " + a.container + " #" + std::to_string(a.attempt) + (a.target_id.empty() ? "" : " into " + a.target_id);
  }
  std::string operator()(const StopContainer& a) const { return "stop " + a.container + " grace=" + std::to_string(a.grace_s); }
  std::string operator()(const RemoveContainer& a) const { return "remove container " + a.id; }
  std::string operator()(const FinishPod&) const { return "finish pod"; }
};
}  // namespace

std::string text(const Action& action) { return std::visit(Describe(), action); }

}  // namespace charon::node
