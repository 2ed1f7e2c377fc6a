// Informer: a local, always current copy of all objects of one kind (or of a selection), fed by list and watch.
//
// Lives on one loop, and everything is called there. It resumes a broken watch from the last revision, lists again when that
// has expired, and backs off on errors (200 ms doubling to 30 s, with jitter). Readers see a state that the server had; it
// may be old. Objects are immutable and shared: with the server in one process, the informer costs a map node an object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "client/transport.h"
#include "client/typed.h"
#include "model/document.h"
#include "model/kind.h"
#include "model/selector.h"
#include "rt/loop.h"
#include "rt/random.h"
#include "rt/scope.h"
#include "rt/sync.h"

namespace charon::client {

// Called from the loop, in the order of the changes, after the store has them. Any may be empty. A handler must not
// subscribe or unsubscribe.
struct InformerHandlers {
  std::function<void(const model::DocumentPtr& now)> added;
  std::function<void(const model::DocumentPtr& before, const model::DocumentPtr& now)> updated;
  std::function<void(const model::DocumentPtr& last)> deleted;  // the last state that is known
};

// The values under which an object is found in an index; none: it is not in it.
using IndexFunction = std::function<std::vector<std::string>(const model::Document&)>;

struct InformerStats {
  std::uint64_t lists = 0;
  std::uint64_t watches = 0;
  std::uint64_t events = 0;
  std::uint64_t failures = 0;
};

class Informer {
 public:
  // `options.ns` and the selectors choose a part of the kind.
  Informer(rt::Loop& loop, rt::Random& random, Transport& transport, const model::Kind& kind, ListOptions options = {});
  ~Informer();
  Informer(const Informer&) = delete;

  // Starts listing; once.
  void start();
  // Its kind is served no more: ends what it does, forgets its objects and wakes who waits for it.
  void stop();
  const model::Kind& kind() const { return *kind_; }

  // True after the first list is in the store.
  bool synced() const { return synced_.is_set(); }
  rt::Task<void> wait_synced();
  // Every change of the kind up to this revision is in the store.
  model::Revision revision() const { return revision_; }
  rt::Task<void> wait_revision(model::Revision revision);

  // --- Reading ---
  model::DocumentPtr document(const model::ObjectKey& key) const;             // null when there is none
  std::vector<model::DocumentPtr> documents(std::string_view ns = {}) const;  // by key; empty ns: all
  std::size_t size() const { return store_.size(); }
  // Objects with an ownerReference to `uid`, by key.
  std::vector<model::DocumentPtr> documents_owned_by(std::string_view uid) const;
  // Objects under `value` of an index added before, by key.
  std::vector<model::DocumentPtr> documents_by(std::string_view index, std::string_view value) const;

  template <class T>
  std::shared_ptr<const T> get(const model::ObjectKey& key) const {
    model::DocumentPtr found = document(key);
    return found ? found->as<T>() : nullptr;
  }
  template <class T>
  std::vector<std::shared_ptr<const T>> list(std::string_view ns = {}) const {
    return typed<T>(documents(ns));
  }
  template <class T>
  std::vector<std::shared_ptr<const T>> list(std::string_view ns, const model::LabelSelector& selector) const {
    std::vector<std::shared_ptr<const T>> objects;
    for (const model::DocumentPtr& document : documents(ns))
      if (selector.matches(document->labels())) objects.push_back(document->as<T>());
    return objects;
  }
  template <class T>
  std::vector<std::shared_ptr<const T>> owned_by(std::string_view uid) const {
    return typed<T>(documents_owned_by(uid));
  }
  template <class T>
  std::vector<std::shared_ptr<const T>> by(std::string_view index, std::string_view value) const {
    return typed<T>(documents_by(index, value));
  }

  // Adds an index over what is and will be in the store; the same name again is ignored.
  void add_index(std::string name, IndexFunction function);

  // --- Following ---
  using Handlers = std::map<std::uint64_t, InformerHandlers>;
  // Ends when destroyed.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

   private:
    friend class Informer;
    std::weak_ptr<Handlers> handlers_;
    std::uint64_t id_ = 0;
  };
  // Objects that are already in the store are reported as added before this returns.
  [[nodiscard]] Subscription subscribe(InformerHandlers handlers);

  const InformerStats& stats() const { return stats_; }

 private:
  struct Index {
    IndexFunction function;
    std::map<std::string, std::set<model::ObjectKey>, std::less<>> keys;
  };

  rt::Task<void> run();
  rt::Task<Result<void>> list_all();
  rt::Task<Result<void>> watch_once();
  rt::Task<void> back_off();
  void replace_all(ListResult listed);
  void apply(const WatchEvent& event);
  void put(const model::DocumentPtr& document);
  void erase(const model::DocumentPtr& last);
  void index(const model::Document& document);
  void unindex(const model::Document& document);
  void advance(model::Revision revision);
  std::vector<model::DocumentPtr> look_up(const std::set<model::ObjectKey>& keys) const;

  template <class T>
  static std::vector<std::shared_ptr<const T>> typed(const std::vector<model::DocumentPtr>& documents) {
    std::vector<std::shared_ptr<const T>> objects;
    objects.reserve(documents.size());
    for (const model::DocumentPtr& document : documents) objects.push_back(document->as<T>());
    return objects;
  }

  rt::Loop& loop_;
  rt::Random& random_;
  Transport& transport_;
  model::KindRef kind_;
  ListOptions options_;

  std::map<model::ObjectKey, model::DocumentPtr> store_;
  std::map<std::string, Index, std::less<>> indexes_;
  std::shared_ptr<Handlers> handlers_ = std::make_shared<Handlers>();
  std::uint64_t next_handler_ = 1;
  model::Revision revision_ = 0;
  bool must_list_ = true;
  int failures_in_row_ = 0;
  InformerStats stats_;
  rt::Event synced_;
  std::multimap<model::Revision, std::shared_ptr<rt::Event>> revision_waiters_;
  rt::Scope scope_;  // last: its task uses all of the above
};

// The uids in an object's ownerReferences: the index "owner-uid" that every informer has.
std::vector<std::string> owner_uids(const model::Document& document);

// One shared informer per kind, made and started on first use.
class InformerSet {
 public:
  InformerSet(rt::Loop& loop, rt::Random& random, Transport& transport);
  ~InformerSet();
  InformerSet(const InformerSet&) = delete;

  Informer& of(const model::Kind& kind);
  template <class T>
  Informer& of() {
    return of(kind_of<T>());
  }
  // The same, for who holds it over a suspension point: the informers of custom kinds may go.
  std::shared_ptr<Informer> share(const model::Kind& kind);
  // Null when nobody has asked for the kind.
  Informer* find(const model::Kind& kind) const;
  // The kind is served no more.
  void drop(const model::Kind& kind);
  // All that were made so far.
  rt::Task<void> wait_synced();
  rt::Loop& loop() const { return loop_; }
  Transport& transport() const { return transport_; }

 private:
  rt::Loop& loop_;
  rt::Random& random_;
  Transport& transport_;
  std::map<model::KindRef, std::shared_ptr<Informer>> informers_;
};

}  // namespace charon::client
