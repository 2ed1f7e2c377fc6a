// What the informers tell: into the snapshot, into the queue, and to pods that it may help.
#include <optional>
#include <utility>

#include "api/apps/v1/types.h"
#include "api/coordination/v1/types.h"
#include "api/core/v1/types.h"
#include "api/policy/v1/types.h"
#include "api/storage/v1/types.h"
#include "scheduler/scheduler.h"

namespace charon::scheduler {

namespace {

using coordination::v1::Lease;
using core::v1::Namespace;
using core::v1::Node;
using core::v1::PersistentVolume;
using core::v1::Pod;
using core::v1::Service;
using policy::v1::PodDisruptionBudget;

// What may help other pods when a placed pod comes or changes.
Changes changes_between(const PodInfo* before, const PodInfo& now) {
  if (before == nullptr) return kPodPlaced;
  Changes changes = 0;
  if (before->labels() != now.labels()) changes |= kPodPlaced;
  if (!(before->requests == now.requests) || before->terminating() != now.terminating()) changes |= kPodRemoved;
  return changes;
}

bool placed(const Pod& pod) { return !pod.spec.nodeName.empty(); }

std::optional<NodeInfo::Usage> usage_of(const std::map<std::string, std::string, std::less<>>& annotations) {
  auto cpu = annotations.find("charon.local/cpu-used");
  auto memory = annotations.find("charon.local/memory-used");
  if (cpu == annotations.end() || memory == annotations.end()) return std::nullopt;
  auto cpu_used = Quantity::parse(cpu->second);
  auto memory_used = Quantity::parse(memory->second);
  if (!cpu_used || !memory_used) return std::nullopt;
  return NodeInfo::Usage{cpu_used->milli_value(), memory_used->value()};
}

std::string claim_key(const model::Document& claim) { return claim.key().ns + "/" + claim.key().name; }

// The handlers of a kind whose objects are just put somewhere.
template <class Set, class Remove>
client::InformerHandlers handlers(Set set, Remove remove) {
  return {
      .added = set,
      .updated = [set](const model::DocumentPtr&, const model::DocumentPtr& document) { set(document); },
      .deleted = remove,
  };
}

}  // namespace

void Scheduler::wake(Changes changes) {
  if (changes == 0) return;
  queue_.changed(changes, now());
  work_.set();
}

void Scheduler::subscribe() {
  subscriptions_.push_back(
      informers_.of<Node>().subscribe(handlers([this](const model::DocumentPtr& document) { node_changed(document); },
                                               [this](const model::DocumentPtr& last) {
                                                 snapshot_.remove_node(last->key().name);
                                                 wake(kNodeLabels);  // what is spread is now spread over fewer nodes
                                               })));
  auto set_namespace = [this](const model::DocumentPtr& document) {
    snapshot_.set_namespace_labels(document->key().name, {document->labels().begin(), document->labels().end()});
  };
  subscriptions_.push_back(informers_.of<Namespace>().subscribe({
      .added = set_namespace,
      .updated =
          [this, set_namespace](const model::DocumentPtr& before, const model::DocumentPtr& document) {
            set_namespace(document);
            if (before->labels() != document->labels()) wake(kNamespaceLabels);
          },
      .deleted = [this](const model::DocumentPtr& last) { snapshot_.remove_namespace(last->key().name); },
  }));
  subscriptions_.push_back(informers_.of<PodDisruptionBudget>().subscribe(
      handlers([this](const model::DocumentPtr& document) { snapshot_.budgets().set(document->as<PodDisruptionBudget>()); },
               [this](const model::DocumentPtr& last) { snapshot_.budgets().remove(last->key().ns, last->key().name); })));
  subscriptions_.push_back(informers_.of<Pod>().subscribe({
      .added = [this](const model::DocumentPtr& document) { pod_changed(nullptr, document); },
      .updated = [this](const model::DocumentPtr& before,
                        const model::DocumentPtr& document) { pod_changed(before, document); },
      .deleted = [this](const model::DocumentPtr& last) { pod_gone(last); },
  }));
}

void Scheduler::subscribe_storage() {
  subscriptions_.push_back(informers_.of<Claim>().subscribe(handlers(
      [this](const model::DocumentPtr& document) {
        snapshot_.storage().set_claim(document->as<Claim>());
        wake(kStorage);
      },
      [this](const model::DocumentPtr& last) { snapshot_.storage().remove_claim(claim_key(*last)); })));
  subscriptions_.push_back(informers_.of<PersistentVolume>().subscribe(handlers(
      [this](const model::DocumentPtr& document) {
        snapshot_.storage().set_volume(document->as<PersistentVolume>());
        wake(kStorage);
      },
      [this](const model::DocumentPtr& last) { snapshot_.storage().remove_volume(last->key().name); })));
  subscriptions_.push_back(informers_.of<StorageClass>().subscribe(handlers(
      [this](const model::DocumentPtr& document) {
        snapshot_.storage().set_class(document->as<StorageClass>());
        wake(kStorage);
      },
      [this](const model::DocumentPtr& last) { snapshot_.storage().remove_class(last->key().name); })));
  subscriptions_.push_back(informers_.of<storage::v1::CSINode>().subscribe(handlers(
      [this](const model::DocumentPtr& document) {
        snapshot_.storage().set_csi_node(document->as<storage::v1::CSINode>());
        wake(kStorage);
      },
      [this](const model::DocumentPtr& last) { snapshot_.storage().remove_csi_node(last->key().name); })));
}

// Services and workloads: the pods that are spread together by default.
void Scheduler::subscribe_groups() {
  auto follow = [this](client::Informer& informer, auto selector_of) {
    const std::string prefix = std::string(informer.kind().kind) + "/";
    subscriptions_.push_back(informer.subscribe(handlers(
        [this, prefix, selector_of](const model::DocumentPtr& document) {
          snapshot_.set_group(document->key().ns, prefix + document->key().name, selector_of(document));
        },
        [this, prefix](const model::DocumentPtr& last) {
          snapshot_.remove_group(last->key().ns, prefix + last->key().name);
        })));
  };
  auto workload = []<class T>(const model::DocumentPtr& document) {
    return model::LabelSelector::of(document->as<T>()->spec.selector).value_or(model::LabelSelector::nothing());
  };
  follow(informers_.of<Service>(),
         [](const model::DocumentPtr& document) { return model::LabelSelector::of(document->as<Service>()->spec.selector); });
  follow(informers_.of<apps::v1::ReplicaSet>(), [workload](const model::DocumentPtr& document) {
    return workload.template operator()<apps::v1::ReplicaSet>(document);
  });
  follow(informers_.of<apps::v1::StatefulSet>(), [workload](const model::DocumentPtr& document) {
    return workload.template operator()<apps::v1::StatefulSet>(document);
  });
}

// A node's agent renews its Lease every few seconds, and says in its annotations what is in use.
void Scheduler::subscribe_usage() {
  if (!reads_usage_ || leases_) return;
  leases_ = std::make_unique<client::Informer>(loop_, random_, transport_, client::kind_of<Lease>(),
                                               client::ListOptions{.ns = "kube-node-lease"});
  leases_->start();
  subscriptions_.push_back(leases_->subscribe(handlers(
      [this](const model::DocumentPtr& document) {
        if (auto usage = usage_of(document->as<Lease>()->metadata.annotations))
          snapshot_.report_usage(document->key().name, *usage);
      },
      [](const model::DocumentPtr&) {})));
}

void Scheduler::node_changed(const model::DocumentPtr& document) {
  NodeChange change = snapshot_.set_node(document->as<Node>());
  wake((change.added ? kNodeAdded : 0u) | (change.allocatable ? kNodeAllocatable : 0u) | (change.labels ? kNodeLabels : 0u) |
       (change.taints ? kNodeTaints : 0u));
}

void Scheduler::pod_changed(const model::DocumentPtr& before, const model::DocumentPtr& document) {
  // The same name may be another pod by now.
  if (before && before->uid() != document->uid()) pod_gone(before);
  std::shared_ptr<const Pod> now_pod = document->as<Pod>();
  auto info = std::make_shared<const PodInfo>(now_pod);
  std::shared_ptr<const Pod> before_pod = before && before->uid() == document->uid() ? before->as<Pod>() : nullptr;
  if (info->finished()) {
    queue_.remove(info->uid());
    if (snapshot_.remove_pod(info->uid())) wake(kPodRemoved);
    return;
  }
  if (placed(*now_pod)) {
    queue_.remove(info->uid());
    std::optional<PodInfo> was;
    if (before_pod && placed(*before_pod)) was.emplace(before_pod);
    Changes changes = changes_between(was ? &*was : nullptr, *info);
    snapshot_.set_pod(std::move(info));
    wake(changes);
    return;
  }
  // An assumed pod has its node already; the server will say so, or the binding fails.
  if (core_of(*now_pod) == nullptr || snapshot_.has_pod(info->uid())) return;
  pod_waits(before_pod.get(), std::move(info));
}

void Scheduler::pod_waits(const Pod* before, PodInfoPtr info) {
  if (info->terminating()) {
    queue_.remove(info->uid());
    snapshot_.end_nomination(info->uid());
    return;
  }
  // Somebody's word about the node counts when it changes: what is decided here is known before the server shows it.
  const std::string& told = info->pod->status.nominatedNodeName;
  bool retold = before == nullptr || before->status.nominatedNodeName != told;
  const std::string* known = snapshot_.nominated_node(info->uid());
  if (retold && !told.empty())
    snapshot_.nominate(info, std::string(told));
  else if (known != nullptr)
    snapshot_.nominate(info, std::string(*known));
  queue_.set(std::move(info), now());
  work_.set();
}

void Scheduler::pod_gone(const model::DocumentPtr& last) {
  queue_.remove(last->uid());
  bool waited_for = snapshot_.nominated_node(last->uid()) != nullptr;
  if (snapshot_.remove_pod(last->uid()) || waited_for) wake(kPodRemoved);
}

}  // namespace charon::scheduler
