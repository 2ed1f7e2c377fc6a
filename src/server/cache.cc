#include "server/cache.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "codec/json.h"
#include "codec/tree.h"
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

DocumentPtr as_document(const model::Kind& kind, Revision revision, const codec::Value& tree) {
  std::string json;
  schema::append_canonical_json(*kind.type, tree, json);
  return model::Document::from_json(kind, revision, with_resource_version(json, revision));
}

// A stored value as a Document of `kind`, which may be another view than the one it is stored as.
DocumentPtr read_as(const model::Kind& kind, Revision revision, const std::string& stored) {
  const model::StorageForm* form = model::storage_form(kind);
  if (form == nullptr) return model::Document::from_json(kind, revision, with_resource_version(stored, revision));
  auto tree = codec::parse_json(stored);
  CHECK(tree.has_value());
  return as_document(kind, revision, form->from_stored(*tree));
}

// A stored value as a Document of the version that it is stored as; of `kind` when that is no version any more.
DocumentPtr read_as_stored(const Caches::Versions& versions, const model::Kind& kind, Revision revision,
                           const std::string& stored) {
  auto tree = codec::parse_json(stored);
  CHECK(tree.has_value());
  std::string_view version = codec::string_at(*tree, "apiVersion");
  auto place = std::ranges::find_if(versions, [&](const auto& each) { return each->gv.text() == version; });
  const model::Kind& own = place == versions.end() ? kind : **place;
  return as_document(own, revision, model::storage_form(own)->from_stored(*tree));
}

bool in_namespace(const ObjectKey& key, std::string_view ns) { return ns.empty() || key.ns == ns; }

// The first key of the namespace that comes after `start_after`.
template <class Objects>
auto first_after(const Objects& objects, std::string_view ns, const ObjectKey* start_after) {
  if (start_after != nullptr && start_after->ns >= ns) return objects.upper_bound(*start_after);
  return ns.empty() ? objects.begin() : objects.lower_bound(ObjectKey{std::string(ns), ""});
}

Error shutting_down() { return {Reason::Timeout, "the server is shutting down; watch again", nullptr}; }

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
    CacheEvent event{EventType::Modified, change.after, change.revision, change.before};
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
  std::unique_ptr<CacheWatch> watch(new CacheWatch(*this, std::move(filter), start, window_first_ + first));
  if (closed_) watch->end(*closed_);
  return watch;
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

void Cache::close(const Error& error) {
  closed_ = error;
  end_watches(error);
}

void Cache::clear() {
  objects_.clear();
  window_first_ = window_end();
  window_.clear();
  window_bytes_ = 0;
}

Caches::Caches(rt::Loop& loop, store::Store& store, model::KindRegistry& kinds) : loop_(loop), store_(store), kinds_(kinds) {
  for (const model::Kind& kind : model::builtin_kinds()) {
    auto cache = std::make_unique<Cache>(kind, loop);
    by_kind_[&kind] = cache.get();
    by_prefix_[key_of(kind, {})].caches.push_back(std::move(cache));
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

Cache& Caches::of(const model::Kind& kind) {
  if (auto found = by_kind_.find(&kind); found != by_kind_.end()) return *found->second;
  const model::KindRef wanted(&kind);
  if (Family* family = family_of(key_of(kind, {}))) {
    if (family->has(wanted)) return *family->caches.front();
    for (auto& cache : family->caches)
      if (model::KindRef(&cache->kind()) == wanted) return *cache;
  }
  auto place = std::ranges::find_if(retired_, [&](const auto& cache) { return model::KindRef(&cache->kind()) == wanted; });
  // Of a request or document that outlived its definition: there is nothing any more.
  if (place == retired_.end()) return *retired_.emplace_back(make(kind));
  return **place;
}

bool Caches::serves(const model::Kind& kind) const {
  if (!kind.custom) return true;
  const model::KindRef wanted(&kind);
  const Family* family = family_of(key_of(kind, {}));
  if (family == nullptr) return false;
  return family->has(wanted) ||
         std::ranges::any_of(family->caches, [&](const auto& cache) { return model::KindRef(&cache->kind()) == wanted; });
}

bool Caches::Family::has(const model::KindRef& kind) const {
  return std::ranges::any_of(versions, [&](const auto& version) { return model::KindRef(version.get()) == kind; });
}

void Caches::add(const Versions& versions) {
  CHECK(!versions.empty());
  release_retired();
  Family& family = by_prefix_[key_of(*versions.front(), {})];
  std::vector<std::unique_ptr<Cache>> before = std::exchange(family.caches, {});
  const bool converted = model::converter_of(*versions.front()) != nullptr;
  const bool was_converted = !family.versions.empty();
  family.versions = converted ? versions : Versions();
  for (const auto& version : versions) {
    if (converted && version.get() != version->storage->stored) continue;
    const model::KindRef wanted(version.get());
    auto place = std::ranges::find_if(before, [&](const auto& cache) {
      if (!cache || (was_converted && !converted)) return false;  // what its window remembers is of several versions
      return was_converted || model::KindRef(&cache->kind()) == wanted;
    });
    std::unique_ptr<Cache> cache = place == before.end() ? make(*version) : std::move(*place);
    cache->set_kind(*version);
    if (place == before.end()) {
      cache->set_start(revision_);
      cache->set_loaded(revision_);
      cache->loading = watch_ != nullptr;
    }
    family.caches.push_back(std::move(cache));
  }
  for (auto& cache : before)
    if (cache) retire(std::move(cache), Error{Reason::Expired, "this version is served no more", nullptr});
}

rt::Task<Result<void>> Caches::replace(Versions versions) {
  add(versions);
  store::ListOptions options;
  options.prefix = key_of(*versions.front(), {});
  auto listed = co_await store_.list(options);
  auto found = by_prefix_.find(options.prefix);
  if (found == by_prefix_.end()) co_return Result<void>();  // removed meanwhile
  if (!listed) co_return fail(std::move(listed.error()));
  Family& family = found->second;
  for (auto& cache : family.caches) {
    for (const store::Entry& entry : listed->entries) {
      DocumentPtr document = read(family, *cache, entry.modified, *entry.value);
      // One that follows the store has what is newer than the list, and the watchers are told of it.
      DocumentPtr there = cache->get(document->key());
      if (cache->loading || (there && there->revision() == document->revision())) cache->load(std::move(document));
    }
    if (!std::exchange(cache->loading, false)) continue;
    for (const store::Event& event : family.held_back)
      if (event.revision > listed->revision) feed(family, *cache, event);
    cache->set_start(listed->revision);
    cache->set_loaded(std::max(listed->revision, revision_));
  }
  family.held_back.clear();
  co_return Result<void>();
}

void Caches::remove(const model::Kind& version) {
  auto found = by_prefix_.find(key_of(version, {}));
  if (found == by_prefix_.end()) return;
  Family family = std::move(found->second);
  by_prefix_.erase(found);
  for (auto& cache : family.caches) retire(std::move(cache), Error{Reason::Expired, "the resource is served no more", nullptr});
  release_retired();
}

std::unique_ptr<Cache> Caches::make(const model::Kind& kind) {
  auto cache = std::make_unique<Cache>(kind, loop_);
  if (shut_down_) cache->close(shutting_down());
  return cache;
}

void Caches::retire(std::unique_ptr<Cache> cache, const Error& error) {
  cache->end_watches(error);
  cache->clear();
  retired_.push_back(std::move(cache));
}

void Caches::release_retired() {
  std::erase_if(retired_, [](const auto& cache) { return cache->watches() == 0 && cache->kind().self.use_count() <= 1; });
}

Caches::Family* Caches::family_of(std::string_view store_key) {
  return const_cast<Family*>(std::as_const(*this).family_of(store_key));
}

const Caches::Family* Caches::family_of(std::string_view store_key) const {
  // "/registry/<group>/<plural>/": three slashes behind the first.
  std::size_t end = 0;
  for (int i = 0; i < 4 && end != std::string_view::npos; ++i) end = store_key.find('/', i == 0 ? 0 : end + 1);
  if (end == std::string_view::npos) return nullptr;
  auto found = by_prefix_.find(store_key.substr(0, end + 1));
  return found == by_prefix_.end() ? nullptr : &found->second;
}

rt::Task<Result<void>> Caches::start(std::function<void()> definitions_loaded) {
  store::ListOptions everything;
  everything.prefix = "/registry/";
  CO_TRY_ASSIGN(store::ListResult all, co_await store_.list(everything));
  std::vector<const store::Entry*> custom;
  for (const store::Entry& entry : all.entries) {
    if (Family* family = family_of(entry.key)) {
      load(*family, entry);
    } else {
      custom.push_back(&entry);
    }
  }
  if (definitions_loaded) definitions_loaded();
  for (const store::Entry* entry : custom)
    if (Family* family = family_of(entry->key)) load(*family, *entry);
  loaded_ = revision_ = all.revision;
  Revision start = store_.stats().compacted;
  each_cache([&](Cache& cache) {
    cache.set_start(start);
    cache.set_loaded(revision_);
  });
  // History from before the list fills the windows, so that clients resume their watches over a restart.
  watch_ = store_.watch("/registry/", start,
                        {.on_events = [this](const std::vector<store::Event>& events) { on_events(events); },
                         .on_end = [this](Error error) { each_cache([&](Cache& cache) { cache.end_watches(error); }); }});
  // A list is answered behind the watch's past, so when it returns the caches follow live.
  store::ListOptions nothing;
  nothing.prefix = "/";
  nothing.limit = 1;
  auto barrier = co_await store_.list(nothing);
  if (!barrier) co_return fail(std::move(barrier.error()));
  co_return Result<void>();
}

void Caches::load(Family& family, const store::Entry& entry) {
  for (auto& cache : family.caches) cache->load(read(family, *cache, entry.modified, *entry.value));
}

DocumentPtr Caches::read(const Family& family, const Cache& cache, Revision revision, const std::string& stored) {
  return family.versions.empty() ? read_as(cache.kind(), revision, stored)
                                 : read_as_stored(family.versions, cache.kind(), revision, stored);
}

void Caches::feed(const Family& family, Cache& cache, const store::Event& event) {
  auto change = std::make_shared<Change>();
  change->revision = event.revision;
  if (event.value) change->after = read(family, cache, event.revision, *event.value);
  if (event.revision <= loaded_) {
    if (event.previous) change->before = read(family, cache, event.revision, *event.previous);
    if (!event.value) change->last = change->before;
    cache.remember(std::move(change));
    return;
  }
  if (event.previous) {
    model::ObjectKey key = change->after ? change->after->key() : model::ObjectKey();
    if (!change->after) {
      change->last = read(family, cache, event.revision, *event.previous);
      key = change->last->key();
    }
    change->before = cache.get(key);
    CHECK(change->before != nullptr);
  }
  cache.apply(std::move(change));
}

void Caches::on_events(const std::vector<store::Event>& events) {
  for (const store::Event& event : events) {
    Family* family = family_of(event.key);
    if (family == nullptr) continue;
    bool loading = false;
    for (auto& cache : family->caches) {
      loading = loading || cache->loading;
      if (!cache->loading) feed(*family, *cache, event);
    }
    if (loading) family->held_back.push_back(event);
  }
  if (events.empty()) return;
  revision_ = std::max(revision_, events.back().revision);
  each_cache([&](Cache& cache) { cache.set_revision(revision_); });
}

void Caches::shutdown() {
  shut_down_ = true;
  each_cache([](Cache& cache) { cache.close(shutting_down()); });
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

DocumentPtr at_revision(const model::Document& document, Revision revision) {
  std::string json = *document.json();
  std::string old_member = "\"resourceVersion\":\"" + std::to_string(document.revision()) + "\"";
  std::size_t place = json.find(old_member);
  CHECK(place != std::string::npos);
  json.replace(place, old_member.size(), "\"resourceVersion\":\"" + std::to_string(revision) + "\"");
  return model::Document::from_json(document.kind(), revision, share(std::move(json)));
}

}  // namespace charon::server
