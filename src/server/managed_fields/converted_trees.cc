#include "server/managed_fields/converted_trees.h"

#include "codec/json.h"
#include "model/storage_form.h"

namespace charon::server {
namespace {

// Each round asks about the results of the one before; an apply makes a handful of steps for each version that has owners.
constexpr int kRounds = 64;

}  // namespace

const codec::Value* ConvertedTrees::find(const codec::Value& tree, const model::Kind& to) {
  Key key{to.gv.text(), codec::write_json(tree)};
  if (auto found = made_.find(key); found != made_.end()) return &found->second;
  missing_.emplace(std::move(key), &to);
  return nullptr;
}

rt::Task<Result<void>> ConvertedTrees::fill() {
  if (++rounds_ > kRounds) co_return fail(Reason::InternalError, "managed fields: the conversions of an object have no end");
  while (!missing_.empty()) {
    const model::KindRef to = missing_.begin()->second;
    std::vector<Key> keys;
    std::vector<codec::Value> trees;
    for (const auto& [key, kind] : missing_) {
      if (kind != to) continue;
      keys.push_back(key);
      trees.push_back(codec::parse_json(key.second).value());
    }
    CO_TRY_ASSIGN(trees, co_await model::converter_of(*to)->trees(std::move(trees), to));
    for (std::size_t i = 0; i < keys.size(); ++i) {
      made_[keys[i]] = std::move(trees[i]);
      missing_.erase(keys[i]);
    }
  }
  co_return Result<void>();
}

}  // namespace charon::server
