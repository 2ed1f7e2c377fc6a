#include "store/sqlite/format.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "store/history.h"

namespace charon::store {

namespace {

constexpr const char* kTables = R"sql(
BEGIN IMMEDIATE;
CREATE TABLE entries(key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL)
  WITHOUT ROWID;
CREATE TABLE history(id INTEGER PRIMARY KEY, key TEXT NOT NULL, previous BLOB, created INTEGER, modified INTEGER);
CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL, compacted INTEGER NOT NULL,
  keys INTEGER NOT NULL, history_events INTEGER NOT NULL, history_bytes INTEGER NOT NULL);
INSERT INTO meta VALUES(1, {0}, {0}, 0, 0, 0);
PRAGMA application_id = {1};
PRAGMA user_version = {2};
COMMIT;
)sql";

// The files hold secrets: SQLite gives its log the same mode.
Result<void> create_file(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::exists(path, error)) return {};
  if (!std::ofstream(path, std::ios::app)) {
    return fail(Reason::ServiceUnavailable, fmt::format("store {}: cannot create the file", path));
  }
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
  if (error) return fail(Reason::ServiceUnavailable, fmt::format("store {}: {}", path, error.message()));
  return {};
}

// True when the file has no tables yet.
Result<bool> check_owner(Database& database) {
  TRY_ASSIGN(const std::int64_t tables, database.number("SELECT count(*) FROM sqlite_schema"));
  TRY_ASSIGN(const std::int64_t owner, database.number("PRAGMA application_id"));
  TRY_ASSIGN(const std::int64_t version, database.number("PRAGMA user_version"));
  if (tables == 0 && owner == 0) return true;
  if (owner != kApplicationId) {
    return fail(Reason::InternalError, fmt::format("store {}: the file belongs to another program", database.path()));
  }
  if (version != kFormatVersion) {
    return fail(Reason::InternalError, fmt::format("store {}: the file has format {}, this program reads {}", database.path(),
                                                   version, kFormatVersion));
  }
  return false;
}

}  // namespace

Result<Database> lock_store(const std::string& path) {
  const std::string lock_path = path + ".lock";
  TRY(create_file(lock_path));
  TRY_ASSIGN(Database lock, Database::open(lock_path, Database::Mode::ReadWrite));
  sqlite3_busy_timeout(lock.raw(), 0);
  if (const int code = sqlite3_exec(lock.raw(), "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr); code == SQLITE_BUSY) {
    return fail(Reason::ServiceUnavailable,
                fmt::format("store {}: in use by another process, which holds {}", path, lock_path));
  } else if (code != SQLITE_OK) {
    return fail(lock.error(code));
  }
  return lock;
}

Result<Database> open_for_writing(const std::string& path) {
  TRY(create_file(path));
  TRY_ASSIGN(Database database, Database::open(path, Database::Mode::ReadWrite));
  TRY_ASSIGN(const bool empty, check_owner(database));
  if (empty) TRY(database.execute("PRAGMA auto_vacuum = INCREMENTAL"));
  TRY(database.execute("PRAGMA journal_mode = WAL"));
  if (empty) TRY(database.execute(fmt::format(fmt::runtime(kTables), kFirstRevision, kApplicationId, kFormatVersion)));
  TRY(database.execute("PRAGMA synchronous = FULL"));  // in WAL mode: one fdatasync of the log for each transaction
  TRY(database.execute(fmt::format("PRAGMA journal_size_limit = {}", kWalFileBytes)));
  TRY(database.execute("PRAGMA cache_size = -2048"));  // KiB
  return database;
}

Result<Database> open_for_reading(const std::string& path) {
  TRY_ASSIGN(Database database, Database::open(path, Database::Mode::ReadOnly));
  TRY(database.execute("PRAGMA cache_size = -512"));  // KiB; what is read over and over is in the system's cache
  return database;
}

Result<void> check_store_file(Database& database) {
  TRY_ASSIGN(const bool empty, check_owner(database));
  if (empty) return fail(Reason::InternalError, fmt::format("store {}: the file is empty", database.path()));
  TRY_ASSIGN(Statement check, Statement::prepare(database, "PRAGMA quick_check(1)"));
  TRY(check.step());
  if (check.text(0) != "ok") {
    return fail(Reason::InternalError, fmt::format("store {}: the file is damaged ({})", database.path(), check.text(0)));
  }
  return {};
}

Result<Statement> prepare_read_meta(const Database& database) {
  return Statement::prepare(database, "SELECT revision, compacted, keys, history_events, history_bytes FROM meta");
}

Result<Meta> read_meta(Statement& statement) {
  const ResetGuard guard(statement);
  TRY_ASSIGN(const bool row, statement.step());
  if (!row) return fail(Reason::InternalError, "the store's file is damaged: its meta row is missing");
  return Meta{statement.number(0), statement.number(1), statement.number(2), statement.number(3), statement.number(4)};
}

Result<void> copy_to(Database& database, const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::exists(path, error)) return fail(Reason::AlreadyExists, fmt::format("{} exists", path));
  const std::string partial = path + ".partial";
  fs::remove(partial, error);
  TRY(create_file(partial));
  TRY_ASSIGN(Statement statement, Statement::prepare(database, "VACUUM INTO ?"));
  if (auto copied = statement.bind_text(1, partial).run(); !copied) {
    fs::remove(partial, error);
    return fail_with(fmt::format("copy to {}", path), std::move(copied.error()));
  }
  fs::rename(partial, path, error);
  if (error) return fail(Reason::ServiceUnavailable, fmt::format("{}: {}", path, error.message()));
  return {};
}

}  // namespace charon::store
