// EventRecorder: writes core/v1 Events the way client-go's recorder and correlator do.
//
// The same event again (same object, reason, message, severity and source within 10 minutes) raises `count` and
// `lastTimestamp` of the one that is there; more than 10 similar ones (same but for the message) in that time become one
// with "(combined from similar events): " before its message; an object has a burst of 25 events and then one in 5 minutes.
// Events are best effort: at most kQueueLimit wait, a write is tried 3 times, and both losses are counted. They are written
// kDelay after they were recorded, with the time at which they were: what they tell of goes on meanwhile, and writing would
// take the processor from it. One loop.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "client/transport.h"
#include "control/plan.h"
#include "rt/loop.h"
#include "rt/scope.h"
#include "rt/sync.h"

namespace charon::control {

struct EventStats {
  std::uint64_t recorded = 0;
  std::uint64_t written = 0;
  std::uint64_t dropped = 0;  // queue full, rate limited, or refused by the server
};

class EventRecorder {
 public:
  static constexpr std::size_t kQueueLimit = 1000;
  static constexpr std::size_t kCacheLimit = 4096;
  static constexpr rt::Duration kDelay = std::chrono::milliseconds(200);
  static constexpr rt::Duration kWindow = std::chrono::seconds(600);
  static constexpr int kSimilarLimit = 10;
  static constexpr double kBurst = 25;
  static constexpr rt::Duration kRefill = std::chrono::seconds(300);

  // `host`: the node for events of the node agent, else empty.
  EventRecorder(rt::Loop& loop, client::Transport& transport, std::string component, std::string host = {});
  ~EventRecorder();
  EventRecorder(const EventRecorder&) = delete;

  void record(EventNote note);
  const EventStats& stats() const { return stats_; }

 private:
  struct Recorded {
    EventNote note;
    rt::Instant at;
    Time wall;  // the same moment
  };
  // One Event object that may be counted up.
  struct Written {
    std::string name;
    std::int32_t count = 0;
    rt::Instant last;
  };
  struct Similar {
    std::map<std::string, bool> messages;
    rt::Instant last;
  };
  struct Bucket {
    double tokens = kBurst;
    rt::Instant last;
  };

  bool admit(const EventNote& note);
  std::string combined_message(const EventNote& note);
  rt::Task<void> run();
  rt::Task<void> write(EventNote note, Time when);
  rt::Task<Result<void>> write_once(EventNote note, std::string key, Time when);
  codec::Value event_tree(const EventNote& note, const std::string& ns, Time when);
  void shrink();

  rt::Loop& loop_;
  client::Transport& transport_;
  std::string component_;
  std::string host_;
  rt::Queue<Recorded> queue_;
  std::map<std::string, Written> written_;
  std::map<std::string, Similar> similar_;
  std::map<std::string, Bucket> buckets_;
  std::uint64_t last_nanos_ = 0;
  EventStats stats_;
  rt::Scope scope_;
};

}  // namespace charon::control
