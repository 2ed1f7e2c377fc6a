// Reader: one connection that reads snapshots of the store's file. Blocks; used by one thread at a time.
//
// Sees every commit whose transaction has ended, thus every acknowledged one.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "store/history.h"
#include "store/sqlite/database.h"
#include "store/sqlite/format.h"
#include "store/store.h"
#include "store/watchers.h"

namespace charon::store {

class Reader {
 public:
  // After the store's Writer was opened.
  static Result<std::unique_ptr<Reader>> open(const std::string& path);

  Result<std::optional<Entry>> get(const std::string& key);
  Result<ListResult> list(const ListOptions& options);
  Result<Replay> replay(const std::string& prefix, Revision after);
  Result<void> snapshot(const std::string& path);

 private:
  // Half-open; no end: up to the last key.
  struct Range {
    std::string begin;
    std::optional<std::string> end;
    bool contains(std::string_view key) const { return key >= begin && (!end || key < *end); }
  };

  explicit Reader(Database database) : database_(std::move(database)) {}

  Result<void> prepare();
  // Runs `read` within one snapshot.
  template <class F>
  std::invoke_result_t<F> in_snapshot(F read);
  Result<ListResult> list_snapshot(const ListOptions& options);
  Result<Overlay> overlay_at(Revision revision, const Range& range);
  Result<void> fill(ListResult& result, std::size_t limit, const Range& range, const Overlay& overlay);
  Result<std::size_t> count(const Range& range, const Overlay& overlay);
  Result<Replay> replay_snapshot(const std::string& prefix, Revision after);

  Database database_;
  std::optional<Statement> begin_, end_, meta_, get_, range_, count_, exists_, undo_, backwards_;
};

}  // namespace charon::store
