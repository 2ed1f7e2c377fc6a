// Writer: everything that changes the store's file. Blocks; used by one thread at a time (the store's writing worker).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "store/history.h"
#include "store/sqlite/database.h"
#include "store/sqlite/format.h"
#include "store/store.h"

namespace charon::store {

inline constexpr int kCheckpointFrames = 1000;         // log pages that are moved into the file together
inline constexpr std::int64_t kSpareFreePages = 256;   // free pages that the file may keep ...
inline constexpr std::int64_t kSpareFreeFraction = 8;  // ... or this part of it, if that is more
inline constexpr std::int64_t kVacuumPages = 256;      // given back in one step, so that commits get in between

// What became of the commits of one transaction.
struct GroupOutcome {
  std::vector<Result<Revision>> results;  // one for each commit
  std::vector<Event> events;              // of all that succeeded, in revision order
  Meta meta;
};

class Writer {
 public:
  static Result<std::unique_ptr<Writer>> open(const std::string& path, HistoryLimits limits);

  // All commits in one transaction with one sync; each is applied or refused by itself, in order. When the transaction
  // fails, all fail with its error and nothing has changed.
  GroupOutcome commit(std::span<const std::vector<Write>> commits);
  Result<Meta> compact(Revision revision);

  // One step of keeping the file small and the log short. True: there is more to do.
  Result<bool> maintain();

  const Meta& meta() const { return meta_; }

 private:
  Writer(Database database, HistoryLimits limits) : database_(std::move(database)), limits_(limits) {}

  Result<void> prepare();
  Result<void> apply_group(std::span<const std::vector<Write>> commits, GroupOutcome& outcome);
  // The outer error ends the transaction, the inner one is the commit's own.
  Result<Result<Revision>> apply(const std::vector<Write>& writes, std::vector<Event>& events);
  Result<std::optional<Entry>> find(const std::string& key);
  Result<void> change(const Write& write, const Record& record, std::uint64_t place);
  Result<void> prune();
  Result<void> forget(Revision last);
  Result<std::int64_t> count(Statement& pragma);
  Result<void> save_meta();

  Database database_;
  HistoryLimits limits_;
  Meta meta_;
  int log_frames_ = 0;           // in the log, as of the last transaction
  int checkpointed_frames_ = 0;  // of them, when the last checkpoint ran
  bool checkpoint_due_ = false;
  std::optional<Statement> begin_, commit_, find_, put_, erase_, record_, oldest_, forget_, save_meta_, page_count_,
      free_count_;
};

}  // namespace charon::store
