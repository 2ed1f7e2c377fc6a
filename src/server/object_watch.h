// ObjectWatch: the changes of a kind as one reader sees them: in the version that was asked for, which a webhook may have to
// make (model/storage_form.h), and chosen by what they are then.
//
// Its place is a CacheWatch's. While a conversion is under way nothing more is read, so a slow webhook costs its own watchers
// their place in the window, and nobody anything else.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "model/registry.h"
#include "rt/task.h"
#include "server/cache.h"

namespace charon::server {

class ObjectWatch {
 public:
  // Events as the cache has them.
  explicit ObjectWatch(std::unique_ptr<CacheWatch> changes) : changes_(std::move(changes)) {}
  // Events of `kind`, whose objects a webhook converts; `matches` may be empty: all. `kinds` must outlive it.
  using Matches = std::function<bool(const model::Document&)>;
  ObjectWatch(std::unique_ptr<CacheWatch> changes, const model::KindRegistry& kinds, model::KindRef kind, Matches matches)
      : changes_(std::move(changes)), kinds_(&kinds), kind_(std::move(kind)), matches_(std::move(matches)) {}

  // The next events, at least one. Errors are those of CacheWatch, or what is wrong with the webhook. Who gives up waiting
  // loses nothing.
  rt::Task<Result<std::vector<CacheEvent>>> next();
  // The revision up to which everything that matches has been handed out.
  Revision revision() const { return pending_.empty() ? changes_->revision() : pending_.front().revision - 1; }
  // next() tells `error` after what is pending.
  void end(Error error) { changes_->end(std::move(error)); }

 private:
  rt::Task<Result<std::vector<CacheEvent>>> convert() const;

  std::unique_ptr<CacheWatch> changes_;
  const model::KindRegistry* kinds_ = nullptr;  // null: nothing is converted
  model::KindRef kind_;
  Matches matches_;
  std::vector<CacheEvent> pending_;  // read, and not handed out yet
};

}  // namespace charon::server
