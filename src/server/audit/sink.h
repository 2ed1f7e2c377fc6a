// Where the lines of the audit log go: a file that is rotated by size, or standard output.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rt/files.h"
#include "rt/loop.h"

namespace charon::server::audit {

class Sink {
 public:
  virtual ~Sink() = default;
  // Whole lines. Blocks; called on one thread at a time.
  virtual Result<void> write(std::string_view lines) = 0;
};

struct FileSettings {
  std::string path;  // absolute; its folder is made
  std::uint64_t max_bytes = 100u << 20;
  std::size_t max_backups = 0;  // files that were rotated; 0: no limit
  int max_age_days = 0;         // of those; 0: no limit
};

// Before a file would exceed its size it is renamed: "audit.log" to "audit-2026-11-24T18-28-37.123.log". Only root can read
// them. The files and the clock must outlive the sink.
std::unique_ptr<Sink> make_file_sink(rt::Files& files, const rt::Clock& clock, FileSettings settings);
std::unique_ptr<Sink> make_stdout_sink();

}  // namespace charon::server::audit
