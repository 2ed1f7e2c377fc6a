#include "scheduler/core.h"

#include <algorithm>

namespace charon::scheduler {

namespace {

// "1 Insufficient cpu, 2 node(s) were unschedulable": sorted as texts, counts included, as Kubernetes has it.
std::string histogram(const Reasons& reasons) {
  std::vector<std::string> texts;
  for (const auto& [reason, nodes] : reasons.counts()) texts.push_back(std::to_string(nodes) + " " + reason);
  std::ranges::sort(texts);
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

std::string none_available(std::size_t nodes) { return "0/" + std::to_string(nodes) + " nodes are available:"; }

}  // namespace

std::size_t nodes_to_find(std::size_t nodes, std::size_t percentage) {
  if (nodes < kFewestNodesToFind) return nodes;
  if (percentage == 0) {
    std::size_t less = nodes / 125;
    percentage = less >= 50 - kLowestPercentage ? kLowestPercentage : 50 - less;
  }
  return std::max(kFewestNodesToFind, nodes * percentage / 100);
}

Core::Core(Profile profile, std::uint64_t seed) : profile_(std::move(profile)), random_state_(seed) {}

// SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t Core::random_below(std::uint64_t bound) {
  std::uint64_t z = random_state_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return (z ^ (z >> 31)) % bound;
}

Core::Search Core::prepare(const Snapshot& snapshot, const PodInfo& pod) const {
  Search search{.filters = Filters(pod)};
  for (const ActivePlugin& active : profile_.plugins) {
    Prepared prepared = active.plugin->prepare(snapshot, pod);
    if (prepared.scorer && active.weight != 0) search.scorers.push_back({std::move(prepared.scorer), active.weight});
    if (!active.filters) continue;
    if (prepared.filter) search.filters.add(std::move(prepared.filter), *active.plugin);
    if (prepared.rejection && !search.rejection) {
      search.rejection = std::move(prepared.rejection);
      search.helped_by = active.plugin->helped_by();
    }
    if (!prepared.only_nodes) continue;
    search.narrowed_by.insert(active.plugin->name());
    search.helped_by |= active.plugin->helped_by();
    if (search.only_nodes)
      std::erase_if(*prepared.only_nodes, [&](const auto& name) { return !search.only_nodes->contains(name); });
    search.only_nodes = std::move(prepared.only_nodes);
  }
  return search;
}

bool Core::fits(Search& search, const NodeInfo& node) {
  Verdict verdict = search.filters.check(node, search.reasons);
  if (verdict == Verdict::Unschedulable) resolvable_.push_back(&node);
  return verdict == Verdict::Fits;
}

std::size_t Core::search_nodes(const Snapshot& snapshot, Search& search) {
  const auto& nodes = snapshot.nodes();
  std::size_t wanted = search.scorers.empty() ? 1 : nodes_to_find(nodes.size(), profile_.percentage_of_nodes);
  std::size_t evaluated = 0;
  std::size_t at = next_start_ % nodes.size();
  while (evaluated < nodes.size() && feasible_.size() < wanted) {
    if (fits(search, *nodes[at])) feasible_.push_back(nodes[at]);
    ++evaluated;
    if (++at == nodes.size()) at = 0;
  }
  next_start_ = at;
  return evaluated;
}

std::size_t Core::search_named(const Snapshot& snapshot, Search& search) {
  std::size_t evaluated = 0;
  for (const std::string& name : *search.only_nodes) {
    const NodeInfo* node = snapshot.node(name);
    if (node == nullptr) continue;
    ++evaluated;
    if (fits(search, *node)) feasible_.push_back(node);
  }
  return evaluated;
}

const NodeInfo& Core::best(Search& search) {
  if (feasible_.size() == 1) return *feasible_.front();
  scores_.resize(feasible_.size());
  totals_.assign(feasible_.size(), 0);
  for (const ActiveScorer& active : search.scorers) {
    active.scorer->score(feasible_, scores_);
    for (std::size_t i = 0; i < totals_.size(); ++i) totals_[i] += active.weight * scores_[i];
  }
  std::size_t best = 0;
  std::uint64_t equals = 1;
  for (std::size_t i = 1; i < totals_.size(); ++i) {
    if (totals_[i] > totals_[best]) {
      best = i;
      equals = 1;
    } else if (totals_[i] == totals_[best] && random_below(++equals) == 0) {
      best = i;  // each of the equals is as likely as the others
    }
  }
  return *feasible_[best];
}

void Core::explain(const Snapshot& snapshot, Search& search, Decision& decision) const {
  const std::size_t nodes = snapshot.nodes().size();
  decision.message = none_available(nodes) + " ";
  decision.helped_by = search.helped_by | search.filters.helped_by();
  if (search.rejection) {
    decision.message += *search.rejection + ".";
    return;
  }
  if (search.only_nodes && decision.evaluated < nodes) {
    std::string plugins;
    for (std::string_view name : search.narrowed_by) plugins.append(plugins.empty() ? "" : " ").append(name);
    search.reasons.add("node(s) didn't satisfy plugin(s) [" + plugins + "]",
                       static_cast<std::int32_t>(nodes - decision.evaluated));
  }
  decision.message += histogram(search.reasons) + ".";
}

std::string Core::preempt(const Snapshot& snapshot, const PodInfo& pod, Search& search, Decision& decision) {
  const std::size_t nodes = snapshot.nodes().size();
  const std::string* nominated = snapshot.nominated_node(pod.uid());
  bool may_fit =
      nominated != nullptr && std::ranges::any_of(resolvable_, [&](const NodeInfo* node) { return node->name == *nominated; });
  if (auto reason = not_eligible(snapshot, pod, may_fit ? Nominated::MayFit : Nominated::Hopeless)) return *reason;
  decision.tried_preemption = true;
  PreemptionSearch victims(snapshot, pod, search.filters, *profile_.preemption);
  std::size_t start = resolvable_.empty() ? 0 : random_below(resolvable_.size());
  decision.preemption = victims.find(resolvable_, start);
  if (decision.preemption) return {};
  Reasons reasons = victims.reasons();
  if (std::size_t hopeless = nodes - resolvable_.size(); hopeless > 0)
    reasons.add("Preemption is not helpful for scheduling", static_cast<std::int32_t>(hopeless));
  return none_available(nodes) + " " + histogram(reasons) + ".";
}

Decision Core::decide(const Snapshot& snapshot, const PodInfo& pod) {
  Decision decision;
  if (snapshot.nodes().empty()) {
    decision.message = "no nodes available to schedule pods";
    decision.helped_by = kAnyChange;
    return decision;
  }
  snapshot.trim();
  Search search = prepare(snapshot, pod);
  feasible_.clear();
  resolvable_.clear();
  if (!search.rejection) {
    // A nominated node was made free for this pod, so it comes first.
    const std::string* nominated = snapshot.nominated_node(pod.uid());
    const NodeInfo* node = nominated == nullptr ? nullptr : snapshot.node(*nominated);
    if (node != nullptr && (!search.only_nodes || search.only_nodes->contains(*nominated)) && fits(search, *node)) {
      feasible_.push_back(node);
      decision.evaluated = 1;
    } else {
      search.reasons = {};
      resolvable_.clear();
      decision.evaluated = search.only_nodes ? search_named(snapshot, search) : search_nodes(snapshot, search);
    }
  }
  decision.feasible = feasible_.size();
  if (!feasible_.empty()) {
    decision.node = best(search).name;
    return decision;
  }
  explain(snapshot, search, decision);
  if (!profile_.preemption) return decision;
  if (std::string more = preempt(snapshot, pod, search, decision); !more.empty()) decision.message += " preemption: " + more;
  return decision;
}

}  // namespace charon::scheduler
