// The watch cache: every stored object as an immutable Document, and the recent events, in memory, on the server's loop.
//
// All reads are served from here. A write has passed through the cache when its commit resumes, so a read that follows a write
// sees it. One Cache per kind; `Caches` owns them and feeds them from one watch on the store.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/document.h"
#include "model/kind.h"
#include "rt/sync.h"
#include "store/store.h"

namespace charon::server {

using model::DocumentPtr;
using model::ObjectKey;
using model::Revision;

// One change of one object. Exactly one of the two is null when the object came or went.
struct Change {
  DocumentPtr before;
  DocumentPtr after;
  DocumentPtr last;  // of a deletion: what was deleted, at the revision of the deletion
  Revision revision = 0;
};
using ChangePtr = std::shared_ptr<const Change>;

// What a reader wants to see. `matches` may be empty: everything in the namespace.
struct Filter {
  std::string ns;  // empty: all
  std::function<bool(const model::Document&)> matches;
  bool accepts(const model::Document& document) const;
};

enum class EventType : std::uint8_t { Added, Modified, Deleted };

struct CacheEvent {
  EventType type = EventType::Added;
  DocumentPtr object;
  Revision revision = 0;
};

class Cache;

// One watcher's place in the stream of changes. Owned by the reader; must not outlive the Cache.
class CacheWatch {
 public:
  ~CacheWatch();
  CacheWatch(const CacheWatch&) = delete;

  // The next events, at least one. Expired when the reader was too slow or the store's stream broke: list again.
  // Timeout when the server is shutting down.
  rt::Task<Result<std::vector<CacheEvent>>> next();
  // The revision up to which everything that matches has been handed out.
  Revision revision() const { return revision_; }

 private:
  friend class Cache;
  CacheWatch(Cache& cache, Filter filter, Revision after);
  void offer(const ChangePtr& change);  // ends the watch when it has fallen behind too far
  bool take(const ChangePtr& change);   // queues the change when it matches
  void end(Error error);

  Cache& cache_;
  Filter filter_;
  Revision revision_;
  std::deque<CacheEvent> events_;
  std::size_t replayed_ = 0;  // of them, from before the watch began: these do not count as falling behind
  std::optional<Error> ended_;
  rt::Event readable_;
  std::list<CacheWatch*>::iterator place_;
};

class Cache {
 public:
  Cache(const model::Kind& kind, rt::Loop& loop) : kind_(kind), loop_(loop) {}
  Cache(const Cache&) = delete;

  const model::Kind& kind() const { return kind_; }
  // Null when there is none.
  DocumentPtr get(const ObjectKey& key) const;
  // By namespace and name; `ns` empty: all. Stops when `visit` returns false.
  void each(std::string_view ns, const ObjectKey* start_after, const std::function<bool(const DocumentPtr&)>& visit) const;
  std::size_t size() const { return objects_.size(); }
  std::size_t watches() const { return watches_.size(); }

  // Changes after `after`; nullopt: from now. Expired when that is no longer in the window.
  Result<std::unique_ptr<CacheWatch>> watch(Filter filter, std::optional<Revision> after);

  // For Caches.
  void load(DocumentPtr document);
  void remember(ChangePtr change);  // into the window only
  void apply(ChangePtr change);     // objects, window and watchers
  void set_start(Revision revision) { window_start_ = revision; }
  void set_revision(Revision revision) { revision_ = revision; }
  Revision revision() const { return revision_; }
  void end_watches(const Error& error);

 private:
  friend class CacheWatch;
  void trim();

  const model::Kind& kind_;
  rt::Loop& loop_;
  std::map<ObjectKey, DocumentPtr> objects_;
  std::deque<ChangePtr> window_;
  std::size_t window_bytes_ = 0;
  Revision window_start_ = 0;  // every change after this one is in the window
  Revision revision_ = 0;
  std::list<CacheWatch*> watches_;
};

class Caches {
 public:
  Caches(rt::Loop& loop, store::Store& store, std::span<const model::Kind> kinds);

  // Reads everything from the store and follows it from then on.
  rt::Task<Result<void>> start();
  Cache& of(const model::Kind& kind);
  // The store's revision that all caches have reached.
  Revision revision() const { return revision_; }
  // Ends all watches in good order, so that clients reconnect.
  void shutdown();

  static std::string key_of(const model::Kind& kind, const ObjectKey& key);

 private:
  // The caches of one stored object: of the kind that it is stored as, and of its other views (model/storage_form.h).
  using Family = std::vector<std::unique_ptr<Cache>>;

  Family* family_of(std::string_view store_key);
  void feed(Cache& cache, const store::Event& event);
  void on_events(const std::vector<store::Event>& events);

  store::Store& store_;
  std::map<std::string, Family, std::less<>> by_prefix_;  // "/registry/apps/deployments/"
  std::unordered_map<const model::Kind*, Cache*> by_kind_;
  Revision loaded_ = 0;
  Revision revision_ = 0;
  std::unique_ptr<store::Watch> watch_;
};

// The stored form of an object is its canonical JSON without metadata.resourceVersion, which only the commit decides.
// This puts it in, where `"metadata":{` opens.
SharedBytes with_resource_version(const std::string& stored_json, Revision revision);

}  // namespace charon::server
