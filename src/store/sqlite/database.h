// Database and Statement: SQLite connections and prepared statements as resources, with errors as Result.
//
// Each connection and its statements are used by one thread at a time. Errors: ServiceUnavailable for what may pass (disk
// full, input/output, locked), InternalError for a damaged or foreign file; each with the file's path.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace charon::store {

class Database {
 public:
  enum class Mode : std::uint8_t { ReadWrite, ReadOnly };

  // The file must exist.
  static Result<Database> open(const std::string& path, Mode mode);

  Result<void> execute(const std::string& sql);
  // The only number of the only row, as pragmas answer.
  Result<std::int64_t> number(const std::string& sql);

  Error error(int code) const;
  sqlite3* raw() const { return connection_.get(); }
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  std::unique_ptr<sqlite3, Close> connection_;
  std::string path_;
};

// The database outlives the statement and does not move while it lives.
class Statement {
 public:
  static Result<Statement> prepare(const Database& database, std::string_view sql);

  // Parameters count from 1. Texts and blobs must live until `reset`.
  Statement& bind(int place, std::uint64_t number);
  Statement& bind_text(int place, std::string_view text);
  Statement& bind_blob(int place, std::string_view bytes);
  Statement& bind_null(int place);

  Result<bool> step();  // true: there is a row
  Result<void> run();   // steps once, for statements without rows, and resets
  void reset();

  // Columns count from 0. Texts live until the next step.
  std::uint64_t number(int column) const;
  std::string_view text(int column) const;
  SharedBytes blob(int column) const;  // null for NULL

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  const Database* database_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// Resets on every way out, so that no statement keeps a snapshot open.
class ResetGuard {
 public:
  explicit ResetGuard(Statement& statement) : statement_(statement) {}
  ResetGuard(const ResetGuard&) = delete;
  ~ResetGuard() { statement_.reset(); }

 private:
  Statement& statement_;
};

}  // namespace charon::store
