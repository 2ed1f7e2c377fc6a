// LabelIndex: finds the selectors that may match a set of labels without trying all of them.
//
// A selector that demands `key = value` is filed under that pair; the few that demand no such thing are always candidates.
// The caller still has to match: candidates are a superset. Pointers stay the caller's and must be removed before they die.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/selector.h"

namespace charon::scheduler {

template <class T>
class LabelIndex {
 public:
  void add(const model::LabelSelector& selector, T* entry) { bucket(selector).push_back(entry); }
  void remove(const model::LabelSelector& selector, T* entry) {
    std::erase(bucket(selector), entry);
    if (std::string pair = demanded_pair(selector); !pair.empty() && by_pair_[pair].empty()) by_pair_.erase(pair);
  }
  bool empty() const { return by_pair_.empty() && open_.empty(); }

  // Calls `visit(T&)` for every entry whose selector may match `labels`.
  template <class Visit>
  void candidates(const model::LabelMap& labels, Visit visit) const {
    for (T* entry : open_) visit(*entry);
    if (by_pair_.empty()) return;
    std::string pair;
    for (const auto& [key, value] : labels) {
      pair.assign(key).append(1, '=').append(value);
      if (auto found = by_pair_.find(pair); found != by_pair_.end())
        for (T* entry : found->second) visit(*entry);
    }
  }

 private:
  static std::string demanded_pair(const model::LabelSelector& selector) {
    using enum model::LabelRequirement::Operator;
    for (const auto& requirement : selector.requirements())
      if ((requirement.op == In || requirement.op == Equals) && requirement.values.size() == 1)
        return requirement.key + "=" + requirement.values.front();
    return {};
  }
  std::vector<T*>& bucket(const model::LabelSelector& selector) {
    std::string pair = demanded_pair(selector);
    return pair.empty() ? open_ : by_pair_[pair];
  }

  std::unordered_map<std::string, std::vector<T*>> by_pair_;
  std::vector<T*> open_;
};

}  // namespace charon::scheduler
