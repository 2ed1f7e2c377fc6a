#include "server/authz/policy_rule.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace charon::server {
namespace {

using rbac::v1::PolicyRule;
using Texts = std::vector<std::string>;

bool has(const Texts& list, std::string_view wanted) { return std::ranges::find(list, wanted) != list.end(); }

bool any_or(const Texts& list, std::string_view wanted) { return has(list, "*") || has(list, wanted); }

// `wanted`: "pods" or "pods/log"; rules name those, "*/log" or "*".
bool covers_resource(const Texts& held, std::string_view wanted) {
  if (any_or(held, wanted)) return true;
  std::size_t slash = wanted.find('/');
  if (slash == std::string_view::npos) return false;
  return std::ranges::any_of(held, [sub = wanted.substr(slash)](const std::string& resource) {
    return resource.size() == sub.size() + 1 && resource.front() == '*' && resource.ends_with(sub);
  });
}

bool covers_url(const Texts& held, std::string_view wanted) {
  return std::ranges::any_of(held, [wanted](const std::string& pattern) {
    return pattern == wanted ||
           (pattern.ends_with('*') && wanted.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1)));
  });
}

using TextSet = std::set<std::string_view>;

bool any_or(const TextSet& set, std::string_view wanted) { return set.contains("*") || set.contains(wanted); }

TextSet set_of(const Texts& list) { return {list.begin(), list.end()}; }

// A rule that is held, for look-ups.
struct HeldRule {
  explicit HeldRule(const PolicyRule& rule)
      : verbs(set_of(rule.verbs)),
        groups(set_of(rule.apiGroups)),
        resources(set_of(rule.resources)),
        names(set_of(rule.resourceNames)),
        urls(rule.nonResourceURLs) {}

  TextSet verbs;
  TextSet groups;
  TextSet resources;
  TextSet names;
  const Texts& urls;
};

bool holds_verb(const HeldRule& held, std::string_view verb) { return any_or(held.verbs, verb); }
bool holds_group(const HeldRule& held, std::string_view group) { return any_or(held.groups, group); }
bool holds_url(const HeldRule& held, std::string_view url) { return covers_url(held.urls, url); }

bool holds_resource(const HeldRule& held, std::string_view resource) {
  if (any_or(held.resources, resource)) return true;
  const std::size_t slash = resource.find('/');
  return slash != std::string_view::npos && held.resources.contains("*" + std::string(resource.substr(slash)));
}

// An empty name: any.
bool holds_name(const HeldRule& held, std::string_view name) {
  return held.names.empty() || (!name.empty() && held.names.contains(name));
}

// One of the lists whose combinations a wanted rule allows.
struct Side {
  const Texts* texts;
  bool (*holds)(const HeldRule& held, std::string_view text);
};

// Which texts of the wanted rule's lists one held rule has.
struct Overlap {
  std::vector<std::vector<bool>> marks;  // by list
  std::size_t whole_from = 0;            // of this list and those behind it, all
};

class Comparison {
 public:
  explicit Comparison(const std::vector<PolicyRule>& held) : held_(held.begin(), held.end()) {}

  void compare(const PolicyRule& wanted);
  MissingRules take() { return std::move(missing_); }

 private:
  using Candidates = std::vector<const Overlap*>;
  enum Place : std::uint8_t { kUrl = 0, kUrlVerb = 1, kGroup = 0, kResource = 1, kVerb = 2, kName = 3 };

  void compare_sides(std::vector<Side> sides);
  std::optional<Overlap> overlap_with(const HeldRule& held);
  void walk(const Candidates& candidates, std::size_t depth);
  void add_missing();
  const std::string& chosen(Place place) const { return (*sides_[place].texts)[chosen_[place]]; }

  void spend(std::size_t steps) {
    if (steps > steps_left_) missing_.complete = false;
    steps_left_ -= std::min(steps, steps_left_);
  }
  std::uint32_t id_of(std::string_view text) { return ids_.try_emplace(text, ids_.size()).first->second; }

  std::vector<HeldRule> held_;
  std::size_t steps_left_ = kCompareSteps;
  std::size_t bytes_left_ = kMissingBytes;
  MissingRules missing_;
  // Of the wanted rule at hand.
  std::vector<Side> sides_;
  std::vector<std::vector<std::uint32_t>> side_ids_;
  std::array<std::size_t, 4> chosen_{};
  // Of the texts of all wanted rules.
  std::map<std::string_view, std::uint32_t> ids_;
  // What a missing rule is about, and its place.
  std::map<std::array<std::uint32_t, 4>, std::size_t> places_;
  std::set<std::pair<std::size_t, std::uint32_t>> verbs_;  // place, verb
};

void Comparison::compare(const PolicyRule& wanted) {
  static const Texts kAnyName = {""};
  const Texts& names = wanted.resourceNames.empty() ? kAnyName : wanted.resourceNames;
  compare_sides({{&wanted.apiGroups, holds_group},
                 {&wanted.resources, holds_resource},
                 {&wanted.verbs, holds_verb},
                 {&names, holds_name}});
  compare_sides({{&wanted.nonResourceURLs, holds_url}, {&wanted.verbs, holds_verb}});
}

void Comparison::compare_sides(std::vector<Side> sides) {
  if (std::ranges::any_of(sides, [](const Side& side) { return side.texts->empty(); })) return;
  sides_ = std::move(sides);
  std::vector<Overlap> overlaps;
  for (const HeldRule& held : held_) {
    std::optional<Overlap> overlap = overlap_with(held);
    if (!missing_.complete) return;
    if (!overlap) continue;
    if (overlap->whole_from == 0) return;
    overlaps.push_back(std::move(*overlap));
  }
  side_ids_.clear();
  for (const Side& side : sides_) {
    std::vector<std::uint32_t>& ids = side_ids_.emplace_back();
    for (const std::string& text : *side.texts) ids.push_back(id_of(text));
  }
  Candidates all;
  for (const Overlap& overlap : overlaps) all.push_back(&overlap);
  walk(all, 0);
}

// Nothing when a list has nothing in common, or the steps are used up.
std::optional<Overlap> Comparison::overlap_with(const HeldRule& held) {
  Overlap overlap;
  for (const Side& side : sides_) {
    const std::size_t looked_up = side.holds == holds_url ? held.urls.size() : 1;
    std::vector<bool> marks;
    marks.reserve(side.texts->size());
    std::size_t count = 0;
    for (const std::string& text : *side.texts) {
      spend(looked_up * (1 + text.size() / 64));
      if (!missing_.complete) return std::nullopt;
      marks.push_back(side.holds(held, text));
      count += marks.back() ? 1 : 0;
    }
    if (count == 0) return std::nullopt;
    overlap.marks.push_back(std::move(marks));
    if (count < side.texts->size()) overlap.whole_from = overlap.marks.size();
  }
  return overlap;
}

// `candidates`: the held rules that have what is chosen of the lists before `depth`.
void Comparison::walk(const Candidates& candidates, std::size_t depth) {
  if (std::ranges::any_of(candidates, [depth](const Overlap* each) { return each->whole_from <= depth; })) return;
  if (depth == sides_.size()) return add_missing();
  for (std::size_t i = 0; i < sides_[depth].texts->size(); ++i) {
    spend(1 + candidates.size());
    if (!missing_.complete) return;
    chosen_[depth] = i;
    Candidates narrowed;
    for (const Overlap* each : candidates)
      if (each->marks[depth][i]) narrowed.push_back(each);
    walk(narrowed, depth + 1);
  }
}

// The chosen combination is not held. Joins the verb to the rule about the same thing, where there is one.
void Comparison::add_missing() {
  constexpr std::size_t kPunctuation = 64;  // of a rule's text
  auto id = [this](Place place) { return side_ids_[place][chosen_[place]]; };
  const bool url = sides_.size() == 2;
  const Place verb = url ? kUrlVerb : kVerb;
  const std::array<std::uint32_t, 4> about = url ? std::array<std::uint32_t, 4>{1, id(kUrl), id(kUrlVerb), 0}
                                                 : std::array<std::uint32_t, 4>{0, id(kGroup), id(kResource), id(kName)};
  auto [place, added] = places_.try_emplace(about, missing_.rules.size());
  if (!verbs_.emplace(place->second, id(verb)).second) return;
  std::size_t bytes = chosen(verb).size();
  if (added) {
    bytes += kPunctuation;
    for (std::size_t i = 0; i < sides_.size(); ++i) bytes += i == verb ? 0 : (*sides_[i].texts)[chosen_[i]].size();
  }
  if (bytes > bytes_left_ && !missing_.rules.empty()) {
    missing_.complete = false;
    return;
  }
  bytes_left_ -= std::min(bytes, bytes_left_);
  if (added) {
    PolicyRule& rule = missing_.rules.emplace_back();
    if (url) {
      rule.nonResourceURLs = {chosen(kUrl)};
    } else {
      rule.apiGroups = {chosen(kGroup)};
      rule.resources = {chosen(kResource)};
      if (!chosen(kName).empty()) rule.resourceNames = {chosen(kName)};
    }
  }
  missing_.rules[place->second].verbs.push_back(chosen(verb));
}

}  // namespace

bool rule_allows(const PolicyRule& rule, const Attributes& attributes) {
  if (!any_or(rule.verbs, attributes.verb)) return false;
  if (!attributes.resource_request) return covers_url(rule.nonResourceURLs, attributes.path);
  if (!any_or(rule.apiGroups, attributes.group)) return false;
  if (!rule.resourceNames.empty() && !has(rule.resourceNames, attributes.name)) return false;
  if (attributes.subresource.empty()) return any_or(rule.resources, attributes.resource);
  std::string both = std::string(attributes.resource) + "/" + std::string(attributes.subresource);
  return covers_resource(rule.resources, both);
}

bool rules_allow(const std::vector<PolicyRule>& rules, const Attributes& attributes) {
  return std::ranges::any_of(rules, [&attributes](const PolicyRule& rule) { return rule_allows(rule, attributes); });
}

MissingRules missing_rules(const std::vector<PolicyRule>& held, const std::vector<PolicyRule>& wanted) {
  Comparison comparison(held);
  for (const PolicyRule& rule : wanted) comparison.compare(rule);
  return comparison.take();
}

std::string quoted_list(const Texts& texts) {
  std::string list = "[";
  for (const std::string& text : texts) list += (list.size() > 1 ? " \"" : "\"") + text + "\"";
  return list + "]";
}

std::string rule_text(const PolicyRule& rule) {
  std::string text;
  auto add = [&text](std::string_view name, const Texts& list) {
    if (!list.empty()) text += (text.empty() ? "" : ", ") + std::string(name) + ":" + quoted_list(list);
  };
  add("APIGroups", rule.apiGroups);
  add("Resources", rule.resources);
  add("ResourceNames", rule.resourceNames);
  add("NonResourceURLs", rule.nonResourceURLs);
  add("Verbs", rule.verbs);
  return "{" + text + "}";
}

}  // namespace charon::server
