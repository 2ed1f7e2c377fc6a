#include "sim/checkers/truth.h"

#include <fmt/format.h>

#include "base/check.h"
#include "server/cache.h"

namespace charon::sim {

client::EventType Truth::Change::type() const {
  if (!after) return client::EventType::Deleted;
  return before ? client::EventType::Modified : client::EventType::Added;
}

Truth::Truth(rt::Loop& loop, store::Store& store, std::span<const model::Kind> kinds, const std::string& trace_path)
    : loop_(loop) {
  for (const model::Kind& kind : kinds) {
    OfKind& place = by_prefix_[server::Caches::key_of(kind, {})];
    // Versions of one resource share their keys; the first stands for all.
    if (place.kind == nullptr) place.kind = &kind;
    by_kind_[&kind] = &place;
  }
  if (!trace_path.empty()) trace_.emplace(trace_path);
  watch_ = store.watch("/registry/", store.stats().revision,
                       {.on_events =
                            [this](const std::vector<store::Event>& events) {
                              for (const store::Event& event : events) take(event);
                            },
                        .on_end = [](const Error&) { CHECK(false); }});
}

const Truth::Objects& Truth::objects(const model::Kind& kind) const { return by_kind_.at(&kind)->objects; }

const std::vector<Truth::Change>& Truth::changes(const model::Kind& kind) const { return by_kind_.at(&kind)->changes; }

void Truth::mix(std::string_view bytes) {
  for (const char byte : bytes) hash_ = (hash_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
}

void Truth::take(const store::Event& event) {
  const std::string when = std::to_string(loop_.clock().now().time_since_epoch().count());
  for (const std::string_view part : {std::string_view(when), std::string_view(event.key)}) mix(part);
  if (event.value) mix(*event.value);
  ++count_;
  if (trace_)
    *trace_ << fmt::format("{:.3f} {} {} {}\n", static_cast<double>(std::stoll(when)) / 1e9, event.revision, event.key,
                           event.value ? *event.value : "deleted");
  revision_ = event.revision;

  auto place = by_prefix_.upper_bound(event.key);
  CHECK(place != by_prefix_.begin());
  --place;
  if (!event.key.starts_with(place->first)) return;  // no object of a kind
  OfKind& all = place->second;
  Change change;
  change.kind = all.kind;
  change.revision = event.revision;
  if (event.value)
    change.after =
        model::Document::from_json(*all.kind, event.revision, server::with_resource_version(*event.value, event.revision));
  if (event.previous) {
    const model::ObjectKey key =
        change.after
            ? change.after->key()
            : model::Document::from_json(*all.kind, event.revision, server::with_resource_version(*event.previous, 0))->key();
    change.before = all.objects.at(key);
  }
  if (change.after) {
    all.objects[change.after->key()] = change.after;
  } else {
    all.objects.erase(change.before->key());
  }
  all.changes.push_back(change);
  for (const Listener& listener : listeners_) listener(change);
}

}  // namespace charon::sim
