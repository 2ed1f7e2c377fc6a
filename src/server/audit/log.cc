#include "server/audit/log.h"

#include <utility>

namespace charon::server::audit {

Log::Log(rt::Loop& loop, std::unique_ptr<Sink> sink, std::unique_ptr<rt::Worker> worker, Metrics& metrics,
         std::function<void(const Error&)> on_error)
    : loop_(loop),
      on_error_(std::move(on_error)),
      events_(metrics.counter("apiserver_audit_event_total", "Audit events that were made.").counter({})),
      errors_(metrics
                  .counter("apiserver_audit_error_total", "Writes of audit events that failed, their events being lost.",
                           {"plugin"})
                  .counter({"log"})),
      room_(loop),
      self_(std::make_shared<Log*>(this)),
      sink_(std::move(sink)),
      worker_(std::move(worker)) {}

Log::~Log() {
  *self_ = nullptr;
  if (timer_ != 0) loop_.cancel(timer_);
  if (!pending_.empty()) worker_->submit([sink = sink_, lines = std::move(pending_)] { (void)sink->write(lines); });
}

void Log::add(std::string_view line) {
  events_.add();
  pending_.append(line).append("\n");
  if (full()) room_.clear();
  if (pending_.size() >= kFlushBytes) {
    flush();
  } else if (timer_ == 0) {
    timer_ = loop_.schedule(loop_.clock().now() + kFlushDelay, [this] {
      timer_ = 0;
      flush();
    });
  }
}

void Log::flush() {
  // One write at a time: what comes meanwhile goes with the next.
  if (writing_ || pending_.empty()) return;
  writing_ = true;
  worker_->submit([sink = sink_, lines = std::exchange(pending_, {}), self = self_, loop = &loop_] {
    loop->post([self, outcome = sink->write(lines)] {
      if (*self != nullptr) (*self)->written(outcome);
    });
  });
  room_.set();
}

void Log::written(const Result<void>& outcome) {
  writing_ = false;
  if (!outcome) {
    errors_.add();
    if (!failing_ && on_error_) on_error_(outcome.error());
  }
  failing_ = !outcome;
  if (timer_ == 0 || pending_.size() >= kFlushBytes) flush();
}

}  // namespace charon::server::audit
