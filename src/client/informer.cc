#include "client/informer.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/check.h"
#include "codec/tree.h"

namespace charon::client {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kBackOffMin = 200ms;
constexpr rt::Duration kBackOffMax = 30s;
constexpr rt::Duration kShortWatch = 1s;  // one that ends before and brought nothing is a failure: a server that ends

const std::string kOwnerIndex = "owner-uid";

}  // namespace

std::vector<std::string> owner_uids(const model::Document& document) {
  std::vector<std::string> uids;
  // Most objects have no owner; parsing is only for those that do.
  if (!document.json() || document.json()->find("\"ownerReferences\"") == std::string::npos) return uids;
  const codec::Value tree = document.tree();
  const codec::Value* owners = codec::find_path(tree, {"metadata", "ownerReferences"});
  if (owners == nullptr || !owners->is_array()) return uids;
  for (const codec::Value& owner : owners->get_array()) uids.emplace_back(codec::string_at(owner, "uid"));
  return uids;
}

// --- Informer: feeding ---

Informer::Informer(rt::Loop& loop, rt::Random& random, Transport& transport, const model::Kind& kind, ListOptions options)
    : loop_(loop),
      random_(random),
      transport_(transport),
      kind_(&kind),
      options_(std::move(options)),
      synced_(loop),
      scope_(loop) {
  add_index(kOwnerIndex, owner_uids);
}

Informer::~Informer() = default;

void Informer::start() {
  ENSURE(scope_.size() == 0);
  scope_.spawn(run());
}

void Informer::stop() {
  scope_.cancel();
  store_.clear();
  for (auto& [name, index] : indexes_) index.keys.clear();
  synced_.set();
  advance(std::numeric_limits<model::Revision>::max());
}

rt::Task<void> Informer::run() {
  while (true) {
    Result<void> outcome;
    if (must_list_) {
      outcome = co_await list_all();
    } else {
      outcome = co_await watch_once();
    }
    if (outcome) {
      failures_in_row_ = 0;
      continue;
    }
    const Reason reason = outcome.error().reason;
    if (reason == Reason::Expired || reason == Reason::Gone) must_list_ = true;
    ++stats_.failures;
    ++failures_in_row_;
    co_await back_off();
  }
}

rt::Task<Result<void>> Informer::list_all() {
  ++stats_.lists;
  auto listed = co_await transport_.list({kind_}, options_);
  if (!listed) co_return fail(std::move(listed.error()));
  replace_all(*std::move(listed));
  must_list_ = false;
  synced_.set();
  co_return Result<void>();
}

// Returns when the watch ended: well, or with the error that ended it.
rt::Task<Result<void>> Informer::watch_once() {
  ++stats_.watches;
  auto opened = co_await transport_.watch({kind_}, options_, revision_);
  if (!opened) co_return fail(std::move(opened.error()));
  const std::unique_ptr<WatchStream> stream = *std::move(opened);
  const rt::Instant began = loop_.clock().now();
  bool any = false;
  while (true) {
    auto batch = co_await stream->next();
    if (!batch) {
      // A watch that brought something, or lasted, is progress: try again at once, then with back-off.
      const bool lasted = loop_.clock().now() - began >= kShortWatch;
      if (batch.error().reason == Reason::Timeout && (any || lasted)) co_return Result<void>();
      if (any) failures_in_row_ = 0;
      co_return fail(std::move(batch.error()));
    }
    any = true;
    for (const WatchEvent& event : *batch) apply(event);
  }
}

rt::Task<void> Informer::back_off() {
  rt::Duration delay = kBackOffMin;
  for (int i = 1; i < failures_in_row_ && delay < kBackOffMax; ++i) delay *= 2;
  delay = std::min(delay, kBackOffMax);
  // Up to half more, so that many informers do not come back together.
  delay += std::chrono::duration_cast<rt::Duration>(delay * (random_.unit() / 2));
  co_await rt::sleep(loop_, delay);
}

void Informer::replace_all(ListResult listed) {
  std::set<model::ObjectKey> kept;
  for (const model::DocumentPtr& document : listed.items) kept.insert(document->key());
  std::vector<model::DocumentPtr> gone;
  for (const auto& [key, document] : store_)
    if (!kept.contains(key)) gone.push_back(document);
  for (const model::DocumentPtr& document : gone) erase(document);
  for (const model::DocumentPtr& document : listed.items) put(document);
  advance(listed.revision);
}

void Informer::apply(const WatchEvent& event) {
  ++stats_.events;
  switch (event.type) {
    case EventType::Added:
    case EventType::Modified:
      put(event.object);
      break;
    case EventType::Deleted:
      erase(event.object);
      break;
    case EventType::Bookmark:
      break;
  }
  advance(event.revision != 0 || !event.object ? event.revision : event.object->revision());
}

void Informer::put(const model::DocumentPtr& document) {
  auto& place = store_[document->key()];
  const model::DocumentPtr before = std::exchange(place, document);
  if (before && before->revision() == document->revision() && before->uid() == document->uid()) return;
  if (before) unindex(*before);
  index(*document);
  // The object was deleted and made anew between two looks: both changes are reported.
  const bool replaced = before && before->uid() != document->uid();
  for (const auto& [id, handlers] : *handlers_) {
    if (replaced && handlers.deleted) handlers.deleted(before);
    if ((!before || replaced) && handlers.added) handlers.added(document);
    if (before && !replaced && handlers.updated) handlers.updated(before, document);
  }
}

void Informer::erase(const model::DocumentPtr& last) {
  const auto place = store_.find(last->key());
  if (place == store_.end()) return;
  unindex(*place->second);
  store_.erase(place);
  for (const auto& [id, handlers] : *handlers_)
    if (handlers.deleted) handlers.deleted(last);
}

void Informer::index(const model::Document& document) {
  for (auto& [name, index] : indexes_)
    for (std::string& value : index.function(document)) index.keys[std::move(value)].insert(document.key());
}

void Informer::unindex(const model::Document& document) {
  for (auto& [name, index] : indexes_) {
    for (const std::string& value : index.function(document)) {
      const auto place = index.keys.find(value);
      if (place == index.keys.end()) continue;
      place->second.erase(document.key());
      if (place->second.empty()) index.keys.erase(place);
    }
  }
}

void Informer::advance(model::Revision revision) {
  revision_ = std::max(revision_, revision);
  while (!revision_waiters_.empty() && revision_waiters_.begin()->first <= revision_) {
    revision_waiters_.begin()->second->set();
    revision_waiters_.erase(revision_waiters_.begin());
  }
}

// --- Informer: waiting and reading ---

rt::Task<void> Informer::wait_synced() { co_await synced_.wait(); }

rt::Task<void> Informer::wait_revision(model::Revision revision) {
  if (revision_ >= revision) co_return;
  auto reached = std::make_shared<rt::Event>(loop_);
  revision_waiters_.emplace(revision, reached);
  co_await reached->wait();
}

model::DocumentPtr Informer::document(const model::ObjectKey& key) const {
  const auto place = store_.find(key);
  return place == store_.end() ? nullptr : place->second;
}

std::vector<model::DocumentPtr> Informer::documents(std::string_view ns) const {
  std::vector<model::DocumentPtr> found;
  if (ns.empty()) {
    found.reserve(store_.size());
    for (const auto& [key, document] : store_) found.push_back(document);
    return found;
  }
  for (auto place = store_.lower_bound({std::string(ns), ""}); place != store_.end() && place->first.ns == ns; ++place)
    found.push_back(place->second);
  return found;
}

std::vector<model::DocumentPtr> Informer::look_up(const std::set<model::ObjectKey>& keys) const {
  std::vector<model::DocumentPtr> found;
  found.reserve(keys.size());
  for (const model::ObjectKey& key : keys) found.push_back(store_.at(key));
  return found;
}

std::vector<model::DocumentPtr> Informer::documents_owned_by(std::string_view uid) const {
  return documents_by(kOwnerIndex, uid);
}

std::vector<model::DocumentPtr> Informer::documents_by(std::string_view index, std::string_view value) const {
  const auto place = indexes_.find(index);
  ENSURE(place != indexes_.end());
  const auto keys = place->second.keys.find(value);
  if (keys == place->second.keys.end()) return {};
  return look_up(keys->second);
}

void Informer::add_index(std::string name, IndexFunction function) {
  const auto [place, fresh] = indexes_.try_emplace(std::move(name));
  if (!fresh) return;
  place->second.function = std::move(function);
  for (const auto& [key, document] : store_)
    for (std::string& value : place->second.function(*document)) place->second.keys[std::move(value)].insert(key);
}

// --- Informer: following ---

Informer::Subscription Informer::subscribe(InformerHandlers handlers) {
  if (handlers.added)
    for (const auto& [key, document] : store_) handlers.added(document);
  Subscription subscription;
  subscription.handlers_ = handlers_;
  subscription.id_ = next_handler_++;
  handlers_->emplace(subscription.id_, std::move(handlers));
  return subscription;
}

Informer::Subscription::Subscription(Subscription&& other) noexcept : handlers_(std::move(other.handlers_)), id_(other.id_) {}

Informer::Subscription& Informer::Subscription::operator=(Subscription&& other) noexcept {
  handlers_.swap(other.handlers_);
  std::swap(id_, other.id_);
  return *this;
}

Informer::Subscription::~Subscription() {
  if (const auto handlers = handlers_.lock()) handlers->erase(id_);
}

// --- InformerSet ---

InformerSet::InformerSet(rt::Loop& loop, rt::Random& random, Transport& transport)
    : loop_(loop), random_(random), transport_(transport) {}

InformerSet::~InformerSet() = default;

std::shared_ptr<Informer> InformerSet::share(const model::Kind& kind) {
  std::shared_ptr<Informer>& place = informers_[&kind];
  if (!place) {
    place = std::make_shared<Informer>(loop_, random_, transport_, kind);
    place->start();
  }
  return place;
}

Informer& InformerSet::of(const model::Kind& kind) { return *share(kind); }

Informer* InformerSet::find(const model::Kind& kind) const {
  const auto place = informers_.find(&kind);
  return place == informers_.end() ? nullptr : place->second.get();
}

void InformerSet::drop(const model::Kind& kind) {
  const auto place = informers_.find(&kind);
  if (place == informers_.end()) return;
  place->second->stop();
  informers_.erase(place);
}

rt::Task<void> InformerSet::wait_synced() {
  std::vector<std::shared_ptr<Informer>> all;
  for (const auto& [kind, informer] : informers_) all.push_back(informer);
  for (const auto& informer : all) co_await informer->wait_synced();
}

}  // namespace charon::client
