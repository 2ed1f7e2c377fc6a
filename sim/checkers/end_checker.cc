#include "sim/checkers/end_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "api/apps/v1/types.h"
#include "api/batch/v1/types.h"
#include "api/core/v1/types.h"
#include "api/discovery/v1/types.h"
#include "codec/tree.h"
#include "control/jobs.h"
#include "control/pods.h"
#include "model/selector.h"

namespace charon::sim {
namespace {

using apps::v1::DaemonSet;
using apps::v1::Deployment;
using apps::v1::ReplicaSet;
using apps::v1::StatefulSet;
using core::v1::Namespace;
using core::v1::Node;
using core::v1::Pod;
using core::v1::Service;
using discovery::v1::EndpointSlice;
using Problems = std::vector<std::string>;

template <class T>
std::string name_of(const T& object) {
  return object.metadata.namespace_ + "/" + object.metadata.name;
}

template <class T>
bool controlled_by(const T& object, const std::string& uid) {
  return std::ranges::any_of(object.metadata.ownerReferences,
                             [&](const auto& owner) { return owner.uid == uid && owner.controller.value_or(false); });
}

void check_deployment(const Truth& truth, const Deployment& deployment, Problems& problems) {
  const std::int32_t wanted = deployment.spec.replicas.value_or(1);
  const auto& status = deployment.status;
  if (deployment.metadata.deletionTimestamp)
    problems.push_back(fmt::format("deployment {} is still terminating", name_of(deployment)));
  if (status.observedGeneration != deployment.metadata.generation || status.replicas != wanted ||
      status.updatedReplicas != wanted || status.readyReplicas != wanted || status.availableReplicas != wanted ||
      status.unavailableReplicas != 0)
    problems.push_back(fmt::format(
        "deployment {}: generation {} of {} seen, {} pods wanted, status has {} ({} updated, {} ready, {} available, {} not)",
        name_of(deployment), status.observedGeneration, deployment.metadata.generation, wanted, status.replicas,
        status.updatedReplicas, status.readyReplicas, status.availableReplicas, status.unavailableReplicas));
  std::int32_t ready = 0;
  std::int32_t all = 0;
  int filled = 0;
  for (const auto& set : truth.list<ReplicaSet>()) {
    if (!controlled_by(*set, deployment.metadata.uid)) continue;
    if (set->spec.replicas.value_or(1) > 0) ++filled;
    for (const auto& pod : truth.list<Pod>()) {
      if (!controlled_by(*pod, set->metadata.uid)) continue;
      ++all;
      if (control::is_pod_active(*pod) && control::is_pod_ready(*pod)) ++ready;
    }
  }
  if (ready != wanted || all != wanted)
    problems.push_back(
        fmt::format("deployment {}: {} pods wanted, {} there, {} ready", name_of(deployment), wanted, all, ready));
  if (filled > 1) problems.push_back(fmt::format("deployment {}: {} replica sets have pods", name_of(deployment), filled));
}

void check_stateful_set(const Truth& truth, const StatefulSet& set, Problems& problems) {
  const std::int32_t wanted = set.spec.replicas.value_or(1);
  const auto& status = set.status;
  if (set.metadata.deletionTimestamp) problems.push_back(fmt::format("stateful set {} is still terminating", name_of(set)));
  if (status.observedGeneration != set.metadata.generation || status.replicas != wanted || status.readyReplicas != wanted ||
      status.availableReplicas != wanted || status.updatedReplicas != wanted || status.currentReplicas != wanted ||
      status.currentRevision != status.updateRevision)
    problems.push_back(fmt::format(
        "stateful set {}: generation {} of {} seen, {} pods wanted, status has {} ({} updated to {}, {} at {}, {} ready)",
        name_of(set), status.observedGeneration, set.metadata.generation, wanted, status.replicas, status.updatedReplicas,
        status.updateRevision, status.currentReplicas, status.currentRevision, status.readyReplicas));
  const std::int32_t start = set.spec.ordinals ? set.spec.ordinals->start : 0;
  std::set<std::string> missing;
  for (std::int32_t ordinal = start; ordinal < start + wanted; ++ordinal)
    missing.insert(fmt::format("{}-{}", set.metadata.name, ordinal));
  for (const auto& pod : truth.list<Pod>()) {
    if (!controlled_by(*pod, set.metadata.uid)) continue;
    if (missing.erase(pod->metadata.name) == 0)
      problems.push_back(fmt::format("stateful set {}: pod {} is too much", name_of(set), pod->metadata.name));
    const auto revision = pod->metadata.labels.find("controller-revision-hash");
    if (revision == pod->metadata.labels.end() || revision->second != status.updateRevision)
      problems.push_back(
          fmt::format("stateful set {}: pod {} is not of {}", name_of(set), pod->metadata.name, status.updateRevision));
  }
  for (const std::string& pod : missing) problems.push_back(fmt::format("stateful set {}: no pod {}", name_of(set), pod));
}

void check_daemon_set(const Truth& truth, const DaemonSet& set, Problems& problems) {
  const auto nodes = static_cast<std::int32_t>(truth.list<Node>().size());
  const auto& status = set.status;
  if (set.metadata.deletionTimestamp) problems.push_back(fmt::format("daemon set {} is still terminating", name_of(set)));
  if (status.observedGeneration != set.metadata.generation || status.desiredNumberScheduled != nodes ||
      status.currentNumberScheduled != nodes || status.numberReady != nodes || status.numberAvailable != nodes ||
      status.updatedNumberScheduled != nodes || status.numberMisscheduled != 0 || status.numberUnavailable != 0)
    problems.push_back(fmt::format(
        "daemon set {}: generation {} of {} seen, {} nodes, status has {} of {} ({} updated, {} ready, {} misplaced)",
        name_of(set), status.observedGeneration, set.metadata.generation, nodes, status.currentNumberScheduled,
        status.desiredNumberScheduled, status.updatedNumberScheduled, status.numberReady, status.numberMisscheduled));
  std::set<std::string> served;
  for (const auto& pod : truth.list<Pod>())
    if (controlled_by(*pod, set.metadata.uid) && !served.insert(pod->spec.nodeName).second)
      problems.push_back(fmt::format("daemon set {}: two pods on {}", name_of(set), pod->spec.nodeName));
  if (static_cast<std::int32_t>(served.size()) != nodes)
    problems.push_back(fmt::format("daemon set {}: {} of {} nodes have a pod", name_of(set), served.size(), nodes));
}

void check_job(const batch::v1::Job& job, Problems& problems) {
  const batch::v1::JobCondition* end = control::job_end(job);
  const bool suspended = job.spec.suspend.value_or(false);
  if (job.metadata.deletionTimestamp) problems.push_back(fmt::format("job {} is still terminating", name_of(job)));
  if (end == nullptr && !suspended)
    problems.push_back(fmt::format("job {} is not over: {} of {} succeeded, {} failed, {} run", name_of(job),
                                   job.status.succeeded, job.spec.completions.value_or(1), job.status.failed,
                                   job.status.active));
  if (job.status.active != 0 || job.status.terminating.value_or(0) != 0)
    if (end != nullptr || suspended)
      problems.push_back(fmt::format("job {} is over or suspended, {} pods run, {} end", name_of(job), job.status.active,
                                     job.status.terminating.value_or(0)));
  if (end != nullptr && end->type == "Complete" && job.spec.completions && job.status.succeeded != *job.spec.completions)
    problems.push_back(fmt::format("job {} is complete with {} successes, {} were asked for", name_of(job),
                                   job.status.succeeded, *job.spec.completions));
}

void check_pods(const Truth& truth, Problems& problems) {
  for (const auto& pod : truth.list<Pod>()) {
    if (!pod->metadata.finalizers.empty())
      problems.push_back(fmt::format("pod {} is held by {}", name_of(*pod), pod->metadata.finalizers[0]));
    if (control::is_pod_terminal(*pod) && !pod->metadata.deletionTimestamp) continue;
    if (pod->metadata.deletionTimestamp)
      problems.push_back(fmt::format("pod {} on {} is still terminating", name_of(*pod), pod->spec.nodeName));
    if (pod->spec.nodeName.empty()) {
      problems.push_back(fmt::format("pod {} has no node", name_of(*pod)));
    } else if (!truth.get<Node>({"", pod->spec.nodeName})) {
      problems.push_back(fmt::format("pod {} is on node {}, which does not exist", name_of(*pod), pod->spec.nodeName));
    } else if (!control::is_pod_ready(*pod)) {
      problems.push_back(fmt::format("pod {} on {} is not ready", name_of(*pod), pod->spec.nodeName));
    }
  }
}

void check_owners(const Truth& truth, Problems& problems) {
  std::set<std::string> uids;
  for (const model::Kind& kind : model::builtin_kinds())
    for (const auto& [key, document] : truth.objects(kind)) uids.insert(document->uid());
  for (const model::Kind& kind : model::builtin_kinds())
    for (const auto& [key, document] : truth.objects(kind)) {
      const std::vector<std::string> owners = client::owner_uids(*document);
      if (!owners.empty() && std::ranges::none_of(owners, [&](const std::string& uid) { return uids.contains(uid); }))
        problems.push_back(fmt::format("{} {} has lost its owner", kind.singular, key.text()));
    }
}

void check_namespaces(const Truth& truth, Problems& problems) {
  for (const model::Kind& kind : model::builtin_kinds()) {
    if (!kind.namespaced) continue;
    for (const auto& [key, document] : truth.objects(kind))
      if (!truth.get<Namespace>({"", key.ns}))
        problems.push_back(fmt::format("{} {} is left of a deleted namespace", kind.singular, key.text()));
  }
  for (const auto& space : truth.list<Namespace>()) {
    const std::string& name = space->metadata.name;
    if (space->metadata.deletionTimestamp) {
      problems.push_back(fmt::format("namespace {} is still terminating", name));
      continue;
    }
    if (!truth.get<core::v1::ServiceAccount>({name, "default"}))
      problems.push_back(fmt::format("namespace {} has no default service account", name));
    if (!truth.get<core::v1::ConfigMap>({name, "kube-root-ca.crt"}))
      problems.push_back(fmt::format("namespace {} has no root certificate", name));
  }
}

void check_nodes(const Truth& truth, Problems& problems) {
  for (const auto& node : truth.list<Node>()) {
    const bool ready = std::ranges::any_of(node->status.conditions,
                                           [](const auto& each) { return each.type == "Ready" && each.status == "True"; });
    if (!ready) problems.push_back(fmt::format("node {} is not ready", node->metadata.name));
    for (const auto& taint : node->spec.taints)
      problems.push_back(fmt::format("node {} has the taint {}:{}", node->metadata.name, taint.key, taint.effect));
  }
}

void check_services(const Truth& truth, Problems& problems) {
  for (const auto& service : truth.list<Service>()) {
    if (service->spec.selector.empty()) continue;
    const model::LabelSelector selector = model::LabelSelector::of(service->spec.selector);
    std::set<std::string> wanted;
    for (const auto& pod : truth.list<Pod>())
      if (pod->metadata.namespace_ == service->metadata.namespace_ && selector.matches(pod->metadata.labels) &&
          control::is_pod_ready(*pod))
        wanted.insert(pod->status.podIP);
    std::set<std::string> found;
    for (const auto& slice : truth.list<EndpointSlice>()) {
      if (!controlled_by(*slice, service->metadata.uid)) continue;
      for (const auto& endpoint : slice->endpoints)
        if (endpoint.conditions.ready.value_or(true)) found.insert(endpoint.addresses.begin(), endpoint.addresses.end());
    }
    if (wanted != found)
      problems.push_back(
          fmt::format("service {}: {} endpoints, {} ready pods", name_of(*service), found.size(), wanted.size()));
  }
}

}  // namespace

Problems unfinished(const Truth& truth) {
  Problems problems;
  check_nodes(truth, problems);
  check_namespaces(truth, problems);
  for (const auto& deployment : truth.list<Deployment>()) check_deployment(truth, *deployment, problems);
  for (const auto& set : truth.list<StatefulSet>()) check_stateful_set(truth, *set, problems);
  for (const auto& set : truth.list<DaemonSet>()) check_daemon_set(truth, *set, problems);
  for (const auto& job : truth.list<batch::v1::Job>()) check_job(*job, problems);
  check_pods(truth, problems);
  check_owners(truth, problems);
  check_services(truth, problems);
  return problems;
}

Problems overcommitted(const Truth& truth) {
  struct Used {
    std::int64_t pods = 0;
    std::int64_t milli_cpu = 0;
  };
  std::map<std::string, Used> nodes;
  for (const auto& pod : truth.list<Pod>()) {
    if (pod->spec.nodeName.empty() || control::is_pod_terminal(*pod)) continue;
    Used& used = nodes[pod->spec.nodeName];
    ++used.pods;
    for (const auto& container : pod->spec.containers) {
      const auto cpu = container.resources.requests.find("cpu");
      if (cpu != container.resources.requests.end()) used.milli_cpu += cpu->second.milli_value();
    }
  }
  Problems problems;
  for (const auto& [name, used] : nodes) {
    const auto node = truth.get<Node>({"", name});
    if (!node || node->status.allocatable.empty()) continue;  // removed, or made anew and not yet described
    const auto& has = node->status.allocatable;
    if (used.pods > has.at("pods").value() || used.milli_cpu > has.at("cpu").milli_value())
      problems.push_back(
          fmt::format("node {} has {} pods with {} m of cpu: more than it can hold", name, used.pods, used.milli_cpu));
  }
  return problems;
}

Problems differences(const Truth& truth, const client::Informer& informer, const std::string& who,
                     const std::function<bool(const model::Document&)>& selected) {
  Problems problems;
  std::size_t wanted = 0;
  for (const auto& [key, document] : truth.objects(informer.kind())) {
    if (!selected(*document)) continue;
    ++wanted;
    const model::DocumentPtr found = informer.document(key);
    if (!found) {
      problems.push_back(fmt::format("{} does not know the {} {}", who, informer.kind().singular, key.text()));
    } else if (found->revision() != document->revision()) {
      problems.push_back(fmt::format("{} has the {} {} at revision {}, the store at {}", who, informer.kind().singular,
                                     key.text(), found->revision(), document->revision()));
    }
  }
  if (problems.empty() && informer.size() != wanted)
    problems.push_back(fmt::format("{} knows {} {}, the store has {}", who, informer.size(), informer.kind().plural, wanted));
  return problems;
}

}  // namespace charon::sim
