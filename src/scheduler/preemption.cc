#include "scheduler/preemption.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace charon::scheduler {

namespace {

bool going_by_preemption(const PodInfo& pod) {
  if (!pod.terminating()) return false;
  return std::ranges::any_of(pod.pod->status.conditions, [](const core::v1::PodCondition& condition) {
    return condition.type == "DisruptionTarget" && condition.status == "True" && condition.reason == "PreemptionByScheduler";
  });
}

// Smaller is better.
auto price(const Preemption& candidate) {
  std::int32_t highest = candidate.victims.front()->priority();
  std::int64_t sum = 0;
  Time earliest = candidate.victims.front()->importance.start;
  for (const PodInfoPtr& victim : candidate.victims) {
    // Shifted above zero, so that more pods of a negative priority are not cheaper than fewer.
    sum += std::int64_t{victim->priority()} + std::numeric_limits<std::int32_t>::max() + 1;
    if (victim->priority() == highest) earliest = std::min(earliest, victim->importance.start);
  }
  return std::tuple(candidate.against_budgets, highest, sum, candidate.victims.size(), -earliest.seconds, -earliest.nanos);
}

}  // namespace

bool more_important(const PodInfo& a, const PodInfo& b) {
  if (a.priority() != b.priority()) return a.priority() > b.priority();
  return a.importance.start < b.importance.start;
}

std::optional<std::string> not_eligible(const Snapshot& snapshot, const PodInfo& pod, Nominated nominated) {
  if (pod.pod->spec.preemptionPolicy == "Never") return "not eligible due to preemptionPolicy=Never.";
  const std::string* name = snapshot.nominated_node(pod.uid());
  if (name == nullptr || nominated == Nominated::Hopeless) return std::nullopt;
  const NodeInfo* node = snapshot.node(*name);
  if (node == nullptr) return std::nullopt;
  for (const PodInfoPtr& other : node->pods->placed)
    if (other->priority() < pod.priority() && going_by_preemption(*other))
      return "not eligible due to a terminating pod on the nominated node.";
  return std::nullopt;
}

std::size_t PreemptionSearch::candidates_wanted() const {
  auto nodes = static_cast<std::int64_t>(snapshot_.nodes().size());
  std::int64_t wanted = std::max(nodes * settings_.min_candidates_percentage / 100, settings_.min_candidates);
  return static_cast<std::size_t>(std::min(wanted, nodes));
}

std::optional<Preemption> PreemptionSearch::find(std::span<const NodeInfo* const> nodes, std::size_t start) {
  std::optional<Preemption> best;
  std::size_t wanted = candidates_wanted();
  std::size_t found = 0;
  bool harmless = false;  // some candidate breaks no budget
  for (std::size_t i = 0; i < nodes.size() && (found < wanted || !harmless); ++i) {
    std::optional<Preemption> candidate = try_node(*nodes[(start + i) % nodes.size()]);
    if (!candidate) continue;
    ++found;
    harmless = harmless || candidate->against_budgets == 0;
    if (!best || price(*candidate) < price(*best)) best = std::move(candidate);
  }
  return best;
}

bool PreemptionSearch::take_back(const PodInfo& pod) {
  left_.occupy(pod, 1);
  filters_.adjust(left_, pod, 1);
  if (filters_.check(left_, unheard_) == Verdict::Fits) return true;
  left_.occupy(pod, -1);
  filters_.adjust(left_, pod, -1);
  return false;
}

void PreemptionSearch::take_all_away(const NodeInfo& node) {
  left_ = node;
  lower_.clear();
  for (const PodInfoPtr& other : node.pods->placed) {
    if (other->priority() >= pod_.priority()) continue;
    left_.occupy(*other, -1);
    filters_.adjust(left_, *other, -1);
    lower_.push_back(&other);
  }
}

std::optional<Preemption> PreemptionSearch::try_node(const NodeInfo& node) {
  if (!node.pods->has_lower_than(pod_.priority())) {
    reasons_.add("No preemption victims found for incoming pod");
    return std::nullopt;
  }
  take_all_away(node);
  if (filters_.check(left_, reasons_) != Verdict::Fits) {
    for (const PodInfoPtr* other : lower_) filters_.adjust(left_, **other, 1);
    return std::nullopt;
  }
  auto by_importance = [](const PodInfoPtr* a, const PodInfoPtr* b) { return more_important(**a, **b); };
  std::ranges::sort(lower_, by_importance);
  std::vector<bool> guarded;
  if (!snapshot_.budgets().empty()) guarded = snapshot_.budgets().violated_by(lower_);
  Preemption out{.node = node.name};
  victims_.clear();
  for (Guarded now : {Guarded::Yes, Guarded::No})
    for (std::size_t i = 0; i < lower_.size(); ++i) {
      Guarded is = !guarded.empty() && guarded[i] ? Guarded::Yes : Guarded::No;
      if (is != now || take_back(**lower_[i])) continue;
      victims_.push_back(lower_[i]);
      if (is == Guarded::Yes) ++out.against_budgets;
    }
  std::ranges::sort(victims_, by_importance);
  for (const PodInfoPtr* victim : victims_) {
    filters_.adjust(left_, **victim, 1);
    out.victims.push_back(*victim);
  }
  // What stood in the way may have gone by itself.
  if (out.victims.empty()) return std::nullopt;
  return out;
}

}  // namespace charon::scheduler
