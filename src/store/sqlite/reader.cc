#include "store/sqlite/reader.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace charon::store {

namespace {

std::uint64_t first_id_behind(Revision revision) { return (revision + 1) << kRecordPlaceBits; }

// The smallest text behind `key`.
std::string successor(std::string_view key) { return std::string(key) + '\0'; }

// In SQLite's order every blob stands behind every text.
void bind_end(Statement& statement, int place, const std::optional<std::string>& end) {
  if (end) {
    statement.bind_text(place, *end);
  } else {
    statement.bind_blob(place, {});
  }
}

}  // namespace

Result<std::unique_ptr<Reader>> Reader::open(const std::string& path) {
  TRY_ASSIGN(Database database, open_for_reading(path));
  std::unique_ptr<Reader> reader(new Reader(std::move(database)));
  TRY(reader->prepare());
  return reader;
}

Result<void> Reader::prepare() {
  struct Wanted {
    std::optional<Statement>& place;
    const char* sql;
  };
  const Wanted all[] = {
      {begin_, "BEGIN"},
      {end_, "COMMIT"},
      {get_, "SELECT value, created, modified FROM entries WHERE key = ?"},
      {range_, "SELECT key, value, created, modified FROM entries WHERE key >= ? AND key < ? ORDER BY key"},
      {count_, "SELECT count(*) FROM entries WHERE key >= ? AND key < ?"},
      {exists_, "SELECT 1 FROM entries WHERE key = ?"},
      {undo_, "SELECT key, previous, created, modified FROM history WHERE id >= ?1 AND key >= ?2 AND key < ?3 ORDER BY id"},
      {backwards_, "SELECT id, key, previous FROM history WHERE id >= ?1 AND key >= ?2 AND key < ?3 ORDER BY id DESC"},
  };
  for (const Wanted& wanted : all) {
    TRY_ASSIGN(wanted.place, Statement::prepare(database_, wanted.sql));
  }
  TRY_ASSIGN(meta_, prepare_read_meta(database_));
  return {};
}

template <class F>
std::invoke_result_t<F> Reader::in_snapshot(F read) {
  TRY(begin_->run());
  auto result = read();
  if (auto ended = end_->run(); !ended && result) return fail(std::move(ended.error()));
  return result;
}

Result<std::optional<Entry>> Reader::get(const std::string& key) {
  const ResetGuard guard(*get_);
  TRY_ASSIGN(const bool row, get_->bind_text(1, key).step());
  if (!row) return std::optional<Entry>();
  return std::optional(Entry{key, get_->blob(0), get_->number(1), get_->number(2)});
}

Result<ListResult> Reader::list(const ListOptions& options) {
  return in_snapshot([&] { return list_snapshot(options); });
}

Result<ListResult> Reader::list_snapshot(const ListOptions& options) {
  TRY_ASSIGN(const Meta meta, read_meta(*meta_));
  ListResult result{.revision = options.at.value_or(meta.revision)};
  TRY(check_revision(result.revision, meta.compacted, meta.revision));
  Range range{options.prefix, prefix_end(options.prefix)};
  if (!options.start_after.empty()) range.begin = std::max(range.begin, successor(options.start_after));
  TRY_ASSIGN(const Overlay overlay, overlay_at(result.revision, range));
  TRY(fill(result, options.limit, range, overlay));
  if (options.limit == 0 || result.entries.size() < options.limit) return result;
  TRY_ASSIGN(result.remaining, count(Range{successor(result.entries.back().key), range.end}, overlay));
  result.more = result.remaining > 0;
  return result;
}

Result<Overlay> Reader::overlay_at(Revision revision, const Range& range) {
  Overlay overlay;
  const ResetGuard guard(*undo_);
  undo_->bind(1, first_id_behind(revision)).bind_text(2, range.begin);
  bind_end(*undo_, 3, range.end);
  while (true) {
    TRY_ASSIGN(const bool row, undo_->step());
    if (!row) return overlay;
    auto [place, is_new] = overlay.try_emplace(std::string(undo_->text(0)));
    if (!is_new) continue;
    if (SharedBytes previous = undo_->blob(1))
      place->second = Entry{place->first, previous, undo_->number(2), undo_->number(3)};
  }
}

// The entries of `range`, with what the overlay has instead, up to `limit` (0: all).
Result<void> Reader::fill(ListResult& result, std::size_t limit, const Range& range, const Overlay& overlay) {
  const ResetGuard guard(*range_);
  bind_end(range_->bind_text(1, range.begin), 2, range.end);
  TRY_ASSIGN(bool has_now, range_->step());
  auto then = overlay.begin();
  while ((has_now || then != overlay.end()) && (limit == 0 || result.entries.size() < limit)) {
    if (then == overlay.end() || (has_now && range_->text(0) < then->first)) {
      result.entries.push_back({std::string(range_->text(0)), range_->blob(1), range_->number(2), range_->number(3)});
      TRY_ASSIGN(has_now, range_->step());
      continue;
    }
    if (has_now && range_->text(0) == then->first) {
      TRY_ASSIGN(has_now, range_->step());
    }
    if (then->second) result.entries.push_back(*then->second);
    ++then;
  }
  return {};
}

Result<std::size_t> Reader::count(const Range& range, const Overlay& overlay) {
  std::size_t total = 0;
  {
    const ResetGuard guard(*count_);
    bind_end(count_->bind_text(1, range.begin), 2, range.end);
    TRY(count_->step());
    total = count_->number(0);
  }
  for (auto then = overlay.lower_bound(range.begin); then != overlay.end(); ++then) {
    const ResetGuard guard(*exists_);
    TRY_ASSIGN(const bool exists_now, exists_->bind_text(1, then->first).step());
    total += (then->second ? 1 : 0);
    total -= (exists_now ? 1 : 0);
  }
  return total;
}

Result<Replay> Reader::replay(const std::string& prefix, Revision after) {
  return in_snapshot([&] { return replay_snapshot(prefix, after); });
}

// Walks back from today: the value that a commit wrote is what the next record of its key replaced, or today's.
Result<Replay> Reader::replay_snapshot(const std::string& prefix, Revision after) {
  TRY_ASSIGN(const Meta meta, read_meta(*meta_));
  if (after < meta.compacted) return fail(gone(after, meta.compacted));
  Replay replay{.revision = meta.revision};
  std::unordered_map<std::string, SharedBytes> replaced_next;
  const auto end = prefix_end(prefix);
  const ResetGuard guard(*backwards_);
  bind_end(backwards_->bind(1, first_id_behind(after)).bind_text(2, prefix), 3, end);
  while (true) {
    TRY_ASSIGN(const bool row, backwards_->step());
    if (!row) break;
    Event event{std::string(backwards_->text(1)), nullptr, backwards_->blob(2), backwards_->number(0) >> kRecordPlaceBits};
    auto [place, is_last] = replaced_next.try_emplace(event.key, event.previous);
    if (is_last) {
      TRY_ASSIGN(auto now, get(event.key));
      if (now) event.value = now->value;
    } else {
      event.value = std::exchange(place->second, event.previous);
    }
    replay.events.push_back(std::move(event));
  }
  std::ranges::reverse(replay.events);
  return replay;
}

Result<void> Reader::snapshot(const std::string& path) { return copy_to(database_, path); }

}  // namespace charon::store
