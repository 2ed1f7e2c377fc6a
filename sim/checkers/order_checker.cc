#include "sim/checkers/order_checker.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "control/pods.h"

namespace charon::sim {
namespace {

using apps::v1::StatefulSet;
using core::v1::Pod;

constexpr std::string_view kIndexLabel = "apps.kubernetes.io/pod-index";

const meta::v1::OwnerReference* stateful_owner(const Pod& pod) {
  for (const auto& reference : pod.metadata.ownerReferences)
    if (reference.controller.value_or(false) && reference.kind == "StatefulSet") return &reference;
  return nullptr;
}

std::optional<std::int64_t> ordinal_of(const Pod& pod) {
  const auto label = pod.metadata.labels.find(kIndexLabel);
  if (label == pod.metadata.labels.end()) return std::nullopt;
  std::int64_t ordinal = 0;
  std::from_chars(label->second.data(), label->second.data() + label->second.size(), ordinal);
  return ordinal;
}

std::int64_t start_of(const StatefulSet& set) { return set.spec.ordinals ? set.spec.ordinals->start : 0; }
std::int64_t end_of(const StatefulSet& set) { return start_of(set) + set.spec.replicas.value_or(1); }

bool moves_one_by_one(const StatefulSet& set) {
  const auto& rolling = set.spec.updateStrategy.rollingUpdate;
  return set.spec.podManagementPolicy != "Parallel" && !(rolling && rolling->maxUnavailable);
}

}  // namespace

OrderChecker::OrderChecker(Truth& truth, Findings& findings, Disruptions disruptions)
    : truth_(truth), findings_(findings), disruptions_(disruptions) {
  truth.listen([this](const Truth::Change& change) { look(change); });
}

void OrderChecker::look(const Truth::Change& change) {
  if (change.kind != &client::kind_of<Pod>()) return;
  const auto pod = (change.after ? change.after : change.before)->as<Pod>();
  const meta::v1::OwnerReference* owner = stateful_owner(*pod);
  if (owner == nullptr) return;
  if (!change.before) check_identity(*pod);
  const auto set = truth_.get<StatefulSet>({pod->metadata.namespace_, owner->name});
  if (!set || set->metadata.uid != owner->uid || !is_judged(*set)) return;
  const auto is_going = [](const model::DocumentPtr& document) {
    return !document || document->as<Pod>()->metadata.deletionTimestamp.has_value();
  };
  if (!change.before) {
    check_made(*set, *pod);
  } else if (is_going(change.after) && !is_going(change.before)) {
    check_deleted(*set, *pod);
  }
}

void OrderChecker::check_identity(const Pod& made) {
  for (const auto& pod : truth_.list<Pod>()) {
    const meta::v1::OwnerReference* owner = stateful_owner(*pod);
    if (owner == nullptr || owner->uid != stateful_owner(made)->uid || pod->metadata.uid == made.metadata.uid) continue;
    if (ordinal_of(*pod) == ordinal_of(made))
      findings_.add(fmt::format("stateful set {}/{}: pods {} and {} have one ordinal", made.metadata.namespace_, owner->name,
                                pod->metadata.name, made.metadata.name));
  }
}

bool OrderChecker::is_judged(const StatefulSet& set) const {
  if (disruptions_ == Disruptions::Expected || !moves_one_by_one(set) || set.metadata.deletionTimestamp) return false;
  const auto space = truth_.get<core::v1::Namespace>({"", set.metadata.namespace_});
  return space && !space->metadata.deletionTimestamp && set.status.observedGeneration == set.metadata.generation;
}

bool OrderChecker::is_ready(const StatefulSet& set, std::int64_t ordinal) const {
  const auto pod = truth_.get<Pod>({set.metadata.namespace_, fmt::format("{}-{}", set.metadata.name, ordinal)});
  return pod && control::is_pod_active(*pod) && control::is_pod_ready(*pod);
}

void OrderChecker::check_made(const StatefulSet& set, const Pod& pod) {
  ++comparisons_;
  for (std::int64_t ordinal = start_of(set); ordinal < ordinal_of(pod).value_or(0); ++ordinal)
    if (!is_ready(set, ordinal))
      findings_.add(fmt::format("stateful set {}/{}: {} was made while {} was not ready", set.metadata.namespace_,
                                set.metadata.name, pod.metadata.name, ordinal));
}

void OrderChecker::check_deleted(const StatefulSet& set, const Pod& pod) {
  ++comparisons_;
  const std::int64_t own = ordinal_of(pod).value_or(0);
  for (std::int64_t ordinal = std::max(own + 1, start_of(set)); ordinal < end_of(set); ++ordinal)
    if (!is_ready(set, ordinal))
      findings_.add(fmt::format("stateful set {}/{}: {} was deleted while {} was not ready", set.metadata.namespace_,
                                set.metadata.name, pod.metadata.name, ordinal));
  for (const auto& other : truth_.list<Pod>()) {
    const meta::v1::OwnerReference* owner = stateful_owner(*other);
    if (owner == nullptr || owner->uid != set.metadata.uid || ordinal_of(*other).value_or(0) <= std::max(own, end_of(set) - 1))
      continue;
    findings_.add(fmt::format("stateful set {}/{}: {} was deleted before {}", set.metadata.namespace_, set.metadata.name,
                              pod.metadata.name, other->metadata.name));
  }
}

}  // namespace charon::sim
