#include "scheduler/pod_counts.h"

namespace charon::scheduler {

namespace {

void add_at(std::vector<std::int32_t>& counts, std::size_t index, std::int32_t difference) {
  if (index >= counts.size()) counts.resize(index + 1);
  counts[index] += difference;
}

}  // namespace

void PodCounter::count(const Place& place, std::int32_t difference) {
  total_ += difference;
  add_at(by_node_, place.slot, difference);
  for (TopologyKey key = 0; key < by_value_.size(); ++key)
    if (follows(key)) add_at(by_value_[key], (*place.values)[key], difference);
}

void PodCounter::follow(TopologyKey key, const std::vector<const Place*>& nodes) {
  if (key >= by_value_.size()) by_value_.resize(key + 1);
  by_value_[key].assign(1, 0);
  for (const Place* place : nodes)
    if (std::int32_t here = on_node(place->slot)) add_at(by_value_[key], (*place->values)[key], here);
}

void PodCounter::move(NodeSlot slot, TopologyKey key, TopologyValue before, TopologyValue now) {
  std::int32_t here = on_node(slot);
  if (here == 0 || !follows(key)) return;
  add_at(by_value_[key], before, -here);
  add_at(by_value_[key], now, here);
}

void PodCounts::count(const PodInfo& pod, const LabelMap& namespace_labels, const Place& place, std::int32_t difference) {
  counters_by_label_.candidates(pod.labels(), [&](PodCounter& counter) {
    if (counter.selector().matches(*pod.pod, namespace_labels)) counter.count(place, difference);
  });
}

void PodCounts::count_terms(const PodInfo& pod, const Place& place, std::int32_t difference, Topology& topology) {
  for (const PodTerm& term : pod.affinity.required) count_term(term, TermKind::RequiredAffinity, place, difference, topology);
  for (const PodTerm& term : pod.affinity.preferred) count_term(term, TermKind::PreferredAffinity, place, difference, topology);
  for (const PodTerm& term : pod.anti_affinity.required)
    count_term(term, TermKind::RequiredAntiAffinity, place, difference, topology);
  for (const PodTerm& term : pod.anti_affinity.preferred)
    count_term(term, TermKind::PreferredAntiAffinity, place, difference, topology);
}

void PodCounts::count_term(const PodTerm& term, TermKind kind, const Place& place, std::int32_t difference,
                           Topology& topology) {
  std::string text = std::to_string(static_cast<int>(kind)) + "|" + std::to_string(term.weight) + "|" + term.topology_key +
                     "|" + term.pods.text();
  auto found = carried_.find(text);
  if (found == carried_.end()) {
    auto carried =
        std::make_unique<CarriedTerm>(CarriedTerm{.term = term, .kind = kind, .key = *topology.find(term.topology_key)});
    carried_by_label_.add(term.pods.labels(), carried.get());
    found = carried_.emplace(std::move(text), std::move(carried)).first;
  }
  CarriedTerm& carried = *found->second;
  carried.total += difference;
  add_at(carried.by_value, (*place.values)[carried.key], difference);
  if ((carried.by_node[place.slot] += difference) == 0) carried.by_node.erase(place.slot);
  if (carried.total > 0) return;
  carried_by_label_.remove(carried.term.pods.labels(), &carried);
  carried_.erase(found);
}

void PodCounts::move(NodeSlot slot, TopologyKey key, TopologyValue before, TopologyValue now) {
  for (auto& [text, counter] : counters_) counter->move(slot, key, before, now);
  for (auto& [text, carried] : carried_) {
    auto here = carried->by_node.find(slot);
    if (carried->key != key || here == carried->by_node.end()) continue;
    add_at(carried->by_value, before, -here->second);
    add_at(carried->by_value, now, here->second);
  }
}

PodCounter* PodCounts::find(const PodSelector& selector) const {
  auto found = counters_.find(selector.text());
  return found == counters_.end() ? nullptr : found->second.get();
}

PodCounter& PodCounts::add(PodSelector selector) {
  std::string text = selector.text();
  auto counter = std::make_unique<PodCounter>(std::move(selector));
  counters_by_label_.add(counter->selector().labels(), counter.get());
  return *(counters_[std::move(text)] = std::move(counter));
}

void PodCounts::trim() {
  if (counters_.size() <= kCounterLimit) return;
  counters_.clear();
  counters_by_label_ = {};
}

void PodCounts::drop_dependent_on_namespaces() {
  for (auto entry = counters_.begin(); entry != counters_.end();) {
    PodCounter& counter = *entry->second;
    if (!counter.selector().depends_on_namespace_labels()) {
      ++entry;
      continue;
    }
    counters_by_label_.remove(counter.selector().labels(), &counter);
    entry = counters_.erase(entry);
  }
}

}  // namespace charon::scheduler
