#include "control/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/time.h"
#include "codec/tree.h"
#include "model/kind.h"

namespace charon::control {
namespace {

using namespace std::chrono_literals;

// The same write again, as client-go does.
constexpr int kTries = 3;
constexpr rt::Duration kRetryDelay = 10s;
constexpr std::string_view kCombined = "(combined from similar events): ";

const model::Kind& event_kind() {
  static const model::Kind* const kind = model::find_kind({"", "v1"}, "Event");
  CHECK(kind != nullptr);
  return *kind;
}

std::string_view severity_name(EventSeverity severity) { return severity == EventSeverity::Normal ? "Normal" : "Warning"; }

std::string object_key(const ObjectReference& about) {
  return fmt::format("{}\n{}\n{}\n{}\n{}", about.api_version, about.kind, about.ns, about.name, about.uid);
}

std::string similar_key(const EventNote& note) {
  return fmt::format("{}\n{}\n{}", object_key(note.about), severity_name(note.severity), note.reason);
}

codec::Object reference_tree(const ObjectReference& about) {
  codec::Object tree;
  const auto set = [&tree](std::string_view name, const std::string& value) {
    if (!value.empty()) tree[boost::json::string_view(name.data(), name.size())] = value;
  };
  set("kind", about.kind);
  set("namespace", about.ns);
  set("name", about.name);
  set("uid", about.uid);
  set("apiVersion", about.api_version);
  set("resourceVersion", about.resource_version);
  set("fieldPath", about.field_path);
  return tree;
}

template <class Map>
void drop_oldest(Map& map, std::size_t limit) {
  if (map.size() <= limit) return;
  map.erase(std::ranges::min_element(map, {}, [](const auto& entry) { return entry.second.last; }));
}

}  // namespace

EventRecorder::EventRecorder(rt::Loop& loop, client::Transport& transport, std::string component, std::string host)
    : loop_(loop),
      transport_(transport),
      component_(std::move(component)),
      host_(std::move(host)),
      queue_(loop, kQueueLimit),
      scope_(loop) {
  scope_.spawn(run());
}

EventRecorder::~EventRecorder() = default;

void EventRecorder::record(EventNote note) {
  ++stats_.recorded;
  if (!queue_.push({std::move(note), loop_.clock().now(), loop_.clock().wall()})) ++stats_.dropped;
}

rt::Task<void> EventRecorder::run() {
  while (true) {
    std::optional<Recorded> recorded = co_await queue_.pop();
    if (!recorded) co_return;
    if (const rt::Duration early = recorded->at + kDelay - loop_.clock().now(); early > 0s) co_await rt::sleep(loop_, early);
    co_await write(std::move(recorded->note), recorded->wall);
  }
}

// A bucket of tokens an object.
bool EventRecorder::admit(const EventNote& note) {
  const rt::Instant now = loop_.clock().now();
  const auto [place, fresh] = buckets_.try_emplace(object_key(note.about));
  Bucket& bucket = place->second;
  if (!fresh) {
    const double refilled = std::chrono::duration<double>(now - bucket.last) / std::chrono::duration<double>(kRefill);
    bucket.tokens = std::min(kBurst, bucket.tokens + refilled);
  }
  bucket.last = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

// The message to write: the note's own, or the combined one when too many similar events came. Empty: not combined.
std::string EventRecorder::combined_message(const EventNote& note) {
  const rt::Instant now = loop_.clock().now();
  Similar& similar = similar_[similar_key(note)];
  if (now - similar.last > kWindow) similar.messages.clear();
  similar.last = now;
  similar.messages[note.message] = true;
  if (similar.messages.size() < static_cast<std::size_t>(kSimilarLimit)) return {};
  similar.messages.erase(similar.messages.begin());
  return std::string(kCombined) + note.message;
}

rt::Task<void> EventRecorder::write(EventNote note, Time when) {
  const std::string combined = combined_message(note);
  std::string key = similar_key(note);
  if (combined.empty()) {
    // The same of two containers of a pod is two events.
    key += "\n" + note.about.field_path + "\n" + note.message;
  } else {
    note.message = combined;
  }
  if (!admit(note)) {
    ++stats_.dropped;
    co_return;
  }
  for (int attempt = 1;; ++attempt) {
    auto outcome = co_await write_once(note, key, when);
    if (outcome) {
      ++stats_.written;
      break;
    }
    if (attempt == kTries || !outcome.error().retriable()) {
      ++stats_.dropped;
      break;
    }
    co_await rt::sleep(loop_, kRetryDelay);
  }
  shrink();
}

rt::Task<Result<void>> EventRecorder::write_once(EventNote note, std::string key, Time when) {
  const std::string ns = note.about.ns.empty() ? "default" : note.about.ns;
  if (const auto place = written_.find(key); place != written_.end()) {
    if (loop_.clock().now() - place->second.last <= kWindow) {
      codec::Object patch;
      patch["count"] = place->second.count + 1;
      patch["lastTimestamp"] = format_rfc3339(when);
      patch["message"] = note.message;
      auto patched = co_await transport_.patch({&event_kind()}, {ns, place->second.name}, client::PatchType::Merge,
                                               codec::Value(std::move(patch)));
      if (patched) {
        Written& written = written_[key];
        ++written.count;
        written.last = loop_.clock().now();
        co_return Result<void>();
      }
      if (patched.error().reason != Reason::NotFound) co_return fail(std::move(patched.error()));
    }
    written_.erase(key);
  }
  codec::Value event = event_tree(note, ns, when);
  const std::string name(codec::string_at_path(event, {"metadata", "name"}));
  auto created = co_await transport_.create({&event_kind()}, ns, std::move(event));
  if (!created) co_return fail(std::move(created.error()));
  written_[key] = Written{name, 1, loop_.clock().now()};
  co_return Result<void>();
}

codec::Value EventRecorder::event_tree(const EventNote& note, const std::string& ns, Time when) {
  // The name is client-go's: the object's name and the time in hexadecimal nanoseconds; two in one instant must differ.
  std::uint64_t nanos = static_cast<std::uint64_t>(when.seconds) * 1'000'000'000 + static_cast<std::uint64_t>(when.nanos);
  nanos = last_nanos_ = std::max(nanos, last_nanos_ + 1);
  codec::Object source;
  source["component"] = component_;
  if (!host_.empty()) source["host"] = host_;
  codec::Object event;
  event["apiVersion"] = "v1";
  event["kind"] = "Event";
  event["metadata"] = codec::Object{{"name", fmt::format("{}.{:x}", note.about.name, nanos)}, {"namespace", ns}};
  event["involvedObject"] = reference_tree(note.about);
  event["reason"] = note.reason;
  event["message"] = note.message;
  event["source"] = std::move(source);
  event["firstTimestamp"] = format_rfc3339(when);
  event["lastTimestamp"] = format_rfc3339(when);
  event["count"] = 1;
  event["type"] = boost::json::string_view(severity_name(note.severity).data(), severity_name(note.severity).size());
  event["reportingComponent"] = component_;
  event["reportingInstance"] = host_;
  return codec::Value(std::move(event));
}

void EventRecorder::shrink() {
  drop_oldest(written_, kCacheLimit);
  drop_oldest(similar_, kCacheLimit);
  drop_oldest(buckets_, kCacheLimit);
}

}  // namespace charon::control
