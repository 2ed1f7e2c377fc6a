#include "sim/checkers/rollout_checker.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/pods.h"

namespace charon::sim {
namespace {

using apps::v1::Deployment;
using apps::v1::ReplicaSet;
using core::v1::Pod;

template <class T>
const meta::v1::OwnerReference* controller_of(const T& object) {
  for (const auto& reference : object.metadata.ownerReferences)
    if (reference.controller.value_or(false)) return &reference;
  return nullptr;
}

struct Bounds {
  std::int32_t most = 0;
  std::int32_t least = 0;
};

Bounds bounds_of(const Deployment& deployment) {
  const std::int32_t replicas = deployment.spec.replicas.value_or(1);
  const auto& rolling = *deployment.spec.strategy.rollingUpdate;
  const std::int32_t surge = scaled_value(*rolling.maxSurge, replicas, Rounding::Up).value_or(0);
  std::int32_t unavailable = scaled_value(*rolling.maxUnavailable, replicas, Rounding::Down).value_or(0);
  // Percentages that both come to nothing would never let a rollout go on.
  if (surge == 0 && unavailable == 0) unavailable = 1;
  return {replicas + surge, std::max(replicas - unavailable, 0)};
}

std::string bounds_text(const Deployment& deployment, const Bounds& bounds) {
  return fmt::format("{} {} {}", deployment.spec.replicas.value_or(1), bounds.most, bounds.least);
}

}  // namespace

RolloutChecker::RolloutChecker(Truth& truth, Findings& findings, Disruptions disruptions)
    : truth_(truth), findings_(findings), disruptions_(disruptions) {
  truth.listen([this](const Truth::Change& change) { look(change); });
}

void RolloutChecker::look(const Truth::Change& change) {
  const model::DocumentPtr& document = change.after ? change.after : change.before;
  std::string owner;
  std::string_view kind = document->kind().kind;
  if (kind == "Pod") {
    const auto* set = controller_of(*document->as<Pod>());
    if (set == nullptr || set->kind != "ReplicaSet") return;
    const auto found = truth_.get<ReplicaSet>({document->key().ns, set->name});
    if (!found) return;
    if (const auto* reference = controller_of(*found)) owner = reference->name;
  } else if (kind == "ReplicaSet") {
    if (const auto* reference = controller_of(*document->as<ReplicaSet>())) owner = reference->name;
  } else if (kind == "Deployment") {
    owner = document->key().name;
  }
  if (owner.empty()) return;
  if (const auto deployment = truth_.get<Deployment>({document->key().ns, owner})) check(*deployment);
}

void RolloutChecker::check(const Deployment& deployment) {
  Watched& watched = deployments_[deployment.metadata.uid];
  const auto space = truth_.get<core::v1::Namespace>({"", deployment.metadata.namespace_});
  const bool going = deployment.metadata.deletionTimestamp || !space || space->metadata.deletionTimestamp;
  if (going || deployment.spec.strategy.type != "RollingUpdate") {
    watched = {};
    return;
  }
  const Bounds bounds = bounds_of(deployment);
  std::string text = bounds_text(deployment, bounds);
  if (watched.bounds != text) watched = {std::move(text), false, false};

  std::int32_t wanted = 0;
  std::int32_t ready = 0;
  bool leaving = false;  // a set has yet to delete pods: that was decided under older bounds
  const model::Kind& sets = client::kind_of<ReplicaSet>();
  const model::Kind& pods = client::kind_of<Pod>();
  const std::string& ns = deployment.metadata.namespace_;
  for (auto place = truth_.objects(sets).lower_bound({ns, ""}); place != truth_.objects(sets).end() && place->first.ns == ns;
       ++place) {
    const auto set = place->second->as<ReplicaSet>();
    const auto* owner = controller_of(*set);
    if (owner == nullptr || owner->uid != deployment.metadata.uid) continue;
    wanted += set->spec.replicas.value_or(1);
    std::int32_t active = 0;
    for (auto at = truth_.objects(pods).lower_bound({ns, ""}); at != truth_.objects(pods).end() && at->first.ns == ns; ++at) {
      const auto pod = at->second->as<Pod>();
      const auto* holder = controller_of(*pod);
      if (holder == nullptr || holder->uid != set->metadata.uid || !control::is_pod_active(*pod)) continue;
      ++active;
      ready += control::is_pod_ready(*pod) ? 1 : 0;
    }
    leaving = leaving || active > set->spec.replicas.value_or(1);
  }
  const bool seen = deployment.status.observedGeneration >= deployment.metadata.generation;
  comparisons_ += watched.surge_holds ? 1 : 0;
  if (watched.surge_holds && wanted > bounds.most)
    findings_.add(fmt::format("deployment {}/{}: its replica sets ask for {} pods, {} are allowed", ns,
                              deployment.metadata.name, wanted, bounds.most));
  watched.surge_holds = wanted <= bounds.most && (watched.surge_holds || seen);
  if (disruptions_ == Disruptions::Expected) return;
  if (watched.ready_holds && ready < bounds.least)
    findings_.add(
        fmt::format("deployment {}/{}: {} pods are ready, {} are promised", ns, deployment.metadata.name, ready, bounds.least));
  watched.ready_holds = ready >= bounds.least && (watched.ready_holds || (seen && !leaving));
}

}  // namespace charon::sim
