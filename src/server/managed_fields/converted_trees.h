// ConvertedTrees: an object in other versions of its kind, for tracking who owns which fields where only a webhook can convert.
//
// Tracking is pure and cannot wait. It asks here for a tree in another version; what is not here is noted, and the outcome of
// that tracking is worthless. fill() then lets the webhook make what is missing, and tracking runs again, until nothing is.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "codec/tree.h"
#include "model/kind.h"
#include "rt/task.h"

namespace charon::server {

class ConvertedTrees {
 public:
  // `tree`, which carries its apiVersion, as `to`; null when it is missing.
  const codec::Value* find(const codec::Value& tree, const model::Kind& to);
  bool complete() const { return missing_.empty(); }
  // Errors are the webhook's. InternalError when there is no end to what is missing.
  rt::Task<Result<void>> fill();

 private:
  using Key = std::pair<std::string, std::string>;  // apiVersion wanted, JSON of the tree
  std::map<Key, codec::Value> made_;
  std::map<Key, model::KindRef> missing_;
  int rounds_ = 0;
};

}  // namespace charon::server
