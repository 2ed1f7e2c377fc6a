// What every implementation keeps of the past, and checks on what it is asked to write.
//
// History is an undo log: one record for each changed key, with the entry that the change replaced. Values of the past thus
// stand once, and the state at an old revision is today's state with the first record of each key behind it applied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace charon::store {

// The oldest commits are forgotten as soon as one of the two is passed.
struct HistoryLimits {
  std::uint64_t events = 65536;
  std::uint64_t bytes = 16u << 20;  // keys, replaced values and kRecordBytes for each record
};

inline constexpr std::uint64_t kRecordBytes = 64;          // what a record costs beside its key and value
inline constexpr std::size_t kWritesPerCommit = 1u << 16;  // a commit with more is refused with BadRequest
inline constexpr Revision kFirstRevision = 1;              // of a store without commits; so that 0 is never a revision

// One change and what it replaced.
struct Record {
  Revision revision = 0;
  std::string key;
  std::optional<Entry> previous;  // nullopt: the commit created the key
};

inline std::uint64_t record_bytes(const Record& record) {
  return kRecordBytes + record.key.size() + (record.previous ? record.previous->value->size() : 0);
}

// BadRequest: no writes, too many, an empty key, or a key twice.
Result<void> check_writes(std::span<const Write> writes);
// Conflict, with the key as the message, when `current` (nullopt: no such key) is not what the write expects.
Result<void> check_precondition(const Write& write, const std::optional<Revision>& current);

// Gone, when `revision` is older than `compacted`; Timeout, when it lies in the future (Kubernetes: "Too large resource
// version").
Result<void> check_revision(Revision revision, Revision compacted, Revision current);
Error gone(Revision revision, Revision compacted);

// The smallest text that is larger than every text with `prefix`; nullopt when there is none.
std::optional<std::string> prefix_end(std::string_view prefix);

// What differs from today in an older state: keys with their entry then, or nullopt where there was none.
using Overlay = std::map<std::string, std::optional<Entry>, std::less<>>;

}  // namespace charon::store
