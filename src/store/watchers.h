// WatcherSet: the watches of one store, and which events each has had.
//
// Lives on the store's loop. Handlers may destroy any watch, their own included, start new ones, and destroy the store.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace charon::store {

// Events that pile up for one watch while its past is read; it ends with ServiceUnavailable when there are more.
inline constexpr std::size_t kReplayBufferEvents = 65536;

// The past of a watch: all its events up to and including `revision`.
struct Replay {
  std::vector<Event> events;
  Revision revision = 0;
};

class WatcherSet {
 public:
  struct Watcher;
  enum class Start : std::uint8_t {
    Live,    // all events after the wanted revision are still to be published
    Replay,  // published events wait until `finish_replay`
  };
  struct Added {
    std::unique_ptr<Watch> watch;
    std::weak_ptr<Watcher> watcher;
  };

  WatcherSet();
  WatcherSet(const WatcherSet&) = delete;

  Added add(std::string prefix, Revision after, WatchHandler handler, Start start);
  // Delivers to every watch what it has not had yet. `events` are in revision order and behind all published before.
  void publish(const std::vector<Event>& events);
  // Ends the watch on an error. A watch that is gone is ignored.
  static void finish_replay(const std::weak_ptr<Watcher>& watcher, Result<Replay> replay);

 private:
  class Handle;
  using List = std::vector<std::shared_ptr<Watcher>>;
  std::shared_ptr<List> watchers_;
};

}  // namespace charon::store
