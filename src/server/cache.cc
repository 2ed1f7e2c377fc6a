#include "server/cache.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace charon::server {
namespace {

// How much of a window old versions may hold in memory.
constexpr std::size_t kWindowBytes = 8u << 20;

// Versions of one resource are not converted into each other: all but the first have a store of their own.
bool is_stored_apart(const model::Kind& kind) {
  static const std::set<const model::Kind*> apart = [] {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    std::set<const model::Kind*> later;
    for (const model::Kind& each : model::builtin_kinds())
      if (!seen.emplace(each.gv.group, each.plural).second) later.insert(&each);
    return later;
  }();
  return apart.contains(&kind);
}

std::size_t weight(const Change& change) {
  std::size_t bytes = sizeof(Change);
  if (change.before) bytes += change.before->json()->size();
  if (change.last) bytes += change.last->json()->size();
  return bytes;
}

}  // namespace

bool Filter::accepts(const model::Document& document) const {
  return (ns.empty() || document.key().ns == ns) && (!matches || matches(document));
}

CacheWatch::CacheWatch(Cache& cache, Filter filter, Revision after)
    : cache_(cache), filter_(std::move(filter)), revision_(after), readable_(cache.loop_) {
  place_ = cache_.watches_.insert(cache_.watches_.end(), this);
}

CacheWatch::~CacheWatch() { cache_.watches_.erase(place_); }

void CacheWatch::offer(const ChangePtr& change) {
  if (ended_) return;
  bool was = change->before && filter_.accepts(*change->before);
  bool is = change->after && filter_.accepts(*change->after);
  if (!was && !is) return;
  CacheEvent event{EventType::Modified, change->after, change->revision};
  if (!was) event.type = EventType::Added;
  if (!is) {
    event.type = EventType::Deleted;
    event.object = change->last ? change->last : change->after;
  }
  if (events_.size() >= limits::kWatchQueueEvents) {
    events_.clear();
    end(Error{Reason::Expired, "too old resource version: the watch fell behind by more events than are kept for it", nullptr});
    return;
  }
  events_.push_back(std::move(event));
  readable_.set();
}

void CacheWatch::end(Error error) {
  ended_ = std::move(error);
  readable_.set();
}

rt::Task<Result<std::vector<CacheEvent>>> CacheWatch::next() {
  while (events_.empty()) {
    if (ended_) co_return fail(*ended_);
    readable_.clear();
    co_await readable_.wait();
  }
  std::vector<CacheEvent> events(std::make_move_iterator(events_.begin()), std::make_move_iterator(events_.end()));
  events_.clear();
  revision_ = events.back().revision;
  co_return events;
}

DocumentPtr Cache::get(const ObjectKey& key) const {
  auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

void Cache::each(std::string_view ns, const ObjectKey* start_after,
                 const std::function<bool(const DocumentPtr&)>& visit) const {
  auto it = start_after != nullptr ? objects_.upper_bound(*start_after)
            : ns.empty()           ? objects_.begin()
                                   : objects_.lower_bound(ObjectKey{std::string(ns), ""});
  for (; it != objects_.end() && (ns.empty() || it->first.ns == ns); ++it)
    if (!visit(it->second)) return;
}

Result<std::unique_ptr<CacheWatch>> Cache::watch(Filter filter, std::optional<Revision> after) {
  Revision start = after.value_or(revision_);
  if (start < window_start_)
    return fail(Reason::Expired,
                "too old resource version: " + std::to_string(start) + " (" + std::to_string(window_start_) + ")");
  auto watch = std::unique_ptr<CacheWatch>(new CacheWatch(*this, std::move(filter), start));
  auto first = std::ranges::upper_bound(window_, start, {}, [](const ChangePtr& change) { return change->revision; });
  for (auto it = first; it != window_.end(); ++it) watch->offer(*it);
  return watch;
}

void Cache::load(DocumentPtr document) {
  ObjectKey key = document->key();
  objects_[std::move(key)] = std::move(document);
}

void Cache::remember(ChangePtr change) {
  window_bytes_ += weight(*change);
  window_.push_back(std::move(change));
  trim();
}

void Cache::apply(ChangePtr change) {
  if (change->after) {
    objects_[change->after->key()] = change->after;
  } else {
    objects_.erase(change->before->key());
  }
  for (CacheWatch* watch : watches_) watch->offer(change);
  remember(std::move(change));
}

void Cache::trim() {
  while (window_.size() > limits::kWatchWindowEvents || (window_bytes_ > kWindowBytes && window_.size() > 1)) {
    window_start_ = window_.front()->revision;
    window_bytes_ -= weight(*window_.front());
    window_.pop_front();
  }
}

void Cache::end_watches(const Error& error) {
  for (CacheWatch* watch : watches_) watch->end(error);
}

Caches::Caches(rt::Loop& loop, store::Store& store, std::span<const model::Kind> kinds) : store_(store) {
  for (const model::Kind& kind : kinds) {
    auto cache = std::make_unique<Cache>(kind, loop);
    by_kind_[&kind] = cache.get();
    CHECK(by_prefix_.emplace(key_of(kind, {}), std::move(cache)).second);
  }
}

std::string Caches::key_of(const model::Kind& kind, const ObjectKey& key) {
  std::string text = "/registry/";
  text.append(kind.gv.group).append("/").append(kind.plural);
  if (is_stored_apart(kind)) text.append(".").append(kind.gv.version);
  text.append("/");
  if (kind.namespaced && !key.ns.empty()) text.append(key.ns).append("/");
  return text.append(key.name);
}

Cache& Caches::of(const model::Kind& kind) { return *by_kind_.at(&kind); }

Cache* Caches::cache_of(std::string_view store_key) {
  // "/registry/<group>/<plural>/": three slashes behind the first.
  std::size_t end = 0;
  for (int i = 0; i < 4 && end != std::string_view::npos; ++i) end = store_key.find('/', i == 0 ? 0 : end + 1);
  if (end == std::string_view::npos) return nullptr;
  auto found = by_prefix_.find(store_key.substr(0, end + 1));
  return found == by_prefix_.end() ? nullptr : found->second.get();
}

rt::Task<Result<void>> Caches::start() {
  store::ListOptions everything;
  everything.prefix = "/registry/";
  CO_TRY_ASSIGN(store::ListResult all, co_await store_.list(everything));
  for (const store::Entry& entry : all.entries) {
    if (Cache* cache = cache_of(entry.key))
      cache->load(
          model::Document::from_json(cache->kind(), entry.modified, with_resource_version(*entry.value, entry.modified)));
  }
  loaded_ = revision_ = all.revision;
  Revision start = store_.stats().compacted;
  for (auto& [prefix, cache] : by_prefix_) {
    cache->set_start(start);
    cache->set_revision(revision_);
  }
  // History from before the list fills the windows, so that clients resume their watches over a restart.
  watch_ = store_.watch("/registry/", start,
                        {.on_events = [this](const std::vector<store::Event>& events) { on_events(events); },
                         .on_end =
                             [this](Error error) {
                               for (auto& [prefix, cache] : by_prefix_) cache->end_watches(error);
                             }});
  // A list is answered behind the watch's past, so when it returns the caches follow live.
  store::ListOptions nothing;
  nothing.prefix = "/";
  nothing.limit = 1;
  auto barrier = co_await store_.list(nothing);
  if (!barrier) co_return fail(std::move(barrier.error()));
  co_return Result<void>();
}

void Caches::on_events(const std::vector<store::Event>& events) {
  for (const store::Event& event : events) {
    Cache* cache = cache_of(event.key);
    if (cache == nullptr) continue;
    const model::Kind& kind = cache->kind();
    auto change = std::make_shared<Change>();
    change->revision = event.revision;
    if (event.value)
      change->after = model::Document::from_json(kind, event.revision, with_resource_version(*event.value, event.revision));
    if (event.revision <= loaded_) {
      if (event.previous)
        change->before =
            model::Document::from_json(kind, event.revision, with_resource_version(*event.previous, event.revision));
      if (!event.value) change->last = change->before;
      cache->remember(std::move(change));
      continue;
    }
    if (event.previous) {
      model::ObjectKey key = change->after ? change->after->key() : model::ObjectKey();
      if (!change->after) {
        change->last = model::Document::from_json(kind, event.revision, with_resource_version(*event.previous, event.revision));
        key = change->last->key();
      }
      change->before = cache->get(key);
      CHECK(change->before != nullptr);
    }
    cache->apply(std::move(change));
  }
  if (events.empty()) return;
  revision_ = std::max(revision_, events.back().revision);
  for (auto& [prefix, cache] : by_prefix_) cache->set_revision(revision_);
}

void Caches::shutdown() {
  for (auto& [prefix, cache] : by_prefix_)
    cache->end_watches(Error{Reason::Timeout, "the server is shutting down; watch again", nullptr});
}

SharedBytes with_resource_version(const std::string& stored_json, Revision revision) {
  constexpr std::string_view kOpening = "\"metadata\":{";
  std::size_t place = stored_json.find(kOpening);
  CHECK(place != std::string::npos);
  place += kOpening.size();
  std::string json;
  std::string number = std::to_string(revision);
  json.reserve(stored_json.size() + number.size() + 24);
  json.append(stored_json, 0, place).append("\"resourceVersion\":\"").append(number).append("\"");
  if (stored_json[place] != '}') json.append(",");
  json.append(stored_json, place);
  return share(std::move(json));
}

}  // namespace charon::server
