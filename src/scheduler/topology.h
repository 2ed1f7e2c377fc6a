// Topology: node labels as small numbers, so that counts per topology value are arrays.
//
// A key ("topology.kubernetes.io/zone") is registered when somebody first asks about it; each value of it that some node has
// gets a number, which is used again when no node has the value any more. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/selector.h"

namespace charon::scheduler {

using TopologyKey = std::uint32_t;
using TopologyValue = std::uint32_t;
inline constexpr TopologyValue kNoTopology = 0;  // the node has no such label

class Topology {
 public:
  // Number of nodes for each value; the entry of kNoTopology counts the nodes without the label.
  const std::vector<std::int32_t>& nodes_by_value(TopologyKey key) const { return keys_[key].nodes; }
  std::size_t values_limit(TopologyKey key) const { return keys_[key].nodes.size(); }
  std::size_t key_count() const { return keys_.size(); }
  const std::string& name(TopologyKey key) const { return keys_[key].name; }

  // Null when the key is not registered.
  const TopologyKey* find(std::string_view name) const;
  TopologyKey add(std::string name);

  // A node came to have the labels. Returns its value.
  TopologyValue enter(TopologyKey key, const model::LabelMap& labels);
  void leave(TopologyKey key, TopologyValue value);

 private:
  struct Key {
    std::string name;
    std::unordered_map<std::string, TopologyValue> values;
    std::vector<std::string> texts;   // by value
    std::vector<std::int32_t> nodes;  // by value
    std::vector<TopologyValue> unused;
  };
  std::deque<Key> keys_;
  std::unordered_map<std::string, TopologyKey> by_name_;
};

}  // namespace charon::scheduler
