// The store's file: its tables, how it is opened, kept from other processes, and restored.
//
//   entries(key, value, created, modified)                 what there is now
//   history(id, key, previous, created, modified)          the undo log (store/history.h); id = revision << 16 | place in
//                                                          the commit; previous is NULL where the commit created the key
//   meta(revision, compacted, keys, history_events, history_bytes)   one row, as of the last commit
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "store/sqlite/database.h"
#include "store/store.h"

namespace charon::store {

inline constexpr std::int64_t kApplicationId = 0x4368726e;  // "Chrn", in SQLite's header
inline constexpr std::int64_t kFormatVersion = 1;           // user_version
inline constexpr int kRecordPlaceBits = 16;                 // holds kWritesPerCommit - 1
inline constexpr std::uint64_t kWalFileBytes = 8u << 20;    // a longer log is cut when it starts again
// Restored stores go on this much higher (as `etcdutl snapshot restore --bump-revision` does), so that no revision that
// a client saw after the snapshot was taken comes back with another meaning.
inline constexpr Revision kRestoreJump = 1'000'000'000;

struct Meta {
  Revision revision = 0;
  Revision compacted = 0;
  std::uint64_t keys = 0;
  std::uint64_t history_events = 0;
  std::uint64_t history_bytes = 0;
};

// Held while the store is open; a second process, or a second store in this one, gets ServiceUnavailable.
Result<Database> lock_store(const std::string& path);

// Opens, and makes the file (readable by its owner only) and its tables where there are none. The folder must exist.
// InternalError when the file is of another program, of a newer version, or damaged.
Result<Database> open_for_writing(const std::string& path);
// After `open_for_writing`.
Result<Database> open_for_reading(const std::string& path);

// InternalError unless the database is a whole, undamaged store file (reads all of it).
Result<void> check_store_file(Database& database);

Result<Statement> prepare_read_meta(const Database& database);
Result<Meta> read_meta(Statement& statement);

// Writes everything `database` holds now into a new file. AlreadyExists when `path` exists.
Result<void> copy_to(Database& database, const std::string& path);

}  // namespace charon::store
