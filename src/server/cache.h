// The watch cache: every stored object as an immutable Document, and the recent events, in memory, on the server's loop.
//
// All reads are served from here. A write has passed through the cache when its commit resumes, so a read that follows a write
// sees it. One Cache per version of a resource; `Caches` owns them and feeds them from one watch on the store. The caches of
// custom resources come and go; one that stays while its definition changes keeps its watches.
//
// The recent changes of a kind stand in its window, once for all: a watch is a place in it, and a page of a list that began
// earlier is the present state with the changes since undone. So neither a slow watcher nor a long list costs memory of its
// own; who falls behind the window's start starts again (Expired).
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
#include "model/registry.h"
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
  // What went, at the revision of this change: of a deletion, or made on demand for those whose selector it left.
  mutable DocumentPtr last;
  Revision revision = 0;
};
using ChangePtr = std::shared_ptr<const Change>;

// What a reader wants to see. `matches` may be empty: everything in the namespace.
struct Filter {
  std::string ns;    // empty: all
  std::string name;  // empty: all
  std::function<bool(const model::Document&)> matches;
  bool accepts(const model::Document& document) const;
};

enum class EventType : std::uint8_t { Added, Modified, Deleted };

struct CacheEvent {
  EventType type = EventType::Added;
  DocumentPtr object;
  Revision revision = 0;
  DocumentPtr before = nullptr;  // what the change replaced
};

class Cache;

// One watcher's place in the stream of changes. Owned by the reader; must not outlive the Cache.
class CacheWatch {
 public:
  ~CacheWatch();
  CacheWatch(const CacheWatch&) = delete;

  // The next events, at least one and about kWatchBatchBytes of them. Expired when the reader was too slow or the store's
  // stream broke: list again. Timeout when the server is shutting down.
  rt::Task<Result<std::vector<CacheEvent>>> next();
  // The revision up to which everything that matches has been handed out.
  Revision revision() const;
  // next() tells `error` after what is pending.
  void end(Error error);

 private:
  friend class Cache;
  CacheWatch(Cache& cache, Filter filter, Revision after, std::uint64_t next);
  void offer(const Change& change, std::uint64_t number);
  bool concerns(const Change& change) const;
  void collect(std::vector<CacheEvent>& events);

  Cache& cache_;
  Filter filter_;
  Revision after_;      // changes up to here are none of its business
  Revision revision_;   // of the last change that it passed
  std::uint64_t next_;  // number of the next change to look at
  std::optional<Error> ended_;
  rt::Event readable_;
  std::list<CacheWatch*>::iterator place_;
};

class Cache {
 public:
  Cache(const model::Kind& kind, rt::Loop& loop) : kind_(&kind), loop_(loop) {}
  Cache(const Cache&) = delete;

  const model::Kind& kind() const { return *kind_; }
  // Null when there is none.
  DocumentPtr get(const ObjectKey& key) const;
  using Visit = std::function<bool(const DocumentPtr&)>;
  // By namespace and name; `ns` empty: all. Stops when `visit` returns false.
  void each(std::string_view ns, const ObjectKey* start_after, const Visit& visit) const;
  // The same as it was at `revision`. Expired when the window does not reach back so far.
  Result<void> each_at(Revision revision, std::string_view ns, const ObjectKey* start_after, const Visit& visit) const;
  // A list at `revision` goes on later: the window reaches back to it for a while, within its limits.
  void hold(Revision revision);
  std::size_t size() const { return objects_.size(); }
  std::size_t watches() const { return watches_.size(); }

  // Changes after `after`, which may be in the future; nullopt: from now. Expired when that is no longer in the window.
  // Of a cache that is closed, one that has ended.
  Result<std::unique_ptr<CacheWatch>> watch(Filter filter, std::optional<Revision> after);

  // Called with every change at once, before the commit that made it resumes; for indexes over the objects. The observer must
  // not change the cache. It ends with the returned handle, which must not outlive the cache.
  using Observer = std::function<void(const Change&)>;
  using Observation = std::shared_ptr<const Observer>;
  [[nodiscard]] Observation observe(Observer observer);

  // For Caches.
  void load(DocumentPtr document);
  void remember(ChangePtr change);  // into the window only
  void apply(ChangePtr change);     // objects, window and watchers
  void set_start(Revision revision) { window_start_ = revision; }
  // All is loaded as it is at `revision`; before that, the versions of objects are not known well enough to list them.
  void set_loaded(Revision revision) { loaded_ = revision_ = revision; }
  void set_revision(Revision revision) { revision_ = revision; }
  Revision revision() const { return revision_; }
  void end_watches(const Error& error);
  // Ends the watches that there are, and each that comes.
  void close(const Error& error);
  void set_kind(const model::Kind& kind) { kind_ = &kind; }  // the same resource by a changed definition
  void clear();
  bool loading = false;  // its objects are being read

 private:
  friend class CacheWatch;
  std::uint64_t window_end() const { return window_first_ + window_.size(); }
  // Drops the oldest changes: down to the soft limit those that nobody reads any more, down to the hard limit all.
  void trim();

  model::KindRef kind_;
  rt::Loop& loop_;
  std::map<ObjectKey, DocumentPtr> objects_;
  std::deque<ChangePtr> window_;
  std::uint64_t window_first_ = 0;  // number of the first change in it
  std::size_t window_bytes_ = 0;
  Revision window_start_ = 0;  // every change after this one is in the window
  Revision loaded_ = 0;
  Revision revision_ = 0;
  Revision held_ = 0;  // for lists that go on, until `held_until_`
  rt::Instant held_until_{};
  std::optional<Error> closed_;
  std::list<CacheWatch*> watches_;
  std::vector<std::weak_ptr<const Observer>> observers_;
};

class Caches {
 public:
  // With caches for the built-in kinds. `kinds` must outlive it.
  Caches(rt::Loop& loop, store::Store& store, model::KindRegistry& kinds);

  // Reads everything from the store and follows it from then on. `definitions_loaded` is called when the definitions of custom
  // resources are there; it may call `add`.
  rt::Task<Result<void>> start(std::function<void()> definitions_loaded = nullptr);
  // All versions of a resource whose objects a webhook converts (model/storage_form.h) have one cache: of what is stored, each
  // object in the version in which it is stored.
  Cache& of(const model::Kind& kind);
  // Whether objects of the kind may be stored: not when its definition has gone since.
  bool serves(const model::Kind& kind) const;

  using Versions = std::vector<std::shared_ptr<const model::Kind>>;
  // Caches for all versions of a custom resource, in the place of those that it had; a version that stays keeps its watches.
  void add(const Versions& versions);
  // The same while the caches run: also reads the objects anew, because another schema makes other objects of what is stored.
  // Until it returns, new versions show nothing. One call at a time for a resource.
  rt::Task<Result<void>> replace(Versions versions);
  // The definition is gone: the watches end.
  void remove(const model::Kind& version);

  model::KindRegistry& kinds() const { return kinds_; }
  // The store's revision that all caches have reached.
  Revision revision() const { return revision_; }
  // Ends all watches in good order, so that clients reconnect, and from then on each that still comes.
  void shutdown();

  static std::string key_of(const model::Kind& kind, const ObjectKey& key);

 private:
  // The caches of one stored object: of the kind that it is stored as, and of its other views (model/storage_form.h).
  struct Family {
    std::vector<std::unique_ptr<Cache>> caches;
    std::vector<store::Event> held_back;  // for caches that are being loaded
    Versions versions;                    // where a webhook converts: there is one cache then, of what is stored
    bool has(const model::KindRef& kind) const;
  };

  Family* family_of(std::string_view store_key);
  const Family* family_of(std::string_view store_key) const;
  std::unique_ptr<Cache> make(const model::Kind& kind);
  void retire(std::unique_ptr<Cache> cache, const Error& error);
  void release_retired();
  void load(Family& family, const store::Entry& entry);
  static DocumentPtr read(const Family& family, const Cache& cache, Revision revision, const std::string& stored);
  void feed(const Family& family, Cache& cache, const store::Event& event);
  template <class Visit>
  void each_cache(const Visit& visit) {
    for (auto& [prefix, family] : by_prefix_)
      for (auto& cache : family.caches) visit(*cache);
  }
  void on_events(const std::vector<store::Event>& events);

  rt::Loop& loop_;
  store::Store& store_;
  model::KindRegistry& kinds_;
  std::map<std::string, Family, std::less<>> by_prefix_;    // "/registry/apps/deployments/"
  std::unordered_map<const model::Kind*, Cache*> by_kind_;  // of built-in kinds
  std::vector<std::unique_ptr<Cache>> retired_;             // of versions that are gone, while anybody refers to them
  Revision loaded_ = 0;
  Revision revision_ = 0;
  std::unique_ptr<store::Watch> watch_;
  bool shut_down_ = false;
};

// The stored form of an object is its canonical JSON without metadata.resourceVersion, which only the commit decides.
// This puts it in, where `"metadata":{` opens.
SharedBytes with_resource_version(const std::string& stored_json, Revision revision);
// The same object under another resourceVersion: as it went.
DocumentPtr at_revision(const model::Document& document, Revision revision);

}  // namespace charon::server
