#include "controllers/nodelifecycle/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "control/pods.h"

namespace charon::controllers::nodelifecycle {
namespace {

using control::EventSeverity;
using control::Plan;
using core::v1::Node;
using core::v1::NodeCondition;
using core::v1::Pod;
using core::v1::Taint;

constexpr std::string_view kNotReady = "node.kubernetes.io/not-ready";
constexpr std::string_view kUnreachable = "node.kubernetes.io/unreachable";
constexpr std::string_view kUnschedulable = "node.kubernetes.io/unschedulable";

struct ConditionTaint {
  std::string_view condition;
  std::string_view status;
  std::string_view taint;
};

constexpr ConditionTaint kTaints[] = {{"Ready", "False", kNotReady},
                                      {"Ready", "Unknown", kUnreachable},
                                      {"MemoryPressure", "True", "node.kubernetes.io/memory-pressure"},
                                      {"DiskPressure", "True", "node.kubernetes.io/disk-pressure"},
                                      {"PIDPressure", "True", "node.kubernetes.io/pid-pressure"},
                                      {"NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"}};

NodeCondition* condition_of(Node& node, std::string_view type) {
  for (NodeCondition& condition : node.status.conditions)
    if (condition.type == type) return &condition;
  return nullptr;
}

Time last_sign_of_life(const State& state, const NodeCondition* ready) {
  Time last = state.node->metadata.creationTimestamp;
  if (ready != nullptr) last = std::max(last, ready->lastHeartbeatTime);
  if (state.lease && state.lease->spec.renewTime) last = std::max(last, *state.lease->spec.renewTime);
  return last;
}

// What the agent said last holds no more.
void mark_unknown(Node& node, Time now) {
  // NetworkUnavailable is not the agent's to report.
  for (const std::string_view type : {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"}) {
    NodeCondition* condition = condition_of(node, type);
    if (condition == nullptr) {
      NodeCondition& made = node.status.conditions.emplace_back();
      made.type = type;
      made.status = "Unknown";
      made.reason = "NodeStatusNeverUpdated";
      made.message = "Kubelet never posted node status.";
      made.lastHeartbeatTime = node.metadata.creationTimestamp;
      made.lastTransitionTime = now;
    } else if (condition->status != "Unknown") {
      condition->status = "Unknown";
      condition->reason = "NodeStatusUnknown";
      condition->message = "Kubelet stopped posting node status.";
      condition->lastTransitionTime = now;
    }
  }
}

bool gives_up(const Taint& taint) {
  return taint.effect == "NoExecute" && (taint.key == kNotReady || taint.key == kUnreachable);
}

// Whether pods may be driven away from a node that is not ready.
bool may_give_up(const State& state, Time now) {
  if (!state.zone) return true;
  if (state.zone->all_lost) return false;
  if (std::ranges::any_of(state.node->spec.taints, gives_up)) return true;  // it is, maybe for another reason
  if (!state.zone->interval) return false;
  return !state.zone->last || state.zone->last->seconds + state.zone->interval->count() <= now.seconds;
}

bool is_ours(const Taint& taint) {
  const bool execute = gives_up(taint);
  const bool schedule =
      taint.effect == "NoSchedule" &&
      (taint.key == kUnschedulable || std::ranges::find(kTaints, taint.key, &ConditionTaint::taint) != std::end(kTaints));
  return execute || schedule;
}

// The taints that the node should have: those of others as they are, ours by its conditions. One that stays keeps its time.
std::vector<Taint> taints_of(const State& state, Node& node, Time now) {
  std::vector<Taint> taints;
  for (const Taint& taint : node.spec.taints)
    if (!is_ours(taint)) taints.push_back(taint);
  const auto want = [&](std::string_view key, std::string_view effect) {
    for (const Taint& taint : node.spec.taints) {
      if (taint.key != key || taint.effect != effect) continue;
      taints.push_back(taint);
      return;
    }
    Taint& taint = taints.emplace_back();
    taint.key = key;
    taint.effect = effect;
    taint.timeAdded = now;
  };
  if (node.spec.unschedulable) want(kUnschedulable, "NoSchedule");
  for (const ConditionTaint& entry : kTaints) {
    const NodeCondition* condition = condition_of(node, entry.condition);
    if (condition == nullptr || condition->status != entry.status) continue;
    want(entry.taint, "NoSchedule");
    if (entry.condition == "Ready" && may_give_up(state, now)) want(entry.taint, "NoExecute");
  }
  return taints;
}

bool same_taints(std::vector<Taint> left, std::vector<Taint> right) {
  const auto order = [](const Taint& taint) { return std::tie(taint.key, taint.effect); };
  std::ranges::sort(left, {}, order);
  std::ranges::sort(right, {}, order);
  return left == right;
}

// Others taint nodes too: the list is replaced only in the version that was read.
void write_taints(const Node& node, const std::vector<Taint>& taints, Plan& plan) {
  codec::Array list;
  for (const Taint& taint : taints) {
    codec::Object tree{{"key", taint.key}, {"effect", taint.effect}};
    if (!taint.value.empty()) tree["value"] = taint.value;
    if (taint.timeAdded) tree["timeAdded"] = format_rfc3339(*taint.timeAdded);
    list.push_back(std::move(tree));
  }
  codec::Object metadata{{"uid", node.metadata.uid}, {"resourceVersion", node.metadata.resourceVersion}};
  plan.patch<Node>({"", node.metadata.name}, client::PatchType::Merge,
                   codec::Object{{"metadata", std::move(metadata)}, {"spec", codec::Object{{"taints", std::move(list)}}}})
      .missing_is_fine = true;
}

void mark_pods_not_ready(const State& state, Time now, Plan& plan) {
  for (const auto& pod : state.pods) {
    if (!control::is_pod_ready(*pod)) continue;
    Pod updated = *pod;
    for (core::v1::PodCondition& condition : updated.status.conditions) {
      if (condition.type != "Ready") continue;
      condition.status = "False";
      condition.lastTransitionTime = now;
    }
    control::Write& write = plan.update_status(updated);
    write.missing_is_fine = true;
    write.on_success = {control::reference_to(*pod), EventSeverity::Warning, "NodeNotReady", "Node is not ready"};
  }
}

}  // namespace

Plan plan_node(const State& state, const Periods& periods, Time now) {
  Plan plan;
  Node node = *state.node;
  const NodeCondition* ready = condition_of(node, "Ready");
  const bool was_ready = ready != nullptr && ready->status == "True";
  Time limit = last_sign_of_life(state, ready);
  limit.seconds += (ready != nullptr ? periods.grace : periods.startup_grace).count();
  if (limit < now) {
    mark_unknown(node, now);
  } else {
    plan.requeue(std::chrono::seconds(limit.seconds - now.seconds + 1));
  }
  ready = condition_of(node, "Ready");
  const bool is_ready = ready != nullptr && ready->status == "True";
  if (node.status != state.node->status) {
    plan.update_status(node);
    if (was_ready && !is_ready)
      plan.events.push_back({control::reference_to(*state.node), EventSeverity::Normal, "NodeNotReady",
                             fmt::format("Node {} status is now: NodeNotReady", node.metadata.name)});
  }
  // A node that is heard of answers for its pods itself.
  if (ready != nullptr && ready->status == "Unknown") mark_pods_not_ready(state, now, plan);
  if (state.zone) plan.requeue(periods.zone_look);

  // A new status comes back as a change of the node; the taints follow from that one.
  std::vector<Taint> taints = taints_of(state, node, now);
  if (node.status == state.node->status && !same_taints(taints, state.node->spec.taints)) write_taints(node, taints, plan);
  return plan;
}

}  // namespace charon::controllers::nodelifecycle
