#include "sim/nodes/hollow_node.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/coordination/v1/types.h"
#include "client/typed.h"
#include "control/pods.h"
#include "rt/timeout.h"

namespace charon::sim {
namespace {

using namespace std::chrono_literals;
using coordination::v1::Lease;
using core::v1::Node;
using core::v1::Pod;

constexpr rt::Duration kHeartbeat = 10s;
constexpr rt::Duration kRetry = 300ms;
constexpr rt::Duration kLong = 1h;
constexpr std::int64_t kHeartbeatWriteS = 300;

template <class Conditions>
void set_condition(Conditions& conditions, std::string_view type, const std::string& status, Time now) {
  auto place = std::ranges::find_if(conditions, [type](const auto& condition) { return condition.type == type; });
  if (place == conditions.end()) {
    conditions.emplace_back().type = type;
    place = std::prev(conditions.end());
  }
  if (place->status != status) place->lastTransitionTime = now;
  place->status = status;
  if constexpr (requires { place->lastHeartbeatTime; }) place->lastHeartbeatTime = now;
  place->reason = "Simulated";
}

template <class Conditions>
std::string status_of(const Conditions& conditions, std::string_view type) {
  for (const auto& condition : conditions)
    if (condition.type == type) return condition.status;
  return "";
}

void describe(Node& node, const HollowNodeSettings& settings, Time now) {
  node.metadata.labels["kubernetes.io/hostname"] = node.metadata.name;
  for (const auto& [name, value] : settings.labels) node.metadata.labels[name] = value;
  for (auto* resources : {&node.status.capacity, &node.status.allocatable}) {
    (*resources)["cpu"] = Quantity::of(settings.cpus);
    (*resources)["memory"] = Quantity::of(std::int64_t{32} << 30, Quantity::Format::BinarySI);
    (*resources)["pods"] = Quantity::of(settings.max_pods);
  }
  for (const char* pressure : {"MemoryPressure", "DiskPressure", "PIDPressure"})
    set_condition(node.status.conditions, pressure, "False", now);
  set_condition(node.status.conditions, "Ready", "True", now);
}

rt::Task<bool> wait_set(rt::Event* event) {
  co_await event->wait();
  co_return true;
}

}  // namespace

HollowNode::HollowNode(rt::Loop& loop, rt::Random& random, client::Transport& transport, HollowNodeSettings settings)
    : loop_(loop),
      random_(random),
      transport_(transport),
      settings_(settings),
      name_(fmt::format("node-{}", settings.number)) {}

void HollowNode::boot() {
  if (up()) return;
  scope_ = std::make_unique<rt::Scope>(loop_);
  client::ListOptions mine;
  mine.field_selector = "spec.nodeName=" + name_;
  informer_ = std::make_unique<client::Informer>(loop_, random_, transport_, client::kind_of<Pod>(), mine);
  subscription_ = informer_->subscribe({
      .added = [this](const model::DocumentPtr& pod) { note(pod); },
      .updated = [this](const model::DocumentPtr&, const model::DocumentPtr& pod) { note(pod); },
      .deleted =
          [this](const model::DocumentPtr& pod) {
            if (const auto place = pods_.find(pod->uid()); place != pods_.end()) place->second->changed.set();
          },
  });
  informer_->start();
  scope_->spawn(keep_node());
}

void HollowNode::kill() {
  if (!up()) return;
  scope_.reset();
  subscription_ = {};
  informer_.reset();
  pods_.clear();
}

rt::Duration HollowNode::between(rt::Duration low, rt::Duration high) {
  return low + rt::Duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>((high - low).count() + 1))));
}

rt::Task<void> HollowNode::keep_node() {
  while (true) {
    Result<void> done = co_await renew_node();
    if (done) done = co_await renew_lease();
    const rt::Duration pause = done ? kHeartbeat : kRetry;
    co_await rt::sleep(loop_, pause);
  }
}

rt::Task<Result<void>> HollowNode::renew_node() {
  client::Client client(transport_);
  Time now = loop_.clock().wall();
  now.nanos = 0;
  auto found = co_await client.get<Node>({"", name_});
  if (!found && found.error().reason != Reason::NotFound) co_return fail(std::move(found.error()));
  if (!found) {
    Node node;
    node.metadata.name = name_;
    describe(node, settings_, now);
    auto created = co_await client.create(std::move(node));
    if (!created) co_return fail(std::move(created.error()));
    co_return Result<void>();
  }
  Node node = **found;
  for (const auto& condition : node.status.conditions) {
    if (condition.type != "Ready" || condition.status != "True") continue;
    if (condition.lastHeartbeatTime.seconds + kHeartbeatWriteS > now.seconds) co_return Result<void>();
  }
  describe(node, settings_, now);
  auto updated = co_await client.update(std::move(node), "status");
  if (!updated) co_return fail(std::move(updated.error()));
  co_return Result<void>();
}

rt::Task<Result<void>> HollowNode::renew_lease() {
  client::Client client(transport_);
  const Time now = loop_.clock().wall();
  auto found = co_await client.get<Lease>({"kube-node-lease", name_});
  if (!found && found.error().reason != Reason::NotFound) co_return fail(std::move(found.error()));
  Lease lease;
  if (found) lease = **found;
  lease.metadata.name = name_;
  lease.metadata.namespace_ = "kube-node-lease";
  lease.spec.holderIdentity = name_;
  lease.spec.leaseDurationSeconds = 40;
  lease.spec.renewTime = now;
  if (found) {
    auto updated = co_await client.update(std::move(lease));
    if (!updated) co_return fail(std::move(updated.error()));
  } else {
    auto created = co_await client.create(std::move(lease));
    if (!created) co_return fail(std::move(created.error()));
  }
  co_return Result<void>();
}

void HollowNode::note(const model::DocumentPtr& document) {
  const auto place = pods_.find(document->uid());
  if (place != pods_.end()) return place->second->changed.set();
  auto run = std::make_unique<PodRun>(loop_);
  run->ready_at = now() + between(settings_.start_least, settings_.start_most);
  run->crash_at = random_.unit() < settings_.crash_rate ? now() + between(5s, 240s) : rt::Instant::max();
  run->stop_at = rt::Instant::max();
  run->end_at = run->ready_at + between(1s, 60s);
  run->fails = random_.unit() < settings_.fail_rate;
  ++addresses_;
  run->ip = fmt::format("10.{}.{}.{}", settings_.number, addresses_ / 250 % 256, addresses_ % 250 + 2);
  pods_.emplace(document->uid(), std::move(run));
  scope_->spawn(run_pod(document->key(), document->uid()));
}

rt::Task<void> HollowNode::run_pod(model::ObjectKey key, std::string uid) {
  PodRun* const run = pods_.at(uid).get();
  while (true) {
    run->changed.clear();
    std::shared_ptr<const Pod> pod = informer_->get<Pod>(key);
    if (!pod || pod->metadata.uid != uid) break;
    const rt::Duration pause = co_await advance(run, std::move(pod));
    co_await rt::with_timeout(loop_, pause, wait_set(&run->changed));
  }
  pods_.erase(uid);
}

rt::Task<rt::Duration> HollowNode::advance(PodRun* run, std::shared_ptr<const Pod> pod) {
  if (pod->metadata.deletionTimestamp) co_return co_await stop_pod(run, std::move(pod));
  if (control::is_pod_terminal(*pod)) co_return kLong;
  if (now() < run->ready_at) co_return run->ready_at - now();
  const bool ends = pod->spec.restartPolicy == "Never";
  if (ends && now() >= run->end_at) {
    auto reported = co_await report_end(pod, run->fails ? 1 : 0);
    co_return reported ? rt::Duration(5s) : kRetry;
  }
  const bool crashes = !ends && now() >= run->crash_at && settings_.crash_rate > 0;
  const bool ready = status_of(pod->status.conditions, "Ready") == "True" && !pod->status.podIP.empty();
  if (ready && ends) co_return run->end_at - now();
  if (ready && !crashes) {
    if (run->crash_at == rt::Instant::max() || settings_.crash_rate <= 0) co_return kLong;
    co_return run->crash_at - now();
  }
  const std::string wanted = crashes ? "False" : "True";
  auto reported = co_await report(run, pod, wanted);
  if (!reported) co_return kRetry;
  if (crashes) {
    ++crashes_;
    ++run->restarts;
    run->crash_at = rt::Instant::max();
    run->ready_at = now() + between(1s, 15s);
    co_return run->ready_at - now();
  }
  // The informer shows it; should it not, the look again does.
  co_return 5s;
}

rt::Task<rt::Duration> HollowNode::stop_pod(PodRun* run, std::shared_ptr<const Pod> pod) {
  const rt::Duration grace = std::chrono::seconds(pod->metadata.deletionGracePeriodSeconds.value_or(0));
  if (run->stop_at == rt::Instant::max())
    run->stop_at = now() + std::min(grace, between(settings_.stop_least, settings_.stop_most));
  if (now() < run->stop_at) co_return run->stop_at - now();
  if (pod->spec.restartPolicy == "Never" && !control::is_pod_terminal(*pod)) {
    auto reported = co_await report_end(pod, 137);
    if (!reported) co_return kRetry;
  }
  client::DeleteOptions options;
  options.grace_period_s = 0;
  options.uid = pod->metadata.uid;
  auto removed = co_await client::Client(transport_).remove<Pod>({pod->metadata.namespace_, pod->metadata.name}, options);
  if (removed || removed.error().reason == Reason::NotFound || removed.error().reason == Reason::Conflict) co_return 5s;
  co_return kRetry;
}

rt::Task<Result<void>> HollowNode::report(PodRun* run, std::shared_ptr<const Pod> pod, std::string ready) {
  Pod updated = *pod;
  Time now = loop_.clock().wall();
  now.nanos = 0;
  updated.status.phase = "Running";
  if (!updated.status.startTime) updated.status.startTime = now;
  updated.status.podIP = run->ip;
  updated.status.podIPs.clear();
  updated.status.podIPs.emplace_back().ip = run->ip;
  updated.status.hostIP = fmt::format("192.168.0.{}", settings_.number);
  set_condition(updated.status.conditions, "Initialized", "True", now);
  set_condition(updated.status.conditions, "ContainersReady", ready, now);
  set_condition(updated.status.conditions, "Ready", ready, now);
  updated.status.containerStatuses.clear();
  for (const auto& container : pod->spec.containers) {
    auto& status = updated.status.containerStatuses.emplace_back();
    status.name = container.name;
    status.image = container.image;
    status.ready = ready == "True";
    status.restartCount = run->restarts;
    status.state.running.emplace().startedAt = now;
  }
  auto written = co_await client::Client(transport_).update<Pod>(std::move(updated), "status");
  if (!written) co_return fail(std::move(written.error()));
  co_return Result<void>();
}

rt::Task<Result<void>> HollowNode::report_end(std::shared_ptr<const Pod> pod, std::int32_t exit_code) {
  Pod updated = *pod;
  Time now = loop_.clock().wall();
  now.nanos = 0;
  updated.status.phase = exit_code == 0 ? "Succeeded" : "Failed";
  if (!updated.status.startTime) updated.status.startTime = now;
  set_condition(updated.status.conditions, "Initialized", "True", now);
  set_condition(updated.status.conditions, "ContainersReady", "False", now);
  set_condition(updated.status.conditions, "Ready", "False", now);
  updated.status.containerStatuses.clear();
  for (const auto& container : pod->spec.containers) {
    auto& status = updated.status.containerStatuses.emplace_back();
    status.name = container.name;
    status.image = container.image;
    auto& end = status.state.terminated.emplace();
    end.exitCode = exit_code;
    end.reason = exit_code == 0 ? "Completed" : "Error";
    end.startedAt = *updated.status.startTime;
    end.finishedAt = now;
  }
  auto written = co_await client::Client(transport_).update<Pod>(std::move(updated), "status");
  if (!written) co_return fail(std::move(written.error()));
  co_return Result<void>();
}

}  // namespace charon::sim
