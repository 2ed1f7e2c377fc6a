// The embedded store: one SQLite file in WAL mode.
//
// Commits go to the writing worker; all that queue up while it syncs share its next transaction and sync. Reads come from
// connections of their own: `get` on the loop (one lookup), lists, watches from the past and snapshots on the reading worker.
// A crash at any point loses no acknowledged commit. The file and its log stay within twice the entries and the history
// window, plus kWalFileBytes.
//
// Errors beside those of Store: ServiceUnavailable while the disk is full or fails, and when kPendingCommits wait; the next
// call tries again. InternalError when the file is damaged.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "rt/loop.h"
#include "rt/sync.h"
#include "store/history.h"
#include "store/store.h"

namespace charon::store {

inline constexpr std::size_t kPendingCommits = 16384;  // that may wait for the writing worker
inline constexpr std::size_t kGroupCommits = 1024;     // in one transaction
inline constexpr std::size_t kGroupBytes = 4u << 20;   // of keys and values in one transaction, when it has several commits

struct SqliteOptions {
  std::string
      path;  // of the file; its folder must exist. Files with "-wal", "-shm" and ".lock" behind the name stand beside it
  HistoryLimits history;
};

// Two threads of the store's own (or the simulator's workers).
struct SqliteWorkers {
  std::unique_ptr<rt::Worker> writing;
  std::unique_ptr<rt::Worker> reading;
};

// Blocks while it opens the file. `loop` outlives the store. ServiceUnavailable when another process has the store open;
// InternalError when the file is foreign, newer or damaged. Destroying the store finishes what is queued and closes the file.
Result<std::unique_ptr<Store>> open_sqlite_store(rt::Loop& loop, SqliteOptions options, SqliteWorkers workers);

// Makes a store file at `path` (which must not exist) of a snapshot. Revisions go on kRestoreJump higher and without history:
// watches and lists at older revisions get Gone and start afresh. Blocks.
Result<void> restore_sqlite_store(const std::string& snapshot, const std::string& path);

}  // namespace charon::store
