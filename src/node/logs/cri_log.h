// The log files of containers in the CRI format (Kubernetes design "CRI: log management"):
//   <RFC 3339 with nanoseconds> <stdout|stderr> <F|P> <text>\n
// P marks a part of a line whose rest follows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace charon::node {

struct LogLine {
  std::string_view time;  // as written
  std::string_view stream;
  bool partial = false;
  std::string_view text;  // without the line end
};

// `line` without its line end. nullopt when it is not in the format.
std::optional<LogLine> parse_log_line(std::string_view line);

struct LogOptions {
  bool follow = false;
  bool timestamps = false;
  bool previous = false;
  std::optional<std::int64_t> tail_lines;
  std::optional<Time> since;
  std::optional<std::int64_t> limit_bytes;
  std::string stream;  // "Stdout", "Stderr"; empty or "All": both
};

// From the query of a containerLogs request. BadRequest on malformed or negative numbers.
Result<LogOptions> log_options(std::string_view query, Time now);

// Turns raw log bytes into what the reader asked for, piece by piece.
class LogFilter {
 public:
  explicit LogFilter(LogOptions options) : options_(std::move(options)) {}
  // Takes the complete lines out of `raw` and appends what is to be shown to `out`.
  void feed(std::string& raw, std::string& out);
  // The limit of bytes is reached.
  bool full() const { return options_.limit_bytes && *options_.limit_bytes <= 0; }

 private:
  void show(const LogLine& line, std::string& out);

  LogOptions options_;
  bool inside_line_ = false;  // a part was shown; its rest gets no timestamp
  bool past_since_ = false;
};

}  // namespace charon::node
