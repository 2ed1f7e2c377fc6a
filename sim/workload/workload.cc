#include "sim/workload/workload.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/apps/v1/types.h"
#include "api/batch/v1/types.h"
#include "api/core/v1/types.h"
#include "client/typed.h"
#include "codec/tree.h"

namespace charon::sim {
namespace {

using namespace std::chrono_literals;
using apps::v1::DaemonSet;
using apps::v1::Deployment;
using apps::v1::StatefulSet;
using batch::v1::Job;
using core::v1::Namespace;
using core::v1::Node;
using core::v1::Pod;
using core::v1::Service;

constexpr std::int64_t kPodsPerNode = 15;
const std::vector<std::string> kSpaces = {"team-a", "team-b", "team-c"};
const std::vector<std::string> kApps = {"web", "api", "queue", "cache", "batch"};
const std::vector<std::string> kSets = {"db", "log"};
const std::vector<std::string> kDaemons = {"agent", "probe"};
const std::vector<std::string> kJobs = {"import", "render", "train"};
const std::vector<std::string> kSurges = {"0", "1", "2", "25%", "50%", "100%"};

IntOrString count_of(const std::string& text) {
  IntOrString count;
  if (text.ends_with("%")) {
    count.value = text;
  } else {
    count.value = std::stoi(text);
  }
  return count;
}

core::v1::PodTemplateSpec pod_template_of(const std::string& app, std::int64_t grace_s) {
  core::v1::PodTemplateSpec pod_template;
  pod_template.metadata.labels["app"] = app;
  pod_template.spec.terminationGracePeriodSeconds = grace_s;
  core::v1::Container& container = pod_template.spec.containers.emplace_back();
  container.name = "main";
  container.image = "image:1";
  container.resources.requests["cpu"] = Quantity::of_milli(100);
  return pod_template;
}

}  // namespace

Workload::Workload(Cluster& cluster, WorkloadSettings settings)
    : cluster_(cluster),
      settings_(settings),
      random_(settings.seed ^ 0x51ed270b),
      user_(cluster.connect("user", {"system:masters"})) {}

rt::Task<void> Workload::run(rt::Duration time) {
  const rt::Instant end = cluster_.loop().now() + time;
  while (true) {
    const rt::Duration pause = std::chrono::milliseconds(200 + below(8000));
    if (cluster_.loop().now() + pause >= end) co_return;
    co_await rt::sleep(cluster_.loop(), pause);
    ++operations_;
    co_await step();
  }
}

rt::Task<void> Workload::step() {
  const std::size_t choice = below(100);
  if (!settings_.disruptions || choice < 65) co_return co_await user_step();
  if (choice < 75) co_return co_await delete_some_pod();
  if (choice < 95) co_return co_await disturb_node();
  if (choice < 98) {
    cluster_.restart_controllers();
  } else {
    cluster_.restart_scheduler();
  }
}

std::vector<Workload::Target> Workload::targets() const {
  std::vector<Target> found;
  for (const model::Kind* kind :
       {&client::kind_of<Deployment>(), &client::kind_of<StatefulSet>(), &client::kind_of<DaemonSet>()})
    for (const auto& [key, document] : cluster_.truth().objects(*kind)) found.push_back({kind, key});
  return found;
}

rt::Task<void> Workload::user_step() {
  const std::vector<Target> there = targets();
  const std::size_t choice = below(100);
  if (choice < 5) co_return co_await create_namespace();
  if (choice < 9) co_return co_await delete_namespace();
  if (choice < 20) co_return co_await job_step();
  if (there.empty() || choice < 43) co_return co_await create_workload();
  Target target = pick(there);
  if (choice < 50) co_return co_await remove(std::move(target));
  if (choice < 70) co_return co_await scale(std::move(target));
  co_await roll(std::move(target));
}

rt::Task<void> Workload::create_namespace() {
  Namespace space;
  space.metadata.name = pick(kSpaces);
  auto created = co_await client::Client(user_).create(std::move(space));
  (void)created;
}

rt::Task<void> Workload::delete_namespace() {
  const std::string name = pick(kSpaces);
  auto removed = co_await client::Client(user_).remove<Namespace>({"", name});
  (void)removed;
}

std::int64_t Workload::room() const {
  const auto nodes = static_cast<std::int64_t>(cluster_.nodes().size());
  std::int64_t room = nodes * kPodsPerNode;
  for (const auto& deployment : cluster_.truth().list<Deployment>()) room -= deployment->spec.replicas.value_or(1);
  for (const auto& job : cluster_.truth().list<Job>()) room -= job->spec.parallelism.value_or(1);
  for (const auto& set : cluster_.truth().list<StatefulSet>()) room -= set->spec.replicas.value_or(1);
  return room - nodes * static_cast<std::int64_t>(cluster_.truth().list<DaemonSet>().size());
}

std::string Workload::some_space() { return below(3) == 0 ? "default" : pick(kSpaces); }

std::int32_t Workload::some_replicas(std::int64_t most) {
  return static_cast<std::int32_t>(below(static_cast<std::size_t>(std::clamp<std::int64_t>(room(), 0, most)) + 1));
}

rt::Task<void> Workload::create_workload() {
  if (room() <= 0) co_return;
  const std::size_t choice = below(10);
  if (choice < 6) co_return co_await create_deployment();
  if (choice < 9) co_return co_await create_stateful_set();
  co_await create_daemon_set();
}

rt::Task<void> Workload::create_stateful_set() {
  StatefulSet set;
  set.metadata.name = pick(kSets);
  set.metadata.namespace_ = some_space();
  set.spec.replicas = some_replicas(6);
  set.spec.serviceName = set.metadata.name;
  set.spec.revisionHistoryLimit = static_cast<std::int32_t>(below(4));
  set.spec.selector.emplace().matchLabels["app"] = set.metadata.name;
  set.spec.podManagementPolicy = below(3) == 0 ? "Parallel" : "OrderedReady";
  if (below(4) == 0) set.spec.ordinals.emplace().start = static_cast<std::int32_t>(below(4));
  set.spec.updateStrategy.type = "RollingUpdate";
  if (below(3) == 0) set.spec.updateStrategy.rollingUpdate.emplace().maxUnavailable = count_of("2");
  set.spec.template_ = pod_template_of(set.metadata.name, static_cast<std::int64_t>(below(12)));
  auto created = co_await client::Client(user_).create(std::move(set));
  (void)created;
}

rt::Task<void> Workload::create_daemon_set() {
  DaemonSet set;
  set.metadata.name = pick(kDaemons);
  set.metadata.namespace_ = some_space();
  set.spec.revisionHistoryLimit = static_cast<std::int32_t>(below(4));
  set.spec.selector.emplace().matchLabels["app"] = set.metadata.name;
  set.spec.updateStrategy.type = "RollingUpdate";
  auto& rolling = set.spec.updateStrategy.rollingUpdate.emplace();
  const bool surges = below(2) == 0;
  rolling.maxSurge = count_of(surges ? "50%" : "0");
  rolling.maxUnavailable = count_of(surges ? "0" : "2");
  set.spec.template_ = pod_template_of(set.metadata.name, static_cast<std::int64_t>(below(12)));
  auto created = co_await client::Client(user_).create(std::move(set));
  (void)created;
}

rt::Task<void> Workload::create_deployment() {
  Deployment deployment;
  const std::string name = pick(kApps);
  deployment.metadata.name = name;
  deployment.metadata.namespace_ = some_space();
  deployment.spec.replicas = some_replicas(12);
  deployment.spec.revisionHistoryLimit = static_cast<std::int32_t>(below(4));
  deployment.spec.selector.emplace().matchLabels["app"] = name;
  if (below(6) == 0) {
    deployment.spec.strategy.type = "Recreate";
  } else {
    deployment.spec.strategy.type = "RollingUpdate";
    auto& rolling = deployment.spec.strategy.rollingUpdate.emplace();
    rolling.maxSurge = count_of(pick(kSurges));
    rolling.maxUnavailable = count_of(pick(kSurges));
    if (rolling.maxSurge == count_of("0") && rolling.maxUnavailable == count_of("0")) rolling.maxSurge = count_of("1");
  }
  deployment.spec.template_ = pod_template_of(name, static_cast<std::int64_t>(below(12)));
  Service service;
  service.metadata.name = name;
  service.metadata.namespace_ = deployment.metadata.namespace_;
  service.spec.selector["app"] = name;
  auto& port = service.spec.ports.emplace_back();
  port.port = 80;
  auto created = co_await client::Client(user_).create(std::move(deployment));
  (void)created;
  if (below(2) != 0) co_return;
  auto served = co_await client::Client(user_).create(std::move(service));
  (void)served;
}

rt::Task<void> Workload::remove(Target target) {
  client::DeleteOptions options;
  options.propagation = below(3) == 0 ? client::Propagation::Foreground : client::Propagation::Background;
  auto removed = co_await user_.remove({target.kind}, std::move(target.key), options);
  (void)removed;
}

rt::Task<void> Workload::patch(Target target, codec::Value change) {
  auto patched =
      co_await user_.patch({target.kind}, std::move(target.key), client::PatchType::StrategicMerge, std::move(change));
  (void)patched;
}

rt::Task<void> Workload::scale(Target target) {
  if (target.kind == &client::kind_of<DaemonSet>()) co_return co_await roll(std::move(target));
  const std::int32_t replicas = some_replicas(target.kind == &client::kind_of<StatefulSet>() ? 6 : 14);
  co_await patch(std::move(target), codec::Object{{"spec", codec::Object{{"replicas", replicas}}}});
}

rt::Task<void> Workload::roll(Target target) {
  // One of few images, so that some rollouts go back to what was there.
  codec::Object container{{"name", "main"}, {"image", fmt::format("image:{}", below(5))}};
  codec::Object spec{{"containers", codec::Array{std::move(container)}}};
  co_await patch(std::move(target),
                 codec::Object{{"spec", codec::Object{{"template", codec::Object{{"spec", std::move(spec)}}}}}});
}

rt::Task<void> Workload::job_step() {
  std::vector<model::ObjectKey> jobs;
  for (const auto& [key, document] : cluster_.truth().objects(client::kind_of<Job>())) jobs.push_back(key);
  if (jobs.empty() || below(2) == 0) co_return co_await create_job();
  model::ObjectKey key = pick(jobs);
  if (below(3) != 0) co_return co_await change_job(std::move(key));
  client::DeleteOptions options;
  const std::size_t choice = below(4);
  options.propagation = choice == 0   ? client::Propagation::Foreground
                        : choice == 1 ? client::Propagation::Orphan
                                      : client::Propagation::Background;
  auto removed = co_await client::Client(user_).remove<Job>(std::move(key), options);
  (void)removed;
}

rt::Task<void> Workload::create_job() {
  if (room() <= 0) co_return;
  Job job;
  job.metadata.name = pick(kJobs);
  job.metadata.namespace_ = some_space();
  job.spec.completions = static_cast<std::int32_t>(below(10) + 1);
  job.spec.parallelism = static_cast<std::int32_t>(below(4) + 1);
  job.spec.backoffLimit = static_cast<std::int32_t>(below(5));
  if (below(2) == 0) {
    job.spec.completionMode = "Indexed";
    if (below(2) == 0) {
      job.spec.backoffLimit.reset();
      job.spec.backoffLimitPerIndex = static_cast<std::int32_t>(below(3));
    }
  }
  if (below(3) == 0) job.spec.podReplacementPolicy = "Failed";
  if (below(4) == 0) job.spec.ttlSecondsAfterFinished = static_cast<std::int32_t>(below(60));
  if (below(4) == 0) job.spec.activeDeadlineSeconds = static_cast<std::int64_t>(below(300) + 30);
  job.spec.suspend = below(5) == 0;
  job.spec.template_.spec.restartPolicy = "Never";
  job.spec.template_.spec.terminationGracePeriodSeconds = static_cast<std::int64_t>(below(12));
  core::v1::Container& container = job.spec.template_.spec.containers.emplace_back();
  container.name = "main";
  container.image = "image:1";
  container.resources.requests["cpu"] = Quantity::of_milli(100);
  auto created = co_await client::Client(user_).create(std::move(job));
  (void)created;
}

// Suspends it, resumes it, or changes how many of its pods run.
rt::Task<void> Workload::change_job(model::ObjectKey key) {
  codec::Object spec;
  const std::size_t choice = below(5);
  if (choice < 3) {
    spec["suspend"] = choice == 0;
  } else {
    spec["parallelism"] = static_cast<std::int64_t>(below(5) + 1);
  }
  co_await patch({&client::kind_of<Job>(), std::move(key)}, codec::Object{{"spec", std::move(spec)}});
}

rt::Task<void> Workload::delete_some_pod() {
  std::vector<model::ObjectKey> pods;
  for (const auto& [key, document] : cluster_.truth().objects(client::kind_of<Pod>())) pods.push_back(key);
  if (pods.empty()) co_return;
  client::DeleteOptions options;
  if (below(4) == 0) options.grace_period_s = 0;
  auto removed = co_await client::Client(user_).remove<Pod>(pick(pods), options);
  (void)removed;
}

// At least half of the nodes stay up. A node that is down may be removed; it registers anew when it boots.
rt::Task<void> Workload::disturb_node() {
  auto& nodes = cluster_.nodes();
  HollowNode& node = *nodes[below(nodes.size())];
  if (!node.up()) {
    if (below(3) != 0) {
      node.boot();
      co_return;
    }
    auto removed = co_await client::Client(user_).remove<Node>({"", node.name()});
    (void)removed;
    co_return;
  }
  const auto down = static_cast<std::size_t>(std::ranges::count_if(nodes, [](const auto& each) { return !each->up(); }));
  if (down + 1 <= nodes.size() / 2) node.kill();
}

}  // namespace charon::sim
