// What a pod demands of its node by labels and name: spec.nodeSelector and nodeAffinity, parsed once and matched often.
//
// Sources: core/v1 NodeSelector; component-helpers' nodeaffinity for what malformed terms do (they match nothing).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/v1/types.h"
#include "model/selector.h"

namespace charon::model {

struct NodeRequirement {
  enum class Operator : std::uint8_t { In, NotIn, Exists, DoesNotExist, Gt, Lt, Malformed };
  std::string key;
  Operator op = Operator::Malformed;
  std::vector<std::string> values;
  std::int64_t number = 0;  // of Gt and Lt

  bool matches(const LabelMap& labels) const;
  bool matches_value(const std::string* value) const;  // null: the label is absent
};

// All requirements must hold. A term without any matches no node.
class NodeTerm {
 public:
  explicit NodeTerm(const core::v1::NodeSelectorTerm& term);
  bool matches(std::string_view node_name, const LabelMap& labels) const;
  // The only nodes that the term's fields allow; absent when they do not say.
  std::optional<std::set<std::string>> names() const;

 private:
  std::vector<NodeRequirement> expressions_;
  std::vector<NodeRequirement> fields_;
};

// spec.nodeSelector and the required part of nodeAffinity.
class RequiredNodeAffinity {
 public:
  RequiredNodeAffinity() = default;
  explicit RequiredNodeAffinity(const core::v1::PodSpec& spec);
  bool empty() const { return labels_.empty() && !terms_; }
  bool matches(std::string_view node_name, const LabelMap& labels) const;
  // The nodes that matchFields narrow the choice to; absent when some term leaves it open. Empty: no node at all.
  std::optional<std::set<std::string>> names() const;

 private:
  LabelMap labels_;
  std::optional<std::vector<NodeTerm>> terms_;  // any one of them must match; none: nothing matches
};

}  // namespace charon::model
