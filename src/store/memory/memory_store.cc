#include "store/memory/memory_store.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "rt/sync.h"
#include "store/watchers.h"

namespace charon::store {

namespace {

struct Change {
  Record record;
  SharedBytes value;  // null: deleted
};

Event to_event(const Change& change) {
  return {change.record.key, change.value, change.record.previous ? change.record.previous->value : nullptr,
          change.record.revision};
}

// Everything but the loop; shared with callbacks that the loop has yet to run.
class State {
 public:
  explicit State(HistoryLimits limits) : limits_(limits) {}

  Result<std::vector<Event>> apply(std::vector<Write> writes);
  Result<ListResult> list(const ListOptions& options) const;
  Result<Replay> replay(Revision after) const;
  Result<void> compact(Revision revision);

  std::map<std::string, Entry, std::less<>> entries;
  Revision revision = kFirstRevision;
  Revision compacted = kFirstRevision;
  std::uint64_t commits = 0;
  WatcherSet watchers;

 private:
  // The first change behind `revision`.
  std::deque<Change>::const_iterator behind(Revision revision) const;
  Overlay overlay_at(Revision revision, std::string_view prefix) const;
  void remember(Change change);
  void prune();

  HistoryLimits limits_;
  std::deque<Change> history_;
  std::uint64_t history_bytes_ = 0;
};

Result<std::vector<Event>> State::apply(std::vector<Write> writes) {
  TRY(check_writes(writes));
  for (const Write& write : writes) {
    auto place = entries.find(write.key);
    TRY(check_precondition(write, place == entries.end() ? std::nullopt : std::optional(place->second.modified)));
  }
  ++revision;
  ++commits;
  std::vector<Event> events;
  for (Write& write : writes) {
    auto place = entries.find(write.key);
    const bool exists = place != entries.end();
    if (!exists && !write.value) continue;
    Change change{{revision, write.key, exists ? std::optional(place->second) : std::nullopt}, write.value};
    if (!write.value) {
      entries.erase(place);
    } else if (exists) {
      place->second.value = write.value;
      place->second.modified = revision;
    } else {
      entries.emplace(write.key, Entry{write.key, write.value, revision, revision});
    }
    events.push_back(to_event(change));
    remember(std::move(change));
  }
  prune();
  return events;
}

void State::remember(Change change) {
  history_bytes_ += record_bytes(change.record);
  history_.push_back(std::move(change));
}

void State::prune() {
  while (!history_.empty()) {
    const bool over = history_.size() > limits_.events || history_bytes_ > limits_.bytes;
    if (!over && history_.front().record.revision > compacted) return;  // never half a commit
    if (over) compacted = history_.front().record.revision;
    history_bytes_ -= record_bytes(history_.front().record);
    history_.pop_front();
  }
}

std::deque<Change>::const_iterator State::behind(Revision revision) const {
  return std::ranges::upper_bound(history_, revision, {}, [](const Change& change) { return change.record.revision; });
}

Overlay State::overlay_at(Revision revision, std::string_view prefix) const {
  Overlay overlay;
  for (auto change = behind(revision); change != history_.end(); ++change) {
    if (change->record.key.starts_with(prefix)) overlay.try_emplace(change->record.key, change->record.previous);
  }
  return overlay;
}

Result<ListResult> State::list(const ListOptions& options) const {
  const Revision at = options.at.value_or(revision);
  TRY(check_revision(at, compacted, revision));
  const Overlay overlay = overlay_at(at, options.prefix);
  ListResult result{.revision = at};
  auto add = [&](const Entry& entry) {
    if (entry.key <= options.start_after && !options.start_after.empty()) return;
    if (options.limit != 0 && result.entries.size() == options.limit) {
      ++result.remaining;
    } else {
      result.entries.push_back(entry);
    }
  };
  auto now = entries.lower_bound(options.prefix);
  auto then = overlay.begin();
  while (true) {
    const bool has_now = now != entries.end() && now->first.starts_with(options.prefix);
    const bool has_then = then != overlay.end();
    if (!has_now && !has_then) break;
    if (has_then && (!has_now || then->first <= now->first)) {
      if (has_now && then->first == now->first) ++now;
      if (then->second) add(*then->second);
      ++then;
    } else {
      add(now->second);
      ++now;
    }
  }
  result.more = result.remaining > 0;
  return result;
}

Result<Replay> State::replay(Revision after) const {
  if (after < compacted) return fail(gone(after, compacted));
  Replay replay{.revision = revision};
  for (auto change = behind(after); change != history_.end(); ++change) replay.events.push_back(to_event(*change));
  return replay;
}

Result<void> State::compact(Revision wanted) {
  if (wanted <= compacted) return {};
  TRY(check_revision(wanted, compacted, revision));
  compacted = wanted;
  prune();
  return {};
}

class MemoryStore final : public Store {
 public:
  MemoryStore(rt::Loop& loop, HistoryLimits limits) : loop_(loop), state_(std::make_shared<State>(limits)) {}

  rt::Task<Result<std::optional<Entry>>> get(std::string key) override {
    auto place = state_->entries.find(key);
    if (place == state_->entries.end()) co_return std::optional<Entry>();
    co_return std::optional<Entry>(place->second);
  }

  rt::Task<Result<ListResult>> list(ListOptions options) override { co_return state_->list(options); }

  rt::Task<Result<Revision>> commit(std::vector<Write> writes) override {
    auto applied = state_->apply(std::move(writes));
    if (!applied) co_return fail(std::move(applied.error()));
    rt::OneShot<Revision> done(loop_);
    loop_.post([weak = std::weak_ptr(state_), events = std::move(*applied)] {
      if (auto state = weak.lock()) state->watchers.publish(events);
    });
    done.sender().set(state_->revision);
    co_return co_await done.wait();
  }

  std::unique_ptr<Watch> watch(std::string prefix, Revision after, WatchHandler handler) override {
    auto added = state_->watchers.add(std::move(prefix), after, std::move(handler), WatcherSet::Start::Replay);
    loop_.post([weak = std::weak_ptr(state_), watcher = added.watcher, after] {
      if (auto state = weak.lock()) WatcherSet::finish_replay(watcher, state->replay(after));
    });
    return std::move(added.watch);
  }

  rt::Task<Result<void>> compact(Revision revision) override { co_return state_->compact(revision); }

  rt::Task<Result<void>> snapshot(std::string) override {
    co_return fail(Reason::NotImplemented, "the memory store makes no snapshots");
  }

  Stats stats() const override {
    return {.revision = state_->revision,
            .compacted = state_->compacted,
            .keys = state_->entries.size(),
            .commits = state_->commits};
  }

 private:
  rt::Loop& loop_;
  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store(rt::Loop& loop, HistoryLimits limits) {
  return std::make_unique<MemoryStore>(loop, limits);
}

}  // namespace charon::store
