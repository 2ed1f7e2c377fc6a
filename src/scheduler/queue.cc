#include "scheduler/queue.h"

#include <algorithm>
#include <vector>

namespace charon::scheduler {

namespace {

rt::Duration back_off_after(std::int32_t attempts) {
  rt::Duration wait = SchedulingQueue::kBackOffMin;
  for (std::int32_t i = 1; i < attempts && wait < SchedulingQueue::kBackOffMax; ++i) wait *= 2;
  return std::min(wait, SchedulingQueue::kBackOffMax);
}

// Changes that may make a pod fit which did not: its labels, tolerations, requests and the like. Its status may not.
bool spec_differs(const PodInfo& before, const PodInfo& now) {
  return before.labels() != now.labels() || before.pod->metadata.annotations != now.pod->metadata.annotations ||
         !(before.pod->spec == now.pod->spec) || before.pod->metadata.deletionTimestamp != now.pod->metadata.deletionTimestamp;
}

}  // namespace

SchedulingQueue::Rank SchedulingQueue::rank(const std::string& uid, const Entry& entry) {
  return {entry.pod.pod->priority(), entry.pod.since, entry.order, uid};
}

void SchedulingQueue::put(Entry entry, Where where, rt::Instant now) {
  const std::string uid = entry.pod.pod->uid();
  if (where == Where::Active) entry.pod.since = now;
  if (where == Where::BackOff) entry.due = entry.backed_off_until;
  if (where == Where::Unschedulable) entry.due = now + kUnschedulableFor;
  entry.where = where;
  if (where == Where::Active) active_.insert(rank(uid, entry));
  if (where == Where::BackOff) back_off_.emplace(entry.due, uid);
  if (where == Where::Unschedulable) unschedulable_.emplace(entry.due, uid);
  if (where == Where::Gated) ++gated_;
  entries_.insert_or_assign(uid, std::move(entry));
}

void SchedulingQueue::take_out(const std::string& uid, const Entry& entry) {
  if (entry.where == Where::Active) active_.erase(rank(uid, entry));
  if (entry.where == Where::BackOff) back_off_.erase({entry.due, uid});
  if (entry.where == Where::Unschedulable) unschedulable_.erase({entry.due, uid});
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
    put(std::move(entry), where, now);
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
                                               : now);
}

void SchedulingQueue::remove(std::string_view uid) {
  auto found = entries_.find(std::string(uid));
  if (found == entries_.end()) return;
  take_out(found->first, found->second);
  entries_.erase(found);
}

void SchedulingQueue::flush(rt::Instant now) {
  while (!back_off_.empty() && back_off_.begin()->first <= now) wake(std::string(back_off_.begin()->second), now);
  while (!unschedulable_.empty() && unschedulable_.begin()->first <= now)
    wake(std::string(unschedulable_.begin()->second), now);
}

void SchedulingQueue::wake(const std::string& uid, rt::Instant now) {
  auto found = entries_.find(uid);
  take_out(uid, found->second);
  Entry entry = std::move(found->second);
  Where where = entry.backed_off_until > now ? Where::BackOff : Where::Active;
  put(std::move(entry), where, now);
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
  put(std::move(entry), Where::Unschedulable, now);
}

void SchedulingQueue::retry(QueuedPod pod, rt::Instant now) {
  Entry entry;
  entry.order = next_order_++;
  entry.backed_off_until = now + back_off_after(pod.attempts);
  entry.pod = std::move(pod);
  put(std::move(entry), Where::BackOff, now);
}

void SchedulingQueue::changed(Changes changes, rt::Instant now) {
  if (changes == 0) return;
  std::vector<std::string> woken;
  for (const auto& [due, uid] : unschedulable_)
    if ((entries_.at(uid).pod.helped_by & changes) != 0) woken.push_back(uid);
  for (const std::string& uid : woken) wake(uid, now);
}

std::optional<rt::Instant> SchedulingQueue::next_due() const {
  std::optional<rt::Instant> due;
  if (!back_off_.empty()) due = back_off_.begin()->first;
  if (!unschedulable_.empty() && (!due || unschedulable_.begin()->first < *due)) due = unschedulable_.begin()->first;
  return due;
}

}  // namespace charon::scheduler
