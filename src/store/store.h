// Store: ordered keys to bytes, with a global revision, history for watches, and durable commits. Knows no kinds.
//
// Keys are texts such as "/registry/apps/deployments/default/web". Every commit gets one revision, larger than all before;
// a watcher sees each commit's events in revision order, exactly once. Implementations: store/memory, store/sqlite
// (store/etcd later); store/testsuite runs on each.
//
// All calls are made on the loop that the store was made for; results and events arrive on that loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "rt/task.h"

namespace charon::store {

using Revision = std::uint64_t;

struct Entry {
  std::string key;
  SharedBytes value;
  Revision created = 0;   // revision of the commit that made the key
  Revision modified = 0;  // revision of the commit that wrote this value
};

// One change of one key.
struct Write {
  std::string key;
  SharedBytes value;                    // null: delete the key
  std::optional<Revision> if_modified;  // the key must be at this revision; 0: it must not exist; nullopt: whatever
};

struct Event {
  std::string key;
  SharedBytes value;     // null: the key was deleted
  SharedBytes previous;  // the value before; null when the key was created
  Revision revision = 0;
};

struct ListOptions {
  std::string prefix;
  std::string start_after;     // continue behind this key; empty: from the start
  std::size_t limit = 0;       // 0: no limit
  std::optional<Revision> at;  // a past revision (Gone when compacted); nullopt: now
};

struct ListResult {
  std::vector<Entry> entries;  // by key
  Revision revision = 0;       // the revision the list is a snapshot of
  bool more = false;           // the limit cut it
  std::size_t remaining = 0;   // how many keys are left behind the last one, when `more`
};

// Delivered in order on the loop. Destroying it ends the watch.
class Watch {
 public:
  virtual ~Watch() = default;
};

struct WatchHandler {
  // All events of one commit, or of several that became durable together.
  std::function<void(const std::vector<Event>&)> on_events;
  // The watch ended: Gone when its start was compacted away, ServiceUnavailable when the store failed.
  std::function<void(Error)> on_end;
};

struct Stats {
  Revision revision = 0;
  Revision compacted = 0;  // oldest revision that can be watched from or listed at
  std::uint64_t keys = 0;
  std::uint64_t file_bytes = 0;  // 0 when not on disk
  std::uint64_t commits = 0;     // since start
  std::uint64_t syncs = 0;       // since start; commits / syncs is the size of a group
};

class Store {
 public:
  virtual ~Store() = default;

  virtual rt::Task<Result<std::optional<Entry>>> get(std::string key) = 0;
  virtual rt::Task<Result<ListResult>> list(ListOptions options) = 0;

  // All writes or none. Resumes when they are durable, with their revision; by then every watcher has its events (but those
  // that still read their past). Conflict when a precondition does not hold, with the key as the message; BadRequest for no
  // writes or a key twice. A commit whose caller is cancelled goes on.
  virtual rt::Task<Result<Revision>> commit(std::vector<Write> writes) = 0;

  // Events of keys with `prefix` and revision > `after`. Gone through on_end when `after` < Stats::compacted.
  virtual std::unique_ptr<Watch> watch(std::string prefix, Revision after, WatchHandler handler) = 0;

  // Forgets history up to and including `revision`. Timeout when it is in the future, as for ListOptions::at.
  virtual rt::Task<Result<void>> compact(Revision revision) = 0;

  // A consistent copy of everything in one file, and back into an empty store.
  virtual rt::Task<Result<void>> snapshot(std::string path) = 0;

  virtual Stats stats() const = 0;
};

}  // namespace charon::store
