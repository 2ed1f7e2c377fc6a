#include "scheduler/queue.h"

#include <algorithm>
#include <array>
#include <vector>

namespace charon::scheduler {

namespace {

// What a change is called in Kubernetes' metrics.
std::string_view name_of(Changes changes) {
  if ((changes & kPodRemoved) != 0) return "AssignedPodDelete";
  if ((changes & kPodPlaced) != 0) return "AssignedPodAdd";
  if ((changes & kNodeAdded) != 0) return "NodeAdd";
  if ((changes & kNodeAllocatable) != 0) return "NodeAllocatableChange";
  if ((changes & kNodeLabels) != 0) return "NodeLabelChange";
  if ((changes & kNodeTaints) != 0) return "NodeTaintChange";
  if ((changes & kNamespaceLabels) != 0) return "NamespaceUpdate";
  return "StorageChange";
}

// Changes that may make a pod fit which did not: its labels, tolerations, requests and the like. Its status may not.
bool spec_differs(const PodInfo& before, const PodInfo& now) {
  return before.labels() != now.labels() || before.pod->metadata.annotations != now.pod->metadata.annotations ||
         !(before.pod->spec == now.pod->spec) || before.pod->metadata.deletionTimestamp != now.pod->metadata.deletionTimestamp;
}

}  // namespace

rt::Duration SchedulingQueue::back_off_after(std::int32_t attempts) const {
  rt::Duration wait = back_off_times_.least;
  for (std::int32_t i = 1; i < attempts && wait < back_off_times_.most; ++i) wait *= 2;
  return std::min(wait, back_off_times_.most);
}

SchedulingQueue::Rank SchedulingQueue::rank(const std::string& uid, const Entry& entry) {
  return {entry.pod.pod->priority(), entry.pod.since, entry.order, uid};
}

void SchedulingQueue::put(Entry entry, Where where, rt::Instant now, std::string_view event) {
  static constexpr std::array<std::string_view, 4> kNames = {"active", "backoff", "unschedulable", "gated"};
  ++arrivals_[{kNames[static_cast<std::size_t>(where)], event}];
  const std::string uid = entry.pod.pod->uid();
  if (where != Where::Gated && entry.pod.first_seen == rt::Instant{}) entry.pod.first_seen = now;
  if (where == Where::Active) entry.pod.since = now;
  if (where == Where::BackOff) entry.due = entry.backed_off_until;
  if (where == Where::Unschedulable) entry.due = now + kUnschedulableFor;
  entry.where = where;
  if (where == Where::Active) active_.insert(rank(uid, entry));
  if (where == Where::BackOff) back_off_.emplace(entry.due, uid);
  if (where == Where::Unschedulable) {
    unschedulable_.emplace(entry.due, uid);
    by_help_[entry.pod.helped_by].insert(uid);
  }
  if (where == Where::Gated) ++gated_;
  entries_.insert_or_assign(uid, std::move(entry));
}

void SchedulingQueue::take_out(const std::string& uid, const Entry& entry) {
  if (entry.where == Where::Active) active_.erase(rank(uid, entry));
  if (entry.where == Where::BackOff) back_off_.erase({entry.due, uid});
  if (entry.where == Where::Unschedulable) {
    unschedulable_.erase({entry.due, uid});
    auto helped = by_help_.find(entry.pod.helped_by);
    helped->second.erase(uid);
    if (helped->second.empty()) by_help_.erase(helped);
  }
  if (entry.where == Where::Gated) --gated_;
}

void SchedulingQueue::set(PodInfoPtr pod, rt::Instant now) {
  const std::string uid = pod->uid();
  auto found = entries_.find(uid);
  if (found == entries_.end()) {
    Entry entry;
    entry.order = next_order_++;
    Where where = pod->gated() ? Where::Gated : Where::Active;
    entry.pod.pod = std::move(pod);
    put(std::move(entry), where, now, "PodAdd");
    return;
  }
  take_out(uid, found->second);
  Entry entry = std::move(found->second);
  Where where = entry.where;
  bool may_help = spec_differs(*entry.pod.pod, *pod);
  rt::Instant since = entry.pod.since;
  rt::Instant due = entry.due;
  entry.pod.pod = std::move(pod);
  if (entry.pod.pod->gated())
    where = Where::Gated;
  else if (where == Where::Gated)
    where = Where::Active;
  else if (where == Where::Unschedulable && may_help)
    where = entry.backed_off_until > now ? Where::BackOff : Where::Active;
  bool stays = where == entry.where;
  put(std::move(entry), where,
      stays && where == Where::Active          ? since
      : stays && where == Where::Unschedulable ? due - kUnschedulableFor
                                               : now,
      "PodUpdate");
}

void SchedulingQueue::remove(std::string_view uid) {
  auto found = entries_.find(std::string(uid));
  if (found == entries_.end()) return;
  take_out(found->first, found->second);
  entries_.erase(found);
}

void SchedulingQueue::flush(rt::Instant now) {
  while (!back_off_.empty() && back_off_.begin()->first <= now)
    wake(std::string(back_off_.begin()->second), now, "BackoffComplete");
  while (!unschedulable_.empty() && unschedulable_.begin()->first <= now)
    wake(std::string(unschedulable_.begin()->second), now, "UnschedulableTimeout");
}

void SchedulingQueue::wake(const std::string& uid, rt::Instant now, std::string_view event) {
  auto found = entries_.find(uid);
  take_out(uid, found->second);
  Entry entry = std::move(found->second);
  Where where = entry.backed_off_until > now ? Where::BackOff : Where::Active;
  put(std::move(entry), where, now, event);
}

std::optional<QueuedPod> SchedulingQueue::pop(rt::Instant now) {
  flush(now);
  if (active_.empty()) return std::nullopt;
  auto found = entries_.find(active_.begin()->uid);
  active_.erase(active_.begin());
  QueuedPod pod = std::move(found->second.pod);
  entries_.erase(found);
  ++pod.attempts;
  return pod;
}

void SchedulingQueue::unschedulable(QueuedPod pod, Changes helped_by, rt::Instant now) {
  Entry entry;
  entry.order = next_order_++;
  entry.backed_off_until = now + back_off_after(pod.attempts);
  entry.pod = std::move(pod);
  entry.pod.helped_by = helped_by;
  put(std::move(entry), Where::Unschedulable, now, "ScheduleAttemptFailure");
}

void SchedulingQueue::retry(QueuedPod pod, rt::Instant now) {
  Entry entry;
  entry.order = next_order_++;
  entry.backed_off_until = now + back_off_after(pod.attempts);
  entry.pod = std::move(pod);
  put(std::move(entry), Where::BackOff, now, "ScheduleAttemptFailure");
}

void SchedulingQueue::changed(Changes changes, rt::Instant now) {
  if (changes == 0) return;
  std::vector<std::string> woken;
  for (const auto& [helped_by, uids] : by_help_)
    if ((helped_by & changes) != 0) woken.insert(woken.end(), uids.begin(), uids.end());
  for (const std::string& uid : woken) wake(uid, now, name_of(changes));
}

void SchedulingQueue::activate(std::string_view uid, rt::Instant now) {
  auto found = entries_.find(std::string(uid));
  if (found == entries_.end() || found->second.where != Where::Unschedulable) return;
  wake(std::string(uid), now, "ForceActivate");
}

std::optional<rt::Instant> SchedulingQueue::next_due() const {
  std::optional<rt::Instant> due;
  if (!back_off_.empty()) due = back_off_.begin()->first;
  if (!unschedulable_.empty() && (!due || unschedulable_.begin()->first < *due)) due = unschedulable_.begin()->first;
  return due;
}

}  // namespace charon::scheduler
