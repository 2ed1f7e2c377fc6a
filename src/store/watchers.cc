#include "store/watchers.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace charon::store {

struct WatcherSet::Watcher {
  std::string prefix;
  Revision position = 0;  // events up to here are delivered, or not wanted
  WatchHandler handler;
  Start phase = Start::Live;
  std::vector<Event> waiting;  // while replaying
  bool ended = false;

  // `events` of this watch that it has not had yet.
  std::vector<Event> select(const std::vector<Event>& events) const {
    std::vector<Event> own;
    for (const Event& event : events) {
      if (event.revision > position && event.key.starts_with(prefix)) own.push_back(event);
    }
    return own;
  }
  void deliver(const std::vector<Event>& events) {
    if (!events.empty() && !ended && handler.on_events) handler.on_events(events);
  }
  void end(Error error) {
    if (std::exchange(ended, true)) return;
    if (handler.on_end) handler.on_end(std::move(error));
  }
};

class WatcherSet::Handle final : public Watch {
 public:
  Handle(std::weak_ptr<List> list, std::shared_ptr<Watcher> watcher) : list_(std::move(list)), watcher_(std::move(watcher)) {}
  ~Handle() override {
    watcher_->ended = true;
    if (auto list = list_.lock()) std::erase(*list, watcher_);
  }

 private:
  std::weak_ptr<List> list_;
  std::shared_ptr<Watcher> watcher_;
};

WatcherSet::WatcherSet() : watchers_(std::make_shared<List>()) {}

WatcherSet::Added WatcherSet::add(std::string prefix, Revision after, WatchHandler handler, Start start) {
  auto watcher = std::make_shared<Watcher>(std::move(prefix), after, std::move(handler), start);
  watchers_->push_back(watcher);
  return {std::make_unique<Handle>(watchers_, watcher), watcher};
}

void WatcherSet::publish(const std::vector<Event>& events) {
  if (events.empty()) return;
  const List watchers = *watchers_;  // a copy: handlers add and remove watches
  for (const auto& watcher : watchers) {
    if (watcher->ended) continue;
    std::vector<Event> own = watcher->select(events);
    if (watcher->phase == Start::Live) {
      watcher->position = std::max(watcher->position, events.back().revision);
      watcher->deliver(own);
    } else if (watcher->waiting.size() + own.size() > kReplayBufferEvents) {
      watcher->waiting.clear();
      watcher->end({Reason::ServiceUnavailable, "too many events while the watch read the past", nullptr});
    } else {
      std::ranges::move(own, std::back_inserter(watcher->waiting));
    }
  }
}

void WatcherSet::finish_replay(const std::weak_ptr<Watcher>& weak, Result<Replay> replay) {
  auto watcher = weak.lock();
  if (!watcher || watcher->ended) return;
  if (!replay) {
    watcher->end(std::move(replay.error()));
    return;
  }
  watcher->phase = Start::Live;
  std::vector<Event> events = watcher->select(replay->events);
  watcher->position = std::max(watcher->position, replay->revision);
  std::ranges::move(watcher->select(watcher->waiting), std::back_inserter(events));
  if (!watcher->waiting.empty()) watcher->position = std::max(watcher->position, watcher->waiting.back().revision);
  watcher->waiting = {};
  watcher->deliver(events);
}

}  // namespace charon::store
