#include "store/sqlite/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace charon::store {

namespace {

std::uint64_t record_id(Revision revision, std::uint64_t place) { return revision << kRecordPlaceBits | place; }

}  // namespace

Result<std::unique_ptr<Writer>> Writer::open(const std::string& path, HistoryLimits limits) {
  TRY_ASSIGN(Database database, open_for_writing(path));
  std::unique_ptr<Writer> writer(new Writer(std::move(database), limits));
  TRY(writer->prepare());
  return writer;
}

Result<void> Writer::prepare() {
  struct Wanted {
    std::optional<Statement>& place;
    const char* sql;
  };
  const Wanted all[] = {
      {begin_, "BEGIN IMMEDIATE"},
      {commit_, "COMMIT"},
      {find_, "SELECT value, created, modified FROM entries WHERE key = ?"},
      {put_,
       "INSERT INTO entries(key, value, created, modified) VALUES(?1, ?2, ?3, ?4) "
       "ON CONFLICT(key) DO UPDATE SET value = ?2, modified = ?4"},
      {erase_, "DELETE FROM entries WHERE key = ?"},
      {record_, "INSERT INTO history(id, key, previous, created, modified) VALUES(?, ?, ?, ?, ?)"},
      {oldest_, "SELECT id, key, length(previous) FROM history WHERE id < ? ORDER BY id"},
      {forget_, "DELETE FROM history WHERE id < ?"},
      {save_meta_, "UPDATE meta SET revision = ?, compacted = ?, keys = ?, history_events = ?, history_bytes = ? WHERE id = 1"},
      {page_count_, "PRAGMA page_count"},
      {free_count_, "PRAGMA freelist_count"},
  };
  for (const Wanted& wanted : all) {
    TRY_ASSIGN(wanted.place, Statement::prepare(database_, wanted.sql));
  }
  // The hook also switches SQLite's own checkpoints off, which would delay committers.
  sqlite3_wal_hook(
      database_.raw(),
      [](void* frames, sqlite3*, const char*, int count) {
        *static_cast<int*>(frames) = count;
        return SQLITE_OK;
      },
      &log_frames_);
  TRY_ASSIGN(Statement read, prepare_read_meta(database_));
  TRY_ASSIGN(meta_, read_meta(read));
  return {};
}

GroupOutcome Writer::commit(std::span<const std::vector<Write>> commits) {
  GroupOutcome outcome;
  const Meta before = meta_;
  if (auto applied = apply_group(commits, outcome); !applied) {
    if (sqlite3_get_autocommit(database_.raw()) == 0) (void)database_.execute("ROLLBACK");
    meta_ = before;
    outcome.events.clear();
    outcome.results.assign(commits.size(), fail(std::move(applied.error())));
  }
  outcome.meta = meta_;
  return outcome;
}

Result<void> Writer::apply_group(std::span<const std::vector<Write>> commits, GroupOutcome& outcome) {
  TRY(begin_->run());
  for (const auto& writes : commits) {
    TRY_ASSIGN(auto result, apply(writes, outcome.events));
    outcome.results.push_back(std::move(result));
  }
  TRY(prune());
  TRY(save_meta());
  return commit_->run();
}

Result<Result<Revision>> Writer::apply(const std::vector<Write>& writes, std::vector<Event>& events) {
  std::vector<std::optional<Entry>> before;
  before.reserve(writes.size());
  for (const Write& write : writes) {
    TRY_ASSIGN(auto entry, find(write.key));
    auto holds = check_precondition(write, entry ? std::optional(entry->modified) : std::nullopt);
    if (!holds) return Result<Revision>(fail(std::move(holds.error())));
    before.push_back(std::move(entry));
  }
  ++meta_.revision;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (!writes[i].value && !before[i]) continue;
    const Record record{meta_.revision, writes[i].key, std::move(before[i])};
    TRY(change(writes[i], record, i));
    events.push_back({record.key, writes[i].value, record.previous ? record.previous->value : nullptr, record.revision});
  }
  return Result<Revision>(meta_.revision);
}

Result<std::optional<Entry>> Writer::find(const std::string& key) {
  const ResetGuard guard(*find_);
  TRY_ASSIGN(const bool row, find_->bind_text(1, key).step());
  if (!row) return std::optional<Entry>();
  return std::optional(Entry{key, find_->blob(0), find_->number(1), find_->number(2)});
}

Result<void> Writer::change(const Write& write, const Record& record, std::uint64_t place) {
  record_->bind(1, record_id(record.revision, place)).bind_text(2, record.key);
  if (record.previous) {
    record_->bind_blob(3, *record.previous->value).bind(4, record.previous->created).bind(5, record.previous->modified);
  }
  TRY(record_->run());
  ++meta_.history_events;
  meta_.history_bytes += record_bytes(record);
  if (!write.value) {
    --meta_.keys;
    return erase_->bind_text(1, write.key).run();
  }
  if (!record.previous) ++meta_.keys;
  const Revision created = record.previous ? record.previous->created : record.revision;
  return put_->bind_text(1, write.key).bind_blob(2, *write.value).bind(3, created).bind(4, record.revision).run();
}

// Forgets the oldest commits until the history is within its limits.
Result<void> Writer::prune() {
  std::uint64_t events = meta_.history_events;
  std::uint64_t bytes = meta_.history_bytes;
  if (events <= limits_.events && bytes <= limits_.bytes) return {};
  Revision last = meta_.compacted;
  {
    const ResetGuard guard(*oldest_);
    oldest_->bind(1, record_id(meta_.revision + 1, 0));
    while (events > limits_.events || bytes > limits_.bytes) {
      TRY_ASSIGN(const bool row, oldest_->step());
      if (!row) break;
      last = oldest_->number(0) >> kRecordPlaceBits;
      --events;
      bytes -= kRecordBytes + oldest_->text(1).size() + oldest_->number(2);
    }
  }
  return forget(last);
}

// Forgets all commits up to `last`.
Result<void> Writer::forget(Revision last) {
  const std::uint64_t end = record_id(last + 1, 0);
  {
    const ResetGuard guard(*oldest_);
    oldest_->bind(1, end);
    while (true) {
      TRY_ASSIGN(const bool row, oldest_->step());
      if (!row) break;
      --meta_.history_events;
      meta_.history_bytes -= kRecordBytes + oldest_->text(1).size() + oldest_->number(2);
    }
  }
  meta_.compacted = std::max(meta_.compacted, last);
  return forget_->bind(1, end).run();
}

Result<void> Writer::save_meta() {
  return save_meta_->bind(1, meta_.revision)
      .bind(2, meta_.compacted)
      .bind(3, meta_.keys)
      .bind(4, meta_.history_events)
      .bind(5, meta_.history_bytes)
      .run();
}

Result<Meta> Writer::compact(Revision revision) {
  if (revision <= meta_.compacted) return meta_;
  TRY(check_revision(revision, meta_.compacted, meta_.revision));
  const Meta before = meta_;
  auto compacted = [&]() -> Result<void> {
    TRY(begin_->run());
    TRY(forget(revision));
    TRY(save_meta());
    return commit_->run();
  }();
  if (!compacted) {
    if (sqlite3_get_autocommit(database_.raw()) == 0) (void)database_.execute("ROLLBACK");
    meta_ = before;
    return fail(std::move(compacted.error()));
  }
  return meta_;
}

Result<std::int64_t> Writer::count(Statement& pragma) {
  const ResetGuard guard(pragma);
  TRY(pragma.step());
  return static_cast<std::int64_t>(pragma.number(0));
}

Result<bool> Writer::maintain() {
  TRY_ASSIGN(const std::int64_t pages, count(*page_count_));
  TRY_ASSIGN(const std::int64_t unused, count(*free_count_));
  bool more = false;
  if (unused > std::max(kSpareFreePages, pages / kSpareFreeFraction)) {
    TRY(database_.execute(fmt::format("PRAGMA incremental_vacuum({})", kVacuumPages)));
    checkpoint_due_ = more = true;
  }
  if (log_frames_ < checkpointed_frames_) checkpointed_frames_ = 0;  // the log has started again
  if (log_frames_ - checkpointed_frames_ >= kCheckpointFrames || (checkpoint_due_ && !more)) {
    const int code = sqlite3_wal_checkpoint_v2(database_.raw(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code != SQLITE_OK) return fail(database_.error(code));
    checkpointed_frames_ = log_frames_;
    checkpoint_due_ = false;
  }
  return more;
}

}  // namespace charon::store
