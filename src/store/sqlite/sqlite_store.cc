#include "store/sqlite/sqlite_store.h"

#include <fmt/format.h>

#include <atomic>
#include <coroutine>
#include <deque>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "store/sqlite/reader.h"
#include "store/sqlite/writer.h"
#include "store/watchers.h"

namespace charon::store {

namespace {

// A commit on its way. All but `writes` is touched on the loop only.
struct Pending {
  std::vector<Write> writes;
  std::optional<Result<Revision>> result;
  std::coroutine_handle<> waiter;  // null once the committer was cancelled; the commit goes on
};
using PendingList = std::vector<std::shared_ptr<Pending>>;

struct PendingWait {
  Pending& pending;
  ~PendingWait() { pending.waiter = nullptr; }
  bool await_ready() const { return pending.result.has_value(); }
  void await_suspend(std::coroutine_handle<> waiter) { pending.waiter = waiter; }
  Result<Revision> await_resume() { return std::move(*pending.result); }
};

std::size_t size_bytes(const Pending& pending) {
  std::size_t bytes = 0;
  for (const Write& write : pending.writes) bytes += write.key.size() + (write.value ? write.value->size() : 0);
  return bytes;
}

// Commits between the loop and the writing worker. Thread-safe.
class CommitQueue {
 public:
  enum class Pushed : std::uint8_t { Full, Queued, First };

  // First: the caller must have a group taken.
  Pushed push(std::shared_ptr<Pending> pending) {
    std::lock_guard lock(mutex_);
    if (queue_.size() >= kPendingCommits) return Pushed::Full;
    queue_.push_back(std::move(pending));
    return std::exchange(scheduled_, true) ? Pushed::Queued : Pushed::First;
  }

  struct Taken {
    PendingList group;
    bool more = false;  // another group must be taken
  };
  Taken take() {
    std::lock_guard lock(mutex_);
    Taken taken;
    std::size_t bytes = 0;
    while (!queue_.empty() && taken.group.size() < kGroupCommits) {
      bytes += size_bytes(*queue_.front());
      if (!taken.group.empty() && bytes > kGroupBytes) break;
      taken.group.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    taken.more = scheduled_ = !queue_.empty();
    return taken;
  }

 private:
  std::mutex mutex_;
  std::deque<std::shared_ptr<Pending>> queue_;
  bool scheduled_ = false;
};

// The loop's side, shared with callbacks that the loop has yet to run.
struct Front {
  WatcherSet watchers;
  Meta meta;  // of the last group that was published
  std::uint64_t commits = 0;
  std::uint64_t syncs = 0;

  void publish(PendingList group, GroupOutcome outcome) {
    meta = outcome.meta;
    ++syncs;
    for (const auto& result : outcome.results) commits += result.has_value() ? 1 : 0;
    watchers.publish(outcome.events);
    for (std::size_t i = 0; i < group.size(); ++i) group[i]->result = std::move(outcome.results[i]);
    for (const auto& pending : group) {
      if (pending->waiter) std::exchange(pending->waiter, nullptr).resume();
    }
  }
};

// The writing worker's side, shared with its jobs.
struct Back {
  rt::Loop& loop;
  rt::Worker& worker;  // runs the jobs that hold this
  std::weak_ptr<Front> front;
  std::unique_ptr<Writer> writer;
  CommitQueue queue;
  bool maintaining = false;           // on the worker only
  std::atomic<bool> closing = false;  // leaves maintenance for the next start
};

void schedule_group(std::shared_ptr<Back> back);

void maintain(std::shared_ptr<Back> back) {
  // An error here shows again at the next commit, or is gone by then.
  back->maintaining = back->writer->maintain().value_or(false);
  if (!back->maintaining || back->closing) return;
  rt::Worker& worker = back->worker;
  worker.submit([back = std::move(back)]() mutable { maintain(std::move(back)); });
}

void run_group(std::shared_ptr<Back> back) {
  CommitQueue::Taken taken = back->queue.take();
  if (taken.more) schedule_group(back);
  std::vector<std::vector<Write>> commits;
  commits.reserve(taken.group.size());
  for (const auto& pending : taken.group) commits.push_back(std::move(pending->writes));
  GroupOutcome outcome = back->writer->commit(commits);
  back->loop.post([front = back->front, group = std::move(taken.group), outcome = std::move(outcome)]() mutable {
    if (auto alive = front.lock()) alive->publish(std::move(group), std::move(outcome));
  });
  if (!back->maintaining) maintain(std::move(back));
}

void schedule_group(std::shared_ptr<Back> back) {
  rt::Worker& worker = back->worker;
  worker.submit([back = std::move(back)]() mutable { run_group(std::move(back)); });
}

Result<Meta> run_compaction(const std::shared_ptr<Back>& back, Revision revision) {
  auto compacted = back->writer->compact(revision);
  if (compacted) {
    back->loop.post([front = back->front, meta = *compacted] {
      if (auto alive = front.lock()) alive->meta.compacted = meta.compacted;
    });
  }
  if (!back->maintaining) maintain(back);
  return compacted;
}

class SqliteStore final : public Store {
 public:
  struct Parts {
    Database lock;
    std::unique_ptr<Writer> writer;
    std::shared_ptr<Reader> reader;
    std::unique_ptr<Reader> lookup;
  };

  SqliteStore(rt::Loop& loop, std::string path, SqliteWorkers workers, Parts parts)
      : loop_(loop),
        path_(std::move(path)),
        lock_(std::move(parts.lock)),
        front_(std::make_shared<Front>()),
        back_(std::make_shared<Back>(loop, *workers.writing, front_, std::move(parts.writer))),
        lookup_(std::move(parts.lookup)),
        reader_(std::move(parts.reader)),
        workers_(std::move(workers)) {
    front_->meta = back_->writer->meta();
  }
  ~SqliteStore() override { back_->closing = true; }

  rt::Task<Result<std::optional<Entry>>> get(std::string key) override { co_return lookup_->get(key); }

  rt::Task<Result<ListResult>> list(ListOptions options) override {
    co_return co_await workers_.reading->run(
        loop_, [reader = reader_, options = std::move(options)] { return reader->list(options); });
  }

  rt::Task<Result<Revision>> commit(std::vector<Write> writes) override {
    CO_TRY(check_writes(writes));
    auto pending = std::make_shared<Pending>(std::move(writes));
    switch (back_->queue.push(pending)) {
      case CommitQueue::Pushed::Full:
        co_return fail(Reason::ServiceUnavailable, "too many commits wait for the disk");
      case CommitQueue::Pushed::First:
        schedule_group(back_);
        break;
      case CommitQueue::Pushed::Queued:
        break;
    }
    co_return co_await PendingWait{*pending};
  }

  std::unique_ptr<Watch> watch(std::string prefix, Revision after, WatchHandler handler) override {
    const auto start = after >= front_->meta.revision ? WatcherSet::Start::Live : WatcherSet::Start::Replay;
    auto added = front_->watchers.add(prefix, after, std::move(handler), start);
    if (start == WatcherSet::Start::Live) return std::move(added.watch);
    workers_.reading->submit([&loop = loop_, reader = reader_, watcher = added.watcher, prefix = std::move(prefix), after] {
      loop.post([watcher, replay = reader->replay(prefix, after)]() mutable {
        WatcherSet::finish_replay(watcher, std::move(replay));
      });
    });
    return std::move(added.watch);
  }

  rt::Task<Result<void>> compact(Revision revision) override {
    auto compacted = co_await workers_.writing->run(loop_, [back = back_, revision] { return run_compaction(back, revision); });
    if (!compacted) co_return fail(std::move(compacted.error()));
    co_return Result<void>();
  }

  rt::Task<Result<void>> snapshot(std::string path) override {
    co_return co_await workers_.reading->run(loop_,
                                             [reader = reader_, path = std::move(path)] { return reader->snapshot(path); });
  }

  Stats stats() const override {
    const Meta& meta = front_->meta;
    return {.revision = meta.revision,
            .compacted = meta.compacted,
            .keys = meta.keys,
            .file_bytes = file_bytes(path_) + file_bytes(path_ + "-wal"),
            .commits = front_->commits,
            .syncs = front_->syncs};
  }

 private:
  static std::uint64_t file_bytes(const std::string& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    return error ? 0 : size;
  }

  rt::Loop& loop_;
  std::string path_;
  // Destroyed from below: the workers finish their jobs, the readers close, and the writer, then alone, moves the log into
  // the file before the lock goes.
  Database lock_;
  std::shared_ptr<Front> front_;
  std::shared_ptr<Back> back_;
  std::unique_ptr<Reader> lookup_;  // the loop's own
  std::shared_ptr<Reader> reader_;  // the reading worker's
  SqliteWorkers workers_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(rt::Loop& loop, SqliteOptions options, SqliteWorkers workers) {
  TRY_ASSIGN(Database lock, lock_store(options.path));
  TRY_ASSIGN(auto writer, Writer::open(options.path, options.history));
  TRY_ASSIGN(auto reader, Reader::open(options.path));
  TRY_ASSIGN(auto lookup, Reader::open(options.path));
  SqliteStore::Parts parts{std::move(lock), std::move(writer), std::move(reader), std::move(lookup)};
  return std::make_unique<SqliteStore>(loop, options.path, std::move(workers), std::move(parts));
}

Result<void> restore_sqlite_store(const std::string& snapshot, const std::string& path) {
  TRY_ASSIGN(Database source, Database::open(snapshot, Database::Mode::ReadOnly));
  TRY(check_store_file(source));
  if (std::filesystem::exists(path)) return fail(Reason::AlreadyExists, fmt::format("{} exists", path));
  const std::string unfinished = path + ".restoring";
  std::filesystem::remove(unfinished);
  TRY(copy_to(source, unfinished));
  {
    TRY_ASSIGN(Database copy, Database::open(unfinished, Database::Mode::ReadWrite));
    TRY(
        copy.execute(fmt::format("BEGIN; DELETE FROM history; UPDATE meta SET revision = revision + {0}, "
                                 "compacted = revision + {0}, history_events = 0, history_bytes = 0; COMMIT",
                                 kRestoreJump)));
  }
  std::filesystem::rename(unfinished, path);
  return {};
}

}  // namespace charon::store
