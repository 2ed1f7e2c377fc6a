#include "scheduler/topology.h"

namespace charon::scheduler {

const TopologyKey* Topology::find(std::string_view name) const {
  auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : &found->second;
}

TopologyKey Topology::add(std::string name) {
  auto [place, is_new] = by_name_.try_emplace(std::move(name), static_cast<TopologyKey>(keys_.size()));
  if (is_new) {
    Key& key = keys_.emplace_back();
    key.name = place->first;
    key.texts.emplace_back();
    key.nodes.push_back(0);
  }
  return place->second;
}

TopologyValue Topology::enter(TopologyKey id, const model::LabelMap& labels) {
  Key& key = keys_[id];
  auto label = labels.find(key.name);
  TopologyValue value = kNoTopology;
  if (label != labels.end()) {
    auto [place, is_new] = key.values.try_emplace(label->second, 0);
    if (is_new && !key.unused.empty()) {
      place->second = key.unused.back();
      key.unused.pop_back();
    } else if (is_new) {
      place->second = static_cast<TopologyValue>(key.nodes.size());
      key.nodes.push_back(0);
      key.texts.emplace_back();
    }
    value = place->second;
    if (is_new) key.texts[value] = label->second;
  }
  ++key.nodes[value];
  return value;
}

void Topology::leave(TopologyKey id, TopologyValue value) {
  Key& key = keys_[id];
  if (--key.nodes[value] > 0 || value == kNoTopology) return;
  key.values.erase(key.texts[value]);
  key.texts[value].clear();
  key.unused.push_back(value);
}

}  // namespace charon::scheduler
