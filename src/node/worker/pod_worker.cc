#include "node/worker/pod_worker.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/time.h"
#include "client/typed.h"
#include "node/pod/status.h"
#include "rt/timeout.h"

namespace charon::node {

using namespace std::chrono_literals;
using control::EventSeverity;

namespace {

constexpr auto kRetry = 1s;
// How often a pod is looked at because the runtime has not shown an exit that it told of.
constexpr int kLagRounds = 60;
constexpr auto kVolumeRefresh = 60s;
// How long a step on the way to a pod's start may go untold: its next one most often overtakes it.
constexpr auto kStepUntold = 300ms;

std::uint64_t revision_of(const core::v1::Pod& pod) {
  std::uint64_t value = 0;
  const std::string& text = pod.metadata.resourceVersion;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Conditions that the node itself decides.
bool is_ours(std::string_view type) {
  return type == "PodReadyToStartContainers" || type == "Initialized" || type == "ContainersReady" || type == "Ready";
}

bool has_probe(const core::v1::Container& container) {
  return container.startupProbe || container.livenessProbe || container.readinessProbe;
}

}  // namespace

PodWorker::PodWorker(rt::Loop& loop, rt::Net& net, Runtime& runtime, client::Transport& transport, PodActions& actions,
                     NodeFacts node, std::string uid, std::function<void()> gone)
    : loop_(loop),
      net_(net),
      runtime_(runtime),
      transport_(transport),
      actions_(actions),
      node_(std::move(node)),
      uid_(std::move(uid)),
      gone_(std::move(gone)),
      awake_(loop),
      status_dirty_(loop),
      status_written_(loop),
      settled_(loop),
      refreshing_(loop),
      scope_(loop) {
  scope_.spawn(run());
  scope_.spawn(write_statuses());
  refreshing_.spawn(refresh_volumes());
}

void PodWorker::update(PodPtr pod) {
  if (!pod) {
    deleted_ = true;
    pod_ = nullptr;
    status_written_.set();  // nothing is written any more
    wake();
    return;
  }
  bool same = pod_ && pod_->spec == pod->spec && pod_->metadata.deletionTimestamp == pod->metadata.deletionTimestamp &&
              pod_->metadata.deletionGracePeriodSeconds == pod->metadata.deletionGracePeriodSeconds &&
              pod_->metadata.labels == pod->metadata.labels && pod_->metadata.annotations == pod->metadata.annotations;
  pod_ = pod;
  last_pod_ = pod;
  // The echo of our own status is no news; anything else in the status is.
  if (same && pod->status == written_) return;
  if (revision_of(*pod) > written_revision_ && written_revision_ != 0 && pod->status != written_) status_dirty_.set();
  wake();
}

void PodWorker::remove_orphan(PodPtr ghost) {
  last_pod_ = std::move(ghost);
  update(nullptr);
}

bool PodWorker::note_exit(const std::string& id) {
  bool container = std::any_of(observed_.containers.begin(), observed_.containers.end(),
                               [&](const ObservedContainer& candidate) { return candidate.id == id; });
  bool sandbox = std::any_of(observed_.sandboxes.begin(), observed_.sandboxes.end(),
                             [&](const ObservedSandbox& candidate) { return candidate.id == id; });
  if (!container && !sandbox) return false;
  exiting_.insert(id);
  wake();
  return true;
}

void PodWorker::note_unknown_exit(const std::string& id) {
  exiting_.insert(id);
  wake();
}

// The runtime tells of an exit before its own lists show it.
bool PodWorker::runtime_lags() {
  std::erase_if(exiting_, [&](const std::string& id) {
    for (const auto& container : observed_.containers)
      if (container.id == id) return container.state != ObservedContainer::State::Running;
    for (const auto& sandbox : observed_.sandboxes)
      if (sandbox.id == id) return !sandbox.ready;
    return true;
  });
  return !exiting_.empty();
}

void PodWorker::wake() { awake_.set(); }

std::vector<std::string> PodWorker::pod_ips() const {
  if (last_pod_ && last_pod_->spec.hostNetwork) return node_.host_ips;
  return observed_.sandboxes.empty() ? std::vector<std::string>() : observed_.sandboxes.front().ips;
}

// The pod with the status that we wrote last, which the watch may not have told of yet; conditions of others are theirs.
core::v1::Pod PodWorker::view() const {
  core::v1::Pod out = *pod_;
  if (written_revision_ == 0 || revision_of(*pod_) > written_revision_) return out;
  out.status = written_;
  std::erase_if(out.status.conditions, [](const auto& condition) { return !is_ours(condition.type); });
  for (const auto& condition : pod_->status.conditions)
    if (!is_ours(condition.type)) out.status.conditions.push_back(condition);
  return out;
}

rt::Task<bool> PodWorker::wait_settled() {
  co_await settled_.wait();
  co_return true;
}

rt::Task<bool> PodWorker::wait_awake() {
  co_await awake_.wait();
  co_return true;
}

rt::Task<void> PodWorker::wait(std::optional<TimePoint> until) {
  if (!until) {
    co_await awake_.wait();
    co_return;
  }
  auto delay = std::max<rt::Duration>(*until - actions_.now(), 1ms);
  (void)co_await rt::with_timeout(loop_, delay, wait_awake());
}

rt::Task<void> PodWorker::run() {
  for (;;) {
    bool more = co_await step();
    if (!more) break;
  }
  gone_();
}

void PodWorker::note(ObservedPod observed) {
  observed_ = std::move(observed);
  std::erase_if(memory_.stopping, [&](const auto& entry) {
    return std::none_of(observed_.containers.begin(), observed_.containers.end(), [&](const ObservedContainer& container) {
      return container.id == entry.first && container.state == ObservedContainer::State::Running;
    });
  });
}

// Actions that leave everything as it was must not be repeated in a tight loop.
rt::Task<void> PodWorker::hold_back(const std::vector<Action>& actions) {
  repeats_ = actions == last_actions_ ? repeats_ + 1 : 0;
  last_actions_ = actions;
  if (repeats_ > 0) co_await rt::sleep(loop_, std::min<rt::Duration>(100ms * (1 << std::min(repeats_, 9)), 30s));
}

rt::Task<bool> PodWorker::step() {
  if (!pod_ && !deleted_) {
    co_await awake_.wait();
    awake_.clear();
    co_return true;
  }
  awake_.clear();
  auto seen = co_await actions_.observe(uid_, exited_);
  if (!seen) {
    co_await rt::sleep(loop_, kRetry);
    co_return true;
  }
  note(std::move(*seen));
  for (rt::Duration delay = 5ms; runtime_lags() && delay < 2s; delay *= 2) {
    co_await rt::sleep(loop_, delay);
    auto again = co_await actions_.observe(uid_, exited_);
    if (again) note(std::move(*again));
  }
  // A runtime under load may lag for longer: its state is used as it is, and looked at again soon.
  bool lagging = runtime_lags();
  lag_rounds_ = lagging ? lag_rounds_ + 1 : 0;
  if (lag_rounds_ > kLagRounds) exiting_.clear();
  for (;;) {
    if (deleted_) co_return co_await step_gone();
    follow_probes();
    Plan plan = decide(view(), observed_, memory_, node_, actions_.now());
    status_ = plan.status;
    if (status_ != written_ || written_revision_ == 0) {
      status_written_.clear();
      status_dirty_.set();
    }
    announce_back_offs();
    if (plan.actions.empty() || status_.phase != "Pending")
      settled_.set();
    else
      settled_.clear();
    if (plan.actions.empty()) {
      last_actions_.clear();
      std::optional<TimePoint> again = plan.look_again;
      if (lagging) again = again ? std::min(*again, actions_.now() + 1s) : actions_.now() + 1s;
      co_await wait(again);
      co_return true;
    }
    co_await hold_back(plan.actions);
    Effect effect = co_await act_on(std::move(plan.actions));
    if (effect == Effect::Look || !exiting_.empty()) co_return true;
  }
}

std::int64_t PodWorker::orphan_grace_s() const {
  if (!last_pod_) return 30;
  if (last_pod_->metadata.deletionGracePeriodSeconds)
    return std::max<std::int64_t>(*last_pod_->metadata.deletionGracePeriodSeconds, 1);
  return last_pod_->spec.terminationGracePeriodSeconds.value_or(30);
}

rt::Task<bool> PodWorker::step_gone() {
  probers_.clear();
  refreshing_.cancel();  // it would write where everything is removed
  std::vector<Action> actions = tear_down(observed_, memory_, orphan_grace_s(), actions_.now());
  bool running = std::any_of(observed_.containers.begin(), observed_.containers.end(), [](const ObservedContainer& container) {
    return container.state == ObservedContainer::State::Running;
  });
  if (actions.empty() && !running) {
    std::string logs = last_pod_ ? pod_log_directory(actions_.setup(), *last_pod_) : "";
    co_await actions_.clean_up(uid_, std::move(logs));
    co_return false;
  }
  co_await hold_back(actions);
  for (const Action& action : actions) (void)co_await act(action);
  if (running) co_await wait(actions_.now() + 5s);
  co_return true;
}

rt::Task<void> PodWorker::act_into(Action action, Effect* effect) {
  Effect mine = co_await act(std::move(action));
  *effect = std::max(*effect, mine);
}

rt::Task<PodWorker::Effect> PodWorker::act_on(std::vector<Action> actions) {
  Effect effect = Effect::None;
  auto prepares = [](const Action& action) {
    return std::holds_alternative<PrepareVolumes>(action) || std::holds_alternative<CreateSandbox>(action) ||
           std::holds_alternative<EnsureImage>(action);
  };
  auto rest = std::find_if_not(actions.begin(), actions.end(), prepares);
  if (rest - actions.begin() > 1) {
    // Volumes come first in the plan and start last: writing files would hold up the calls to the runtime.
    rt::Scope together(loop_);
    for (auto it = rest; it != actions.begin(); --it) together.spawn(act_into(*std::prev(it), &effect));
    co_await together.drained();
  } else {
    rest = actions.begin();
  }
  for (; rest != actions.end() && !deleted_; ++rest) co_await act_into(*rest, &effect);
  co_return effect;
}

rt::Task<PodWorker::Effect> PodWorker::act(Action action) {
  // The API object may go while an action runs: those beside and after it see the pod as it was.
  PodPtr pod = last_pod_;
  if (std::holds_alternative<PrepareVolumes>(action)) {
    co_await actions_.prepare_volumes(std::move(pod), memory_, volumes_);
    co_return Effect::None;
  }
  if (auto* create = std::get_if<CreateSandbox>(&action)) {
    std::optional<ObservedSandbox> made = co_await actions_.create_sandbox(std::move(pod), *create, memory_);
    if (!made) co_return memory_.sandbox_trouble ? Effect::None : Effect::Look;
    observed_.sandboxes.insert(observed_.sandboxes.begin(), std::move(*made));
    co_return Effect::Noted;
  }
  if (auto* stop_it = std::get_if<StopSandbox>(&action)) {
    co_await actions_.stop_sandbox(*stop_it, memory_);
    co_return Effect::Look;
  }
  if (auto* remove = std::get_if<RemoveSandbox>(&action)) {
    co_await actions_.remove_sandbox(*remove);
    co_return Effect::Look;
  }
  if (auto* ensure = std::get_if<EnsureImage>(&action)) {
    co_await ensure_image(std::move(pod), ensure->container);
    co_return Effect::None;
  }
  if (auto* start = std::get_if<StartContainer>(&action)) {
    // What the container learns of the pod's status is what was decided: the API object may not have it yet.
    auto decided = std::make_shared<core::v1::Pod>(*pod);
    decided->status = status_;
    std::optional<ObservedContainer> made =
        co_await actions_.start_container(std::move(decided), *start, pod_ips(), volumes_, memory_);
    if (!made) co_return Effect::Look;
    observed_.containers.insert(observed_.containers.begin(), std::move(*made));
    co_return Effect::Noted;
  }
  if (auto* stop_it = std::get_if<StopContainer>(&action)) {
    memory_.stopping[stop_it->id] = {actions_.now() + std::chrono::seconds(stop_it->grace_s)};
    if (auto prober = probers_.find(stop_it->id); prober != probers_.end()) prober->second->stopping();
    scope_.spawn(stop(std::move(pod), *stop_it));
    co_return Effect::None;
  }
  if (auto* remove = std::get_if<RemoveContainer>(&action)) {
    co_await actions_.remove_container(*remove);
    co_return Effect::Look;
  }
  co_await finish();
  co_return Effect::None;
}

rt::Task<void> PodWorker::stop(PodPtr pod, StopContainer action) {
  std::vector<std::string> ips = pod_ips();
  std::string id = action.id;
  co_await actions_.stop_container(std::move(pod), std::move(action), ips.empty() ? "" : ips.front());
  memory_.stopping.erase(id);
  wake();
}

rt::Task<void> PodWorker::ensure_image(PodPtr pod, std::string container) {
  ContainerMemory& mine = memory_.containers[container];
  std::optional<ImageState> here = co_await actions_.find_image(pod, container, mine);
  if (here) {
    mine.image = std::move(*here);
    co_return;
  }
  mine.image = {};
  mine.image.kind = ImageState::Kind::Pulling;
  scope_.spawn(pull(std::move(pod), std::move(container)));
}

rt::Task<void> PodWorker::pull(PodPtr pod, std::string container) {
  Backoff backoff = memory_.containers[container].pull;
  ImageState state = co_await actions_.pull_image(std::move(pod), container, backoff);
  ContainerMemory& mine = memory_.containers[container];
  mine.pull = backoff;
  mine.image = std::move(state);
  wake();
}

rt::Task<void> PodWorker::finish() {
  settled_.set();
  while (!status_written_.is_set() && !deleted_) co_await status_written_.wait();
  if (deleted_) co_return;
  client::DeleteOptions options;
  options.grace_period_s = 0;
  options.uid = uid_;
  auto removed = co_await client::Client(transport_)
                     .remove<core::v1::Pod>({last_pod_->metadata.namespace_, last_pod_->metadata.name}, std::move(options));
  // Another pod of this name is there already: ours is gone.
  bool gone = !removed && (removed.error().reason == Reason::NotFound || removed.error().reason == Reason::Conflict);
  if (removed || gone)
    memory_.finished = true;
  else
    co_await rt::sleep(loop_, kRetry);
}

rt::Task<Result<void>> PodWorker::write_status(core::v1::PodStatus status) {
  core::v1::Pod pod = *pod_;
  for (int attempt = 0; attempt < 5; ++attempt) {
    pod.status = status;
    auto written = co_await client::Client(transport_).update<core::v1::Pod>(pod, "status");
    if (written) {
      written_ = status;
      written_revision_ = revision_of(**written);
      co_return Result<void>();
    }
    if (written.error().reason != Reason::Conflict) co_return fail(std::move(written.error()));
    auto fresh = co_await client::Client(transport_).get<core::v1::Pod>({pod.metadata.namespace_, pod.metadata.name});
    if (!fresh) co_return fail(std::move(fresh.error()));
    if ((*fresh)->metadata.uid != uid_) co_return fail(Reason::NotFound, "pod was replaced");
    pod = **fresh;
    // What others wrote in the meantime stays.
    std::erase_if(status.conditions, [](const auto& condition) { return !is_ours(condition.type); });
    for (const auto& condition : pod.status.conditions)
      if (!is_ours(condition.type)) status.conditions.push_back(condition);
  }
  co_return fail(Reason::Conflict, "the status of pod " + pod.metadata.name + " keeps changing");
}

rt::Task<void> PodWorker::write_statuses() {
  for (;;) {
    co_await status_dirty_.wait();
    if (!settled_.is_set()) (void)co_await rt::with_timeout(loop_, kStepUntold, wait_settled());
    status_dirty_.clear();
    if (!pod_) continue;
    core::v1::PodStatus status = status_;
    auto done = co_await write_status(status);
    if (done || done.error().reason == Reason::NotFound) {
      if (status == status_) status_written_.set();
      continue;
    }
    status_dirty_.set();
    co_await rt::sleep(loop_, kRetry);
  }
}

rt::Task<void> PodWorker::refresh_volumes() {
  for (;;) {
    co_await rt::sleep(loop_, kVolumeRefresh);
    PodPtr pod = pod_;
    if (!pod || !memory_.volumes_ready || pod->metadata.deletionTimestamp || is_terminal(status_)) continue;
    co_await actions_.refresh_volumes(std::move(pod));
  }
}

void PodWorker::follow_probes() {
  std::erase_if(probers_, [&](const auto& entry) {
    return std::none_of(observed_.containers.begin(), observed_.containers.end(), [&](const ObservedContainer& container) {
      return container.id == entry.first && container.state == ObservedContainer::State::Running;
    });
  });
  for (const ContainerView& view : containers_of(*pod_)) {
    if (!has_probe(*view.spec)) continue;
    const ObservedContainer* current = newest(observed_, view.spec->name);
    if (current == nullptr || current->state != ObservedContainer::State::Running) continue;
    if (probers_.contains(current->id) || memory_.stopping.contains(current->id)) continue;
    const std::string name = view.spec->name;
    const ProbeState& before = memory_.containers[name].probes;
    if (before.container_id == current->id && !before.unhealthy.empty()) continue;  // its postStart hook failed: it will go
    ProbeState initial;
    initial.container_id = current->id;
    const core::v1::ContainerStatus* status = reported_status(*pod_, name);
    if (status != nullptr && status->containerID == "containerd://" + current->id) {
      initial.ready = status->ready;
      initial.started = status->started.value_or(false);
    }
    memory_.containers[name].probes = initial;
    std::vector<std::string> ips = pod_ips();
    CheckTarget target{current->id, ips.empty() ? "" : ips.front(), view.spec->ports};
    auto changed = [this, name](const ProbeState& state) {
      memory_.containers[name].probes = state;
      wake();
    };
    auto failed = [this, name](ProbeKind kind, std::string what) {
      if (!last_pod_) return;
      actions_.tell(*last_pod_, name, EventSeverity::Warning, "Unhealthy", std::string(probe_name(kind)) + " probe " + what);
    };
    Prober::Running running{std::max<rt::Duration>(actions_.now() - current->started_at, rt::Duration(0)), initial};
    probers_[current->id] = std::make_unique<Prober>(loop_, net_, runtime_, *view.spec, std::move(target), std::move(running),
                                                     std::move(changed), std::move(failed));
  }
}

void PodWorker::announce_back_offs() {
  for (const auto* list : {&status_.initContainerStatuses, &status_.containerStatuses, &status_.ephemeralContainerStatuses}) {
    for (const auto& status : *list) {
      if (!status.state.waiting) continue;
      const std::string& reason = status.state.waiting->reason;
      bool crash = reason == "CrashLoopBackOff";
      if (!crash && reason != "ImagePullBackOff") continue;
      // One event for each time that it is held back.
      auto stamp = static_cast<std::uint32_t>(
          crash ? status.restartCount : memory_.containers[status.name].image.failed_at.time_since_epoch().count() / 1000000);
      auto [place, added] = announced_.try_emplace(status.name + "\n" + reason, stamp);
      if (!added && std::exchange(place->second, stamp) == stamp) continue;
      if (crash) {
        actions_.tell(*last_pod_, status.name, EventSeverity::Warning, "BackOff",
                      "Back-off restarting failed container " + status.name + " in pod " + last_pod_->metadata.name + "_" +
                          last_pod_->metadata.namespace_ + "(" + uid_ + ")");
      } else {
        actions_.tell(*last_pod_, status.name, EventSeverity::Normal, "BackOff",
                      "Back-off pulling image \"" + status.image + "\"");
        actions_.tell(*last_pod_, status.name, EventSeverity::Warning, "Failed", "Error: ImagePullBackOff");
      }
    }
  }
}

}  // namespace charon::node
