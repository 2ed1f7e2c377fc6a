#include "model/node_selector.h"

#include <algorithm>
#include <charconv>

namespace charon::model {

namespace {

std::optional<std::int64_t> integer(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

NodeRequirement parse(const core::v1::NodeSelectorRequirement& from) {
  using enum NodeRequirement::Operator;
  NodeRequirement out{.key = from.key, .values = from.values};
  if (from.operator_ == "In" && !from.values.empty()) out.op = In;
  if (from.operator_ == "NotIn" && !from.values.empty()) out.op = NotIn;
  if (from.operator_ == "Exists" && from.values.empty()) out.op = Exists;
  if (from.operator_ == "DoesNotExist" && from.values.empty()) out.op = DoesNotExist;
  if ((from.operator_ == "Gt" || from.operator_ == "Lt") && from.values.size() == 1) {
    if (auto number = integer(from.values.front())) {
      out.op = from.operator_ == "Gt" ? Gt : Lt;
      out.number = *number;
    }
  }
  return out;
}

// Fields know only metadata.name, with In or NotIn of one value.
NodeRequirement parse_field(const core::v1::NodeSelectorRequirement& from) {
  NodeRequirement out = parse(from);
  bool known = out.key == "metadata.name" && out.values.size() == 1 &&
               (out.op == NodeRequirement::Operator::In || out.op == NodeRequirement::Operator::NotIn);
  if (!known) out.op = NodeRequirement::Operator::Malformed;
  return out;
}

}  // namespace

bool NodeRequirement::matches(const LabelMap& labels) const {
  auto found = labels.find(key);
  return matches_value(found == labels.end() ? nullptr : &found->second);
}

bool NodeRequirement::matches_value(const std::string* value) const {
  switch (op) {
    case Operator::In:
      return value != nullptr && std::ranges::find(values, *value) != values.end();
    case Operator::NotIn:
      return value == nullptr || std::ranges::find(values, *value) == values.end();
    case Operator::Exists:
      return value != nullptr;
    case Operator::DoesNotExist:
      return value == nullptr;
    case Operator::Gt:
    case Operator::Lt: {
      auto there = value != nullptr ? integer(*value) : std::nullopt;
      return there && (op == Operator::Gt ? *there > number : *there < number);
    }
    case Operator::Malformed:
      return false;
  }
  return false;
}

NodeTerm::NodeTerm(const core::v1::NodeSelectorTerm& term) {
  for (const auto& expression : term.matchExpressions) expressions_.push_back(parse(expression));
  for (const auto& field : term.matchFields) fields_.push_back(parse_field(field));
}

bool NodeTerm::matches(std::string_view node_name, const LabelMap& labels) const {
  if (expressions_.empty() && fields_.empty()) return false;
  if (!fields_.empty()) {
    const std::string name(node_name);
    for (const auto& field : fields_)
      if (!field.matches_value(&name)) return false;
  }
  return std::ranges::all_of(expressions_, [&](const auto& expression) { return expression.matches(labels); });
}

std::optional<std::set<std::string>> NodeTerm::names() const {
  std::optional<std::set<std::string>> allowed;
  for (const auto& field : fields_) {
    if (field.op != NodeRequirement::Operator::In) continue;
    std::set<std::string> here(field.values.begin(), field.values.end());
    if (allowed) std::erase_if(here, [&](const std::string& name) { return !allowed->contains(name); });
    allowed = std::move(here);
  }
  return allowed;
}

RequiredNodeAffinity::RequiredNodeAffinity(const core::v1::PodSpec& spec) : labels_(spec.nodeSelector) {
  if (!spec.affinity || !spec.affinity->nodeAffinity) return;
  const auto& required = spec.affinity->nodeAffinity->requiredDuringSchedulingIgnoredDuringExecution;
  if (!required) return;
  terms_.emplace();
  for (const auto& term : required->nodeSelectorTerms) terms_->emplace_back(term);
}

bool RequiredNodeAffinity::matches(std::string_view node_name, const LabelMap& labels) const {
  for (const auto& [key, value] : labels_) {
    auto found = labels.find(key);
    if (found == labels.end() || found->second != value) return false;
  }
  if (!terms_) return true;
  return std::ranges::any_of(*terms_, [&](const NodeTerm& term) { return term.matches(node_name, labels); });
}

std::optional<std::set<std::string>> RequiredNodeAffinity::names() const {
  if (!terms_ || terms_->empty()) return std::nullopt;
  std::set<std::string> all;
  for (const NodeTerm& term : *terms_) {
    auto here = term.names();
    if (!here) return std::nullopt;
    all.merge(*here);
  }
  return all;
}

}  // namespace charon::model
