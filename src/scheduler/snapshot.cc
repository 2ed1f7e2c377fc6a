#include "scheduler/snapshot.h"

#include <algorithm>

#include "base/check.h"

namespace charon::scheduler {

namespace {

const LabelMap kNoLabels;
constexpr std::int64_t kMostPods = 1'000'000;

void read_node(NodeInfo& info, const core::v1::Node& node) {
  const ResourceList& allocatable = node.status.allocatable.empty() ? node.status.capacity : node.status.allocatable;
  info.allocatable = resources_of(allocatable);
  auto pods = allocatable.find("pods");
  info.allowed_pods =
      pods == allocatable.end() ? 0 : static_cast<std::int32_t>(std::clamp<std::int64_t>(pods->second.value(), 0, kMostPods));
  info.unschedulable = node.spec.unschedulable;
  info.repels = info.discourages = false;
  for (const auto& taint : node.spec.taints) {
    if (taint.effect == "NoSchedule" || taint.effect == "NoExecute") info.repels = true;
    if (taint.effect == "PreferNoSchedule") info.discourages = true;
  }
}

bool same_taints(const core::v1::Node& a, const core::v1::Node& b) {
  return a.spec.unschedulable == b.spec.unschedulable &&
         std::ranges::equal(a.spec.taints, b.spec.taints, [](const auto& x, const auto& y) {
           return x.key == y.key && x.value == y.value && x.effect == y.effect;
         });
}

}  // namespace

Snapshot::NodeRecord& Snapshot::node_record(std::string_view name) {
  auto [place, is_new] = nodes_.try_emplace(std::string(name));
  if (!is_new) return *place->second;
  place->second = std::make_unique<NodeRecord>();
  NodeRecord& info = *place->second;
  info.name = name;
  info.pods = &info.here;
  info.topology.assign(topology_.key_count(), kNoTopology);
  if (unused_slots_.empty()) {
    unused_slots_.push_back(static_cast<NodeSlot>(slots_.size()));
    slots_.push_back(nullptr);
  }
  info.place = {unused_slots_.back(), &info.topology};
  unused_slots_.pop_back();
  slots_[info.place.slot] = &info;
  return info;
}

void Snapshot::release_if_unused(NodeRecord& info) {
  if (info.node || !info.here.placed.empty() || !info.here.nominated.empty()) return;
  slots_[info.place.slot] = nullptr;
  unused_slots_.push_back(info.place.slot);
  nodes_.erase(std::string(info.name));
}

void Snapshot::take_census(const NodeInfo& info, std::int32_t sign) {
  if (info.unschedulable) census_.unschedulable += sign;
  if (info.repels) census_.repelling += sign;
  if (info.discourages) census_.discouraging += sign;
}

void Snapshot::set_topology(NodeInfo& info, const LabelMap* before, const LabelMap* now) {
  for (TopologyKey key = 0; key < info.topology.size(); ++key) {
    TopologyValue old = info.topology[key];
    TopologyValue fresh = now != nullptr ? topology_.enter(key, *now) : kNoTopology;
    if (before != nullptr) topology_.leave(key, old);
    if (fresh == old) continue;
    counts_.move(info.place.slot, key, old, fresh);
    info.topology[key] = fresh;
  }
}

NodeChange Snapshot::set_node(std::shared_ptr<const core::v1::Node> node) {
  NodeRecord& info = node_record(node->metadata.name);
  NodeChange change;
  std::shared_ptr<const core::v1::Node> before = std::move(info.node);
  info.node = std::move(node);
  const core::v1::Node& now = *info.node;
  if (!before) {
    change.added = true;
    info.position = order_.size();
    order_.push_back(&info);
    read_node(info, now);
    take_census(info, 1);
    images_.set(info.place.slot, {}, now.status.images);
    set_topology(info, nullptr, &now.metadata.labels);
    return change;
  }
  if (before->metadata.labels != now.metadata.labels) {
    change.labels = true;
    set_topology(info, &before->metadata.labels, &now.metadata.labels);
  }
  change.taints = !same_taints(*before, now);
  Resources allocatable = info.allocatable;
  std::int64_t pods = info.allowed_pods;
  take_census(info, -1);
  read_node(info, now);
  take_census(info, 1);
  images_.set(info.place.slot, before->status.images, now.status.images);
  change.allocatable = !(allocatable == info.allocatable) || pods != info.allowed_pods;
  return change;
}

void Snapshot::report_usage(std::string_view name, NodeInfo::Usage used) {
  if (auto found = nodes_.find(std::string(name)); found != nodes_.end()) found->second->report(used);
}

void Snapshot::remove_node(std::string_view name) {
  auto found = nodes_.find(std::string(name));
  if (found == nodes_.end() || !found->second->node) return;
  NodeRecord& info = *found->second;
  set_topology(info, &info.node->metadata.labels, nullptr);
  take_census(info, -1);
  images_.set(info.place.slot, info.node->status.images, {});
  info.node = nullptr;
  order_[info.position] = order_.back();
  nodes_.at(order_[info.position]->name)->position = info.position;
  order_.pop_back();
  release_if_unused(info);
}

void Snapshot::occupy(NodeRecord& info, const PodInfo& pod, std::int32_t sign) {
  info.occupy(pod, sign);
  auto level = info.here.priorities.try_emplace(pod.priority(), 0).first;
  if ((level->second += sign) == 0) info.here.priorities.erase(level);
  for (const ClaimUse& claim : pod.claims) storage_.use(pod.claim_key(claim), sign);
  counts_.count(pod, namespace_labels(pod.ns()), info.place, sign);
  counts_.count_terms(pod, info.place, sign, topology_);
}

// So that every node has a value for each key that filters may ask about.
void Snapshot::register_keys(const PodInfo& pod) {
  for (const PodTerms* terms : {&pod.affinity, &pod.anti_affinity}) {
    for (const PodTerm& term : terms->required) topology_key(term.topology_key);
    for (const PodTerm& term : terms->preferred) topology_key(term.topology_key);
  }
}

void Snapshot::place(PodInfoPtr pod, NodeRecord& info, std::optional<rt::Instant> deadline, bool assumed) {
  register_keys(*pod);
  occupy(info, *pod, 1);
  std::string uid = pod->uid();
  std::vector<PodInfoPtr>& placed = info.here.placed;
  placed.push_back(pod);
  pods_[uid] = {std::move(pod), &info, placed.size() - 1, assumed, deadline};
  if (assumed) ++assumed_;
  end_nomination(uid);
}

void Snapshot::take_away(std::unordered_map<std::string, PodRecord>::iterator found) {
  PodRecord& record = found->second;
  NodeRecord& info = *record.node;
  occupy(info, *record.pod, -1);
  std::vector<PodInfoPtr>& placed = info.here.placed;
  placed[record.position] = std::move(placed.back());
  placed.pop_back();
  if (record.position < placed.size()) pods_.at(placed[record.position]->uid()).position = record.position;
  if (record.deadline) deadlines_.erase({*record.deadline, found->first});
  if (record.assumed) --assumed_;
  pods_.erase(found);
  release_if_unused(info);
}

void Snapshot::nominate(PodInfoPtr pod, std::string_view node) {
  end_nomination(pod->uid());
  register_keys(*pod);
  NodeRecord& info = node_record(node);
  nominations_[pod->uid()] = &info;
  info.awaited = true;
  info.here.nominated.push_back(std::move(pod));
}

void Snapshot::end_nomination(std::string_view uid) {
  auto found = nominations_.find(std::string(uid));
  if (found == nominations_.end()) return;
  NodeRecord& info = *found->second;
  std::erase_if(info.here.nominated, [&](const PodInfoPtr& pod) { return pod->uid() == uid; });
  info.awaited = !info.here.nominated.empty();
  nominations_.erase(found);
  release_if_unused(info);
}

const std::string* Snapshot::nominated_node(std::string_view uid) const {
  auto found = nominations_.find(std::string(uid));
  return found == nominations_.end() ? nullptr : &found->second->name;
}

void Snapshot::set_pod(PodInfoPtr pod) {
  if (auto found = pods_.find(pod->uid()); found != pods_.end()) take_away(found);
  if (pod->finished() || pod->pod->spec.nodeName.empty()) return;
  NodeRecord& info = node_record(pod->pod->spec.nodeName);
  place(std::move(pod), info, std::nullopt, false);
}

bool Snapshot::remove_pod(std::string_view uid) {
  end_nomination(uid);
  auto found = pods_.find(std::string(uid));
  if (found == pods_.end()) return false;
  take_away(found);
  return true;
}

bool Snapshot::assume(PodInfoPtr pod, std::string_view node) {
  if (pods_.contains(pod->uid())) return false;
  place(std::move(pod), node_record(node), std::nullopt, true);
  return true;
}

void Snapshot::expect(std::string_view uid, rt::Instant deadline) {
  auto found = pods_.find(std::string(uid));
  if (found == pods_.end() || !found->second.assumed) return;
  if (found->second.deadline) deadlines_.erase({*found->second.deadline, found->first});
  found->second.deadline = deadline;
  deadlines_.emplace(deadline, found->first);
}

void Snapshot::forget(std::string_view uid) {
  auto found = pods_.find(std::string(uid));
  if (found != pods_.end() && found->second.assumed) take_away(found);
}

std::vector<PodInfoPtr> Snapshot::expire(rt::Instant now) {
  std::vector<PodInfoPtr> ended;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    auto found = pods_.find(deadlines_.begin()->second);
    ended.push_back(found->second.pod);
    take_away(found);
  }
  return ended;
}

void Snapshot::set_namespace_labels(std::string_view ns, LabelMap labels) {
  LabelMap& place = namespaces_[std::string(ns)];
  if (place == labels) return;
  place = std::move(labels);
  counts_.drop_dependent_on_namespaces();
}

void Snapshot::remove_namespace(std::string_view ns) {
  if (auto found = namespaces_.find(ns); found != namespaces_.end()) {
    namespaces_.erase(found);
    counts_.drop_dependent_on_namespaces();
  }
}

void Snapshot::set_group(const std::string& ns, const std::string& id, model::LabelSelector selector) {
  remove_group(ns, id);
  auto group = std::make_unique<Group>(Group{ns, std::move(selector)});
  groups_by_ns_[ns].add(group->selector, group.get());
  groups_[{ns, id}] = std::move(group);
}

void Snapshot::remove_group(const std::string& ns, const std::string& id) {
  auto found = groups_.find({ns, id});
  if (found == groups_.end()) return;
  LabelIndex<Group>& index = groups_by_ns_[ns];
  index.remove(found->second->selector, found->second.get());
  if (index.empty()) groups_by_ns_.erase(ns);
  groups_.erase(found);
}

const NodeInfo* Snapshot::node(std::string_view name) const {
  auto found = nodes_.find(std::string(name));
  return found == nodes_.end() || !found->second->node ? nullptr : found->second.get();
}

const NodeInfo* Snapshot::node_of_pod(std::string_view uid) const {
  auto found = pods_.find(std::string(uid));
  return found == pods_.end() ? nullptr : found->second.node;
}

bool Snapshot::is_assumed(std::string_view uid) const {
  auto found = pods_.find(std::string(uid));
  return found != pods_.end() && found->second.assumed;
}

const LabelMap& Snapshot::namespace_labels(std::string_view ns) const {
  auto found = namespaces_.find(ns);
  return found == namespaces_.end() ? kNoLabels : found->second;
}

TopologyKey Snapshot::topology_key(const std::string& name) const {
  if (const TopologyKey* known = topology_.find(name)) return *known;
  TopologyKey key = topology_.add(name);
  for (NodeRecord* info : slots_)
    if (info != nullptr) info->topology.push_back(info->node ? topology_.enter(key, info->labels()) : kNoTopology);
  return key;
}

const PodCounter& Snapshot::counter(const PodSelector& selector, TopologyKey key) const {
  PodCounter* counter = counts_.find(selector);
  if (counter == nullptr) {
    counter = &counts_.add(selector);
    for (const auto& [uid, record] : pods_)
      if (selector.matches(*record.pod->pod, namespace_labels(record.pod->ns()))) counter->count(record.node->place, 1);
  }
  if (!counter->follows(key)) {
    std::vector<const Place*> places;
    for (const NodeInfo* info : slots_)
      if (info != nullptr) places.push_back(&info->place);
    counter->follow(key, places);
  }
  return *counter;
}

model::LabelSelector Snapshot::group_selector(const PodInfo& pod) const {
  auto index = groups_by_ns_.find(pod.ns());
  if (index == groups_by_ns_.end()) return model::LabelSelector::nothing();
  std::vector<model::LabelExpression> all;
  index->second.candidates(pod.labels(), [&](const Group& group) {
    if (group.selector.empty() || !group.selector.matches(pod.labels())) return;
    for (const auto& requirement : group.selector.requirements()) {
      using enum model::LabelRequirement::Operator;
      const char* op = requirement.op == Exists                                 ? "Exists"
                       : requirement.op == DoesNotExist                         ? "DoesNotExist"
                       : requirement.op == NotIn || requirement.op == NotEquals ? "NotIn"
                                                                                : "In";
      all.push_back({requirement.key, op, requirement.values});
    }
  });
  if (all.empty()) return model::LabelSelector::nothing();
  return model::LabelSelector::of(LabelMap{}, all).value_or(model::LabelSelector::nothing());
}

}  // namespace charon::scheduler
