// SchedulingQueue: pods that wait for a node.
//
//   active         to be looked at now: by priority, then by how long they have been waiting
//   back-off       failed not long ago: 1 s after the first attempt, doubling to 10 s, unless told otherwise
//   unschedulable  fit nowhere; come back when the cluster changes in a way that may help them, or after kUnschedulableFor
//   gated          have scheduling gates (KEP-3521); come back when these are gone
// Pure: time is given. A pod that was popped is the caller's until it gives it back with one of the failure calls; updates
// and changes that come between are the caller's to order.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "rt/loop.h"
#include "scheduler/plugins/plugin.h"
#include "scheduler/pod_info.h"

namespace charon::scheduler {

struct BackOff {
  rt::Duration least = std::chrono::seconds(1);
  rt::Duration most = std::chrono::seconds(10);
};

struct QueuedPod {
  PodInfoPtr pod;
  rt::Instant since{};       // when it came into the active queue
  rt::Instant first_seen{};  // when it came to be schedulable
  std::int32_t attempts = 0;
  Changes helped_by = 0;  // of the last attempt
};

class SchedulingQueue {
 public:
  static constexpr rt::Duration kUnschedulableFor = std::chrono::minutes(5);

  void set_back_off(BackOff back_off) { back_off_times_ = back_off; }
  // A new pod, or a new state of one that waits.
  void set(PodInfoPtr pod, rt::Instant now);
  void remove(std::string_view uid);
  // The next pod to look at, its attempt counted; nullopt when none is active.
  std::optional<QueuedPod> pop(rt::Instant now);

  // It fits nowhere.
  void unschedulable(QueuedPod pod, Changes helped_by, rt::Instant now);
  // Something went wrong that has nothing to do with the pod.
  void retry(QueuedPod pod, rt::Instant now);

  // Wakes the pods that the change may help.
  void changed(Changes changes, rt::Instant now);
  // The same for one pod that fits nowhere, whatever it waits for.
  void activate(std::string_view uid, rt::Instant now);
  // When `pop` may have something new without another call; nullopt: never.
  std::optional<rt::Instant> next_due() const;

  bool contains(std::string_view uid) const { return entries_.contains(std::string(uid)); }
  std::size_t active_count() const { return active_.size(); }
  std::size_t back_off_count() const { return back_off_.size(); }
  std::size_t unschedulable_count() const { return unschedulable_.size(); }
  std::size_t gated_count() const { return gated_; }
  // How often pods came to a queue ("active") for what reason ("PodAdd"), in the words of Kubernetes' metrics.
  using Arrivals = std::map<std::pair<std::string_view, std::string_view>, std::uint64_t>;
  const Arrivals& arrivals() const { return arrivals_; }
  template <class Visit>
  void each(Visit visit) const {
    for (const auto& [uid, entry] : entries_) visit(*entry.pod.pod);
  }

 private:
  enum class Where : std::uint8_t { Active, BackOff, Unschedulable, Gated };
  struct Rank {
    std::int32_t priority;
    rt::Instant since;
    std::uint64_t order;
    std::string uid;
    bool operator<(const Rank& other) const {
      if (priority != other.priority) return priority > other.priority;
      if (since != other.since) return since < other.since;
      return order < other.order;
    }
  };
  struct Entry {
    QueuedPod pod;
    Where where = Where::Active;
    std::uint64_t order = 0;
    rt::Instant backed_off_until{};  // never earlier than this
    rt::Instant due{};               // leaves back-off or unschedulable then
  };
  using Due = std::set<std::pair<rt::Instant, std::string>>;

  void put(Entry entry, Where where, rt::Instant now, std::string_view event);
  void take_out(const std::string& uid, const Entry& entry);
  void wake(const std::string& uid, rt::Instant now, std::string_view event);
  rt::Duration back_off_after(std::int32_t attempts) const;
  void flush(rt::Instant now);
  static Rank rank(const std::string& uid, const Entry& entry);

  std::unordered_map<std::string, Entry> entries_;
  std::set<Rank> active_;
  Due back_off_;
  Due unschedulable_;
  std::map<Changes, std::set<std::string>> by_help_;  // the unschedulable ones by what helps them
  std::size_t gated_ = 0;
  std::uint64_t next_order_ = 1;
  BackOff back_off_times_;
  Arrivals arrivals_;
};

}  // namespace charon::scheduler
