// Truth: what the store holds, followed past the API server, so that the server itself can be judged by it.
//
// Made before the server's caches, so that at each commit it is told first. Also the trace: the hash over time, key and value
// of every commit, which is the same for the same seed.
#pragma once

#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/transport.h"
#include "client/typed.h"
#include "model/document.h"
#include "model/kind.h"
#include "rt/loop.h"
#include "store/store.h"

namespace charon::sim {

class Truth {
 public:
  struct Change {
    const model::Kind* kind = nullptr;
    model::DocumentPtr before;  // null when it was created
    model::DocumentPtr after;   // null when it was deleted
    model::Revision revision = 0;
    client::EventType type() const;
    const model::ObjectKey& key() const { return after ? after->key() : before->key(); }
  };
  using Objects = std::map<model::ObjectKey, model::DocumentPtr>;
  using Listener = std::function<void(const Change&)>;

  // `trace_path`: a file that gets a line for each change; empty: none.
  Truth(rt::Loop& loop, store::Store& store, std::span<const model::Kind> kinds, const std::string& trace_path);
  Truth(const Truth&) = delete;

  const Objects& objects(const model::Kind& kind) const;
  // All changes of the kind, in their order.
  const std::vector<Change>& changes(const model::Kind& kind) const;
  model::Revision revision() const { return revision_; }
  std::uint64_t hash() const { return hash_; }
  std::uint64_t count() const { return count_; }
  // Called after each change, for ever.
  void listen(Listener listener) { listeners_.push_back(std::move(listener)); }

  template <class T>
  std::vector<std::shared_ptr<const T>> list() const {
    std::vector<std::shared_ptr<const T>> all;
    for (const auto& [key, document] : objects(client::kind_of<T>())) all.push_back(document->template as<T>());
    return all;
  }
  template <class T>
  std::shared_ptr<const T> get(const model::ObjectKey& key) const {
    const Objects& all = objects(client::kind_of<T>());
    const auto place = all.find(key);
    return place == all.end() ? nullptr : place->second->template as<T>();
  }

 private:
  struct OfKind {
    const model::Kind* kind = nullptr;
    Objects objects;
    std::vector<Change> changes;
  };
  void take(const store::Event& event);
  void mix(std::string_view bytes);

  rt::Loop& loop_;
  std::map<std::string, OfKind, std::less<>> by_prefix_;
  std::map<const model::Kind*, OfKind*> by_kind_;
  std::vector<Listener> listeners_;
  std::optional<std::ofstream> trace_;
  model::Revision revision_ = 0;
  std::uint64_t hash_ = 0xcbf29ce484222325;  // FNV-1a
  std::uint64_t count_ = 0;
  std::unique_ptr<store::Watch> watch_;
};

}  // namespace charon::sim
