#include "server/cache.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "codec/json.h"
#include "model/storage_form.h"
#include "schema/convert.h"

namespace charon::server {
namespace {

// How much of a window old versions may hold in memory, while nobody is reading them and at most.
constexpr std::size_t kWindowBytes = 16u << 20;
constexpr std::size_t kWindowHardBytes = 48u << 20;
constexpr std::size_t kChangeBytes = 1024;     // of a change, beside its JSON
constexpr std::chrono::seconds kHoldTime{30};  // from one page of a list to the next
constexpr std::size_t kWatchBatchBytes = 512u << 10;

std::size_t weight(const Change& change) {
  if (!change.before) return kChangeBytes;
  return kChangeBytes + change.before->json()->size() * (change.after ? 1 : 2);  // twice: of a deletion, `last` too
}

// A stored value as a Document of `kind`, which may be another view than the one it is stored as.
DocumentPtr read_stored(const model::Kind& kind, Revision revision, const std::string& stored) {
  const model::StorageForm* form = model::storage_form(kind);
  if (form == nullptr) return model::Document::from_json(kind, revision, with_resource_version(stored, revision));
  auto tree = codec::parse_json(stored);
  CHECK(tree.has_value());
  codec::Value view = form->from_stored(*tree);
  std::string json;
  schema::append_canonical_json(*kind.type, view, json);
  return model::Document::from_json(kind, revision, with_resource_version(json, revision));
}

DocumentPtr at_revision(const model::Document& document, Revision revision) {
  std::string json = *document.json();
  std::string old_member = "\"resourceVersion\":\"" + std::to_string(document.revision()) + "\"";
  std::size_t place = json.find(old_member);
  CHECK(place != std::string::npos);
  json.replace(place, old_member.size(), "\"resourceVersion\":\"" + std::to_string(revision) + "\"");
  return model::Document::from_json(document.kind(), revision, share(std::move(json)));
}

bool in_namespace(const ObjectKey& key, std::string_view ns) { return ns.empty() || key.ns == ns; }

// The first key of the namespace that comes after `start_after`.
template <class Objects>
auto first_after(const Objects& objects, std::string_view ns, const ObjectKey* start_after) {
  if (start_after != nullptr && start_after->ns >= ns) return objects.upper_bound(*start_after);
  return ns.empty() ? objects.begin() : objects.lower_bound(ObjectKey{std::string(ns), ""});
}

template <class Window>
auto after_revision(const Window& window, Revision revision) {
  return std::ranges::upper_bound(window, revision, {}, [](const ChangePtr& change) { return change->revision; });
}

}  // namespace

bool Filter::accepts(const model::Document& document) const {
  const ObjectKey& key = document.key();
  return (ns.empty() || key.ns == ns) && (name.empty() || key.name == name) && (!matches || matches(document));
}

CacheWatch::CacheWatch(Cache& cache, Filter filter, Revision after, std::uint64_t next)
    : cache_(cache), filter_(std::move(filter)), after_(after), revision_(after), next_(next), readable_(cache.loop_) {
  place_ = cache_.watches_.insert(cache_.watches_.end(), this);
}

CacheWatch::~CacheWatch() { cache_.watches_.erase(place_); }

Revision CacheWatch::revision() const {
  return next_ == cache_.window_end() ? std::max(revision_, cache_.revision_) : revision_;
}

bool CacheWatch::concerns(const Change& change) const {
  return change.revision > after_ &&
         ((change.after && filter_.accepts(*change.after)) || (change.before && filter_.accepts(*change.before)));
}

// Who has seen all before wakes up for what concerns it; who has not will come to it in the window.
void CacheWatch::offer(const Change& change, std::uint64_t number) {
  if (next_ != number) return;
  if (concerns(change)) {
    readable_.set();
  } else {
    next_ = number + 1;
    revision_ = std::max(revision_, change.revision);
  }
}

void CacheWatch::collect(std::vector<CacheEvent>& events) {
  std::size_t bytes = 0;
  for (; next_ < cache_.window_end() && bytes < kWatchBatchBytes; ++next_) {
    const Change& change = *cache_.window_[next_ - cache_.window_first_];
    if (change.revision <= after_) continue;
    revision_ = change.revision;
    bool was = change.before && filter_.accepts(*change.before);
    bool is = change.after && filter_.accepts(*change.after);
    if (!was && !is) continue;
    CacheEvent event{EventType::Modified, change.after, change.revision};
    if (!was) event.type = EventType::Added;
    if (!is) {
      event.type = EventType::Deleted;
      if (!change.last) change.last = at_revision(*change.before, change.revision);
      event.object = change.last;
    }
    bytes += event.object->json()->size();
    events.push_back(std::move(event));
  }
}

void CacheWatch::end(Error error) {
  if (!ended_) ended_ = std::move(error);
  readable_.set();
}

rt::Task<Result<std::vector<CacheEvent>>> CacheWatch::next() {
  std::vector<CacheEvent> events;
  while (true) {
    if (next_ < cache_.window_first_)
      co_return fail(Reason::Expired, "too old resource version: the watch fell behind by more events than are kept for it");
    collect(events);
    if (!events.empty()) co_return events;
    if (ended_) co_return fail(*ended_);
    readable_.clear();
    co_await readable_.wait();
  }
}

DocumentPtr Cache::get(const ObjectKey& key) const {
  auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

void Cache::each(std::string_view ns, const ObjectKey* start_after, const Visit& visit) const {
  for (auto it = first_after(objects_, ns, start_after); it != objects_.end() && in_namespace(it->first, ns); ++it)
    if (!visit(it->second)) return;
}

Result<void> Cache::each_at(Revision revision, std::string_view ns, const ObjectKey* start_after, const Visit& visit) const {
  if (revision < std::max(window_start_, loaded_))
    return fail(Reason::Expired, "The resourceVersion for the provided list is too old.");
  // What the changes since then replaced: the first change of a key tells what was there before. Null: nothing was.
  std::map<ObjectKey, DocumentPtr> undone;
  for (auto it = after_revision(window_, revision); it != window_.end(); ++it) {
    const Change& change = **it;
    const ObjectKey& key = (change.before ? change.before : change.after)->key();
    if (in_namespace(key, ns) && (start_after == nullptr || *start_after < key)) undone.try_emplace(key, change.before);
  }
  auto past = undone.begin();
  auto now = first_after(objects_, ns, start_after);
  while (true) {
    bool more = now != objects_.end() && in_namespace(now->first, ns);
    if (past == undone.end() && !more) return {};
    if (past == undone.end() || (more && now->first < past->first)) {
      if (!visit(now->second)) return {};
      ++now;
      continue;
    }
    if (more && now->first == past->first) ++now;
    if (past->second && !visit(past->second)) return {};
    ++past;
  }
}

void Cache::hold(Revision revision) {
  rt::Instant now = loop_.clock().now();
  held_ = now < held_until_ ? std::min(held_, revision) : revision;
  held_until_ = now + kHoldTime;
}

Result<std::unique_ptr<CacheWatch>> Cache::watch(Filter filter, std::optional<Revision> after) {
  Revision start = after.value_or(revision_);
  if (start < window_start_)
    return fail(Reason::Expired,
                "too old resource version: " + std::to_string(start) + " (" + std::to_string(window_start_) + ")");
  auto first = static_cast<std::uint64_t>(after_revision(window_, start) - window_.begin());
  return std::unique_ptr<CacheWatch>(new CacheWatch(*this, std::move(filter), start, window_first_ + first));
}

Cache::Observation Cache::observe(Observer observer) {
  std::erase_if(observers_, [](const std::weak_ptr<const Observer>& old) { return old.expired(); });
  auto observation = std::make_shared<const Observer>(std::move(observer));
  observers_.push_back(observation);
  return observation;
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
  for (std::weak_ptr<const Observer>& observer : observers_)
    if (Observation observation = observer.lock()) (*observation)(*change);
  std::uint64_t number = window_end();
  for (CacheWatch* watch : watches_) watch->offer(*change, number);
  remember(std::move(change));
}

void Cache::trim() {
  auto over = [this](std::size_t bytes) { return window_.size() > limits::kWatchWindowEvents || window_bytes_ > bytes; };
  if (!over(kWindowBytes)) return;
  std::uint64_t needed = window_end() - 1;
  for (const CacheWatch* watch : watches_)
    if (watch->next_ >= window_first_) needed = std::min(needed, watch->next_);
  bool held = loop_.clock().now() < held_until_;
  while (over(kWindowBytes) && window_.size() > 1) {
    bool wanted = window_first_ >= needed || (held && window_.front()->revision > held_);
    if (wanted && !over(kWindowHardBytes)) break;
    window_start_ = window_.front()->revision;
    window_bytes_ -= weight(*window_.front());
    window_.pop_front();
    ++window_first_;
  }
}

void Cache::end_watches(const Error& error) {
  for (CacheWatch* watch : watches_) watch->end(error);
}

Caches::Caches(rt::Loop& loop, store::Store& store, std::span<const model::Kind> kinds) : store_(store) {
  for (const model::Kind& kind : kinds) {
    auto cache = std::make_unique<Cache>(kind, loop);
    by_kind_[&kind] = cache.get();
    by_prefix_[key_of(kind, {})].push_back(std::move(cache));
  }
}

std::string Caches::key_of(const model::Kind& kind, const ObjectKey& key) {
  const model::StorageForm* form = model::storage_form(kind);
  const model::Kind& stored = form == nullptr ? kind : *form->stored;
  std::string text = "/registry/";
  text.append(stored.gv.group).append("/").append(stored.plural).append("/");
  if (kind.namespaced && !key.ns.empty()) text.append(key.ns).append("/");
  return text.append(key.name);
}

Cache& Caches::of(const model::Kind& kind) { return *by_kind_.at(&kind); }

Caches::Family* Caches::family_of(std::string_view store_key) {
  // "/registry/<group>/<plural>/": three slashes behind the first.
  std::size_t end = 0;
  for (int i = 0; i < 4 && end != std::string_view::npos; ++i) end = store_key.find('/', i == 0 ? 0 : end + 1);
  if (end == std::string_view::npos) return nullptr;
  auto found = by_prefix_.find(store_key.substr(0, end + 1));
  return found == by_prefix_.end() ? nullptr : &found->second;
}

rt::Task<Result<void>> Caches::start() {
  store::ListOptions everything;
  everything.prefix = "/registry/";
  CO_TRY_ASSIGN(store::ListResult all, co_await store_.list(everything));
  for (const store::Entry& entry : all.entries) {
    if (Family* family = family_of(entry.key))
      for (auto& cache : *family) cache->load(read_stored(cache->kind(), entry.modified, *entry.value));
  }
  loaded_ = revision_ = all.revision;
  Revision start = store_.stats().compacted;
  for (auto& [kind, cache] : by_kind_) {
    cache->set_start(start);
    cache->set_loaded(revision_);
  }
  // History from before the list fills the windows, so that clients resume their watches over a restart.
  watch_ = store_.watch("/registry/", start,
                        {.on_events = [this](const std::vector<store::Event>& events) { on_events(events); },
                         .on_end =
                             [this](Error error) {
                               for (auto& [kind, cache] : by_kind_) cache->end_watches(error);
                             }});
  // A list is answered behind the watch's past, so when it returns the caches follow live.
  store::ListOptions nothing;
  nothing.prefix = "/";
  nothing.limit = 1;
  auto barrier = co_await store_.list(nothing);
  if (!barrier) co_return fail(std::move(barrier.error()));
  co_return Result<void>();
}

void Caches::feed(Cache& cache, const store::Event& event) {
  const model::Kind& kind = cache.kind();
  auto change = std::make_shared<Change>();
  change->revision = event.revision;
  if (event.value) change->after = read_stored(kind, event.revision, *event.value);
  if (event.revision <= loaded_) {
    if (event.previous) change->before = read_stored(kind, event.revision, *event.previous);
    if (!event.value) change->last = change->before;
    cache.remember(std::move(change));
    return;
  }
  if (event.previous) {
    model::ObjectKey key = change->after ? change->after->key() : model::ObjectKey();
    if (!change->after) {
      change->last = read_stored(kind, event.revision, *event.previous);
      key = change->last->key();
    }
    change->before = cache.get(key);
    CHECK(change->before != nullptr);
  }
  cache.apply(std::move(change));
}

void Caches::on_events(const std::vector<store::Event>& events) {
  for (const store::Event& event : events)
    if (Family* family = family_of(event.key))
      for (auto& cache : *family) feed(*cache, event);
  if (events.empty()) return;
  revision_ = std::max(revision_, events.back().revision);
  for (auto& [kind, cache] : by_kind_) cache->set_revision(revision_);
}

void Caches::shutdown() {
  for (auto& [kind, cache] : by_kind_)
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
