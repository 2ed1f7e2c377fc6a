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
using apps::v1::Deployment;
using batch::v1::Job;
using core::v1::Namespace;
using core::v1::Node;
using core::v1::Pod;
using core::v1::Service;

constexpr std::int64_t kPodsPerNode = 15;
const std::vector<std::string> kSpaces = {"team-a", "team-b", "team-c"};
const std::vector<std::string> kApps = {"web", "api", "queue", "cache", "batch"};
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

rt::Task<void> Workload::user_step() {
  std::vector<model::ObjectKey> deployments;
  for (const auto& [key, document] : cluster_.truth().objects(client::kind_of<Deployment>())) deployments.push_back(key);
  const std::size_t choice = below(100);
  if (choice < 5) co_return co_await create_namespace();
  if (choice < 9) co_return co_await delete_namespace();
  if (choice < 24) co_return co_await job_step();
  if (deployments.empty() || choice < 45) co_return co_await create_deployment();
  model::ObjectKey key = pick(deployments);
  if (choice < 52) co_return co_await delete_deployment(std::move(key));
  if (choice < 72) co_return co_await scale(std::move(key));
  co_await roll(std::move(key));
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

std::int64_t Workload::pods_wanted() const {
  std::int64_t wanted = 0;
  for (const auto& deployment : cluster_.truth().list<Deployment>()) wanted += deployment->spec.replicas.value_or(1);
  for (const auto& job : cluster_.truth().list<Job>()) wanted += job->spec.parallelism.value_or(1);
  return wanted;
}

rt::Task<void> Workload::create_deployment() {
  const std::int64_t room = static_cast<std::int64_t>(cluster_.nodes().size()) * kPodsPerNode - pods_wanted();
  if (room <= 0) co_return;
  Deployment deployment;
  const std::string name = pick(kApps);
  deployment.metadata.name = name;
  deployment.metadata.namespace_ = below(3) == 0 ? "default" : pick(kSpaces);
  deployment.spec.replicas = static_cast<std::int32_t>(below(static_cast<std::size_t>(std::min<std::int64_t>(room, 12)) + 1));
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
  deployment.spec.template_.metadata.labels["app"] = name;
  deployment.spec.template_.spec.terminationGracePeriodSeconds = static_cast<std::int64_t>(below(12));
  core::v1::Container& container = deployment.spec.template_.spec.containers.emplace_back();
  container.name = "main";
  container.image = "image:1";
  container.resources.requests["cpu"] = Quantity::of_milli(100);
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

rt::Task<void> Workload::delete_deployment(model::ObjectKey key) {
  client::DeleteOptions options;
  options.propagation = below(3) == 0 ? client::Propagation::Foreground : client::Propagation::Background;
  auto removed = co_await client::Client(user_).remove<Deployment>(std::move(key), options);
  (void)removed;
}

rt::Task<void> Workload::patch(model::ObjectKey key, codec::Value change) {
  auto patched = co_await user_.patch({&client::kind_of<Deployment>()}, std::move(key), client::PatchType::StrategicMerge,
                                      std::move(change));
  (void)patched;
}

rt::Task<void> Workload::scale(model::ObjectKey key) {
  const std::int64_t room = static_cast<std::int64_t>(cluster_.nodes().size()) * kPodsPerNode - pods_wanted();
  const auto replicas = static_cast<std::int64_t>(below(static_cast<std::size_t>(std::clamp<std::int64_t>(room, 0, 14)) + 1));
  co_await patch(std::move(key), codec::Object{{"spec", codec::Object{{"replicas", replicas}}}});
}

rt::Task<void> Workload::roll(model::ObjectKey key) {
  // One of few images, so that some rollouts go back to what was there.
  codec::Object container{{"name", "main"}, {"image", fmt::format("image:{}", below(5))}};
  codec::Object spec{{"containers", codec::Array{std::move(container)}}};
  co_await patch(std::move(key),
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
  if (static_cast<std::int64_t>(cluster_.nodes().size()) * kPodsPerNode - pods_wanted() <= 0) co_return;
  Job job;
  job.metadata.name = pick(kJobs);
  job.metadata.namespace_ = below(3) == 0 ? "default" : pick(kSpaces);
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
  auto patched = co_await user_.patch({&client::kind_of<Job>()}, std::move(key), client::PatchType::StrategicMerge,
                                      codec::Object{{"spec", std::move(spec)}});
  (void)patched;
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
