// Log: collects the lines of the audit log and writes them on a thread of its own, so that no request waits for a disk.
//
// What is not written yet when the process is killed is lost: at most what came within kFlushDelay. Nothing is synced.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "rt/loop.h"
#include "rt/sync.h"
#include "server/audit/sink.h"

namespace charon::server::audit {

class Log {
 public:
  static constexpr std::chrono::milliseconds kFlushDelay{50};
  static constexpr std::size_t kFlushBytes = 128u << 10;  // as soon as there is so much
  static constexpr std::size_t kFullBytes = 8u << 20;     // requests wait while there is more

  // `on_error` is told, on the loop, why lines are being lost: once until lines are written again. It may be null.
  Log(rt::Loop& loop, std::unique_ptr<Sink> sink, std::unique_ptr<rt::Worker> worker, Metrics& metrics,
      std::function<void(const Error&)> on_error);
  // Waits until all is written.
  ~Log();
  Log(const Log&) = delete;

  // A line without its end.
  void add(std::string_view line);

  // True while the disk is slower than the requests; waiting for room ends when it has caught up.
  bool full() const { return pending_.size() > kFullBytes; }
  rt::Event::Wait room() { return room_.wait(); }

 private:
  void flush();
  void written(const Result<void>& outcome);

  rt::Loop& loop_;
  std::function<void(const Error&)> on_error_;
  Counter& events_;
  Counter& errors_;
  std::string pending_;
  rt::Loop::TimerId timer_ = 0;
  rt::Event room_;
  bool failing_ = false;
  std::shared_ptr<Log*> self_;  // null in it: the log is gone
  std::shared_ptr<Sink> sink_;
  bool writing_ = false;
  std::unique_ptr<rt::Worker> worker_;  // ends first
};

}  // namespace charon::server::audit
