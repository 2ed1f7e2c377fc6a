// LogReader: reads a container's log file from where the reader wants it, and follows it while it grows, also across a rotation
// (the file is renamed and made anew). It looks for more every 100 ms.
#pragma once

#include <functional>
#include <string>

#include "node/logs/cri_log.h"
#include "rt/files.h"
#include "rt/loop.h"
#include "rt/task.h"

namespace charon::node {

class LogReader {
 public:
  // `ended`: nothing will be written any more; asked only while following.
  LogReader(rt::Loop& loop, const rt::Files& files, std::string path, LogOptions options, std::function<bool()> ended);

  // Finds the place to begin at. NotFound when there is no such file.
  Result<void> open();
  // The next bytes to show; empty at the end. After open().
  rt::Task<Result<std::string>> next();

 private:
  Result<void> seek_tail();
  bool rotated() const;

  rt::Loop& loop_;
  const rt::Files& files_;
  std::string path_;
  LogOptions options_;
  std::function<bool()> ended_;
  LogFilter filter_;
  std::string raw_;  // read, but not a complete line yet
  std::uint64_t offset_ = 0;
  std::uint64_t inode_ = 0;
};

}  // namespace charon::node
