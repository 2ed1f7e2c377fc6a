// Label and field selectors: parsed once, matched against many objects. Values; safe to share.
//
// Sources: apimachinery's pkg/labels and pkg/fields (grammar and error texts), api-conventions "Label selectors".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "codec/value.h"

namespace charon::model {

using Labels = std::vector<std::pair<std::string, std::string>>;   // sorted by key, keys distinct
using LabelMap = std::map<std::string, std::string, std::less<>>;  // as generated structs hold them

struct LabelRequirement {
  enum class Operator : std::uint8_t { In, NotIn, Exists, DoesNotExist, Equals, NotEquals, GreaterThan, LessThan };
  std::string key;
  Operator op = Operator::Exists;
  std::vector<std::string> values;  // sorted, distinct; Equals, NotEquals, GreaterThan and LessThan have one

  bool operator==(const LabelRequirement&) const = default;
};

// One entry of metav1.LabelSelector.matchExpressions; `op` is "In", "NotIn", "Exists" or "DoesNotExist".
struct LabelExpression {
  std::string key;
  std::string op;
  std::vector<std::string> values;
};

// All requirements must hold; without any it matches everything.
class LabelSelector {
 public:
  LabelSelector() = default;

  // "app=web,tier in (a, b),!legacy". BadRequest in Kubernetes' words when malformed.
  static Result<LabelSelector> parse(std::string_view text);
  static LabelSelector everything() { return {}; }
  static LabelSelector nothing();
  // Every pair must be there: a Service's or ReplicationController's selector.
  static LabelSelector of(const LabelMap& labels);
  // metav1.LabelSelector. An empty one matches everything. BadRequest on an unknown operator or wrong values.
  static Result<LabelSelector> of(const LabelMap& match_labels, const std::vector<LabelExpression>& match_expressions);
  // The same from the tree of a LabelSelector; null matches nothing.
  static Result<LabelSelector> of_tree(const codec::Value* tree);
  // The same from the generated struct (any with matchLabels and matchExpressions).
  template <class Struct>
    requires requires(const Struct& s) { s.matchExpressions; }
  static Result<LabelSelector> of(const Struct& selector) {
    std::vector<LabelExpression> expressions;
    for (const auto& expression : selector.matchExpressions)
      expressions.push_back({expression.key, operator_name(expression), expression.values});
    return of(selector.matchLabels, expressions);
  }
  // And from an optional of it; absent matches nothing.
  template <class Optional>
    requires requires(const Optional& o) {
      o->matchExpressions;
      o.has_value();
    }
  static Result<LabelSelector> of(const Optional& selector) {
    if (!selector.has_value()) return nothing();
    return of(*selector);
  }

  bool matches(const Labels& labels) const;
  bool matches(const LabelMap& labels) const;

  bool empty() const { return requirements_.empty() && !nothing_; }
  bool matches_nothing() const { return nothing_; }
  const std::vector<LabelRequirement>& requirements() const { return requirements_; }
  // As Kubernetes prints it: "app=web,tier in (a,b),!legacy", requirements by key.
  std::string text() const;

 private:
  template <class Expression>
  static std::string operator_name(const Expression& expression) {
    if constexpr (requires { expression.operator_; }) {
      return expression.operator_;
    } else {
      return expression.op;
    }
  }

  std::vector<LabelRequirement> requirements_;  // by key
  bool nothing_ = false;
};

struct FieldRequirement {
  std::string path;   // "spec.nodeName"
  std::string value;  // unescaped
  bool equal = true;  // else must differ
  bool operator==(const FieldRequirement&) const = default;
};

// "status.phase=Running,spec.nodeName!=n1". Which paths a kind knows is the kind's matter.
class FieldSelector {
 public:
  FieldSelector() = default;
  // BadRequest in Kubernetes' words when malformed.
  static Result<FieldSelector> parse(std::string_view text);

  // `value_of(path)` gives the object's value, empty when unset.
  template <class ValueOf>
  bool matches(const ValueOf& value_of) const {
    for (const FieldRequirement& requirement : requirements_)
      if ((value_of(std::string_view(requirement.path)) == requirement.value) != requirement.equal) return false;
    return true;
  }
  bool empty() const { return requirements_.empty(); }
  const std::vector<FieldRequirement>& requirements() const { return requirements_; }
  std::string text() const;

 private:
  std::vector<FieldRequirement> requirements_;
};

}  // namespace charon::model
