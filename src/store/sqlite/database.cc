#include "store/sqlite/database.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"

namespace charon::store {

namespace {

constexpr int kBusyTimeoutMs = 5000;  // readers and checkpoints exclude each other for moments only

Error describe(int code, const std::string& path, const char* text) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {Reason::ServiceUnavailable, fmt::format("store {}: the disk is full", path), nullptr};
    case SQLITE_NOTADB:
      return {Reason::InternalError, fmt::format("store {}: not a database file, or its header is damaged", path), nullptr};
    case SQLITE_CORRUPT:
      return {Reason::InternalError, fmt::format("store {}: the file is damaged ({})", path, text), nullptr};
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return {Reason::ServiceUnavailable, fmt::format("store {}: {} (code {})", path, text, code), nullptr};
    default:
      return {Reason::InternalError, fmt::format("store {}: {} (code {})", path, text, code), nullptr};
  }
}

}  // namespace

Result<Database> Database::open(const std::string& path, Mode mode) {
  Database database;
  database.path_ = path;
  const int flags = (mode == Mode::ReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX;
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  database.connection_.reset(connection);
  if (code != SQLITE_OK) return fail(database.error(code));
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, kBusyTimeoutMs);
  return database;
}

Result<void> Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(raw(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(error(code));
  return {};
}

Result<std::int64_t> Database::number(const std::string& sql) {
  TRY_ASSIGN(Statement statement, Statement::prepare(*this, sql));
  TRY_ASSIGN(const bool row, statement.step());
  if (!row) return fail(Reason::InternalError, fmt::format("store {}: no answer to {}", path_, sql));
  return static_cast<std::int64_t>(statement.number(0));
}

Error Database::error(int code) const {
  return describe(code, path_, connection_ ? sqlite3_errmsg(raw()) : sqlite3_errstr(code));
}

Result<Statement> Statement::prepare(const Database& database, std::string_view sql) {
  Statement statement;
  statement.database_ = &database;
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(database.raw(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &prepared, nullptr);
  if (code != SQLITE_OK) return fail(database.error(code));
  statement.statement_.reset(prepared);
  return statement;
}

Statement& Statement::bind(int place, std::uint64_t number) {
  CHECK(sqlite3_bind_int64(statement_.get(), place, static_cast<std::int64_t>(number)) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_text(int place, std::string_view text) {
  CHECK(sqlite3_bind_text64(statement_.get(), place, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_blob(int place, std::string_view bytes) {
  CHECK(sqlite3_bind_blob64(statement_.get(), place, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC) ==
        SQLITE_OK);
  return *this;
}

Statement& Statement::bind_null(int place) {
  CHECK(sqlite3_bind_null(statement_.get(), place) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail(database_->error(code));
}

Result<void> Statement::run() {
  auto stepped = step();
  reset();
  if (!stepped) return fail(std::move(stepped.error()));
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::uint64_t Statement::number(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement_.get(), column));
}

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return {data == nullptr ? "" : data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

SharedBytes Statement::blob(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return nullptr;
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return share(std::string(data == nullptr ? "" : data, size));
}

}  // namespace charon::store
