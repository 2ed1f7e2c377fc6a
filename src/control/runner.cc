#include "control/runner.h"

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/check.h"
#include "codec/tree.h"
#include "rt/timeout.h"

namespace charon::control {
namespace {

void replace_word(std::string& text, std::string_view word, std::string_view with) {
  const std::size_t at = text.find(word);
  if (at != std::string::npos) text.replace(at, word.size(), with);
}

bool terminating(const model::Document& document) {
  return document.json()->find("\"deletionTimestamp\"") != std::string::npos;
}

// Whether a cache does not show yet that the object was deleted. Other changes of it may well come in between.
bool still_there(const model::DocumentPtr& document, std::string_view uid) {
  return document != nullptr && document->uid() == uid && !terminating(*document);
}

// The call may have had its effect all the same.
bool is_uncertain(const Error& error) {
  return error.reason == Reason::Timeout || error.reason == Reason::ServerTimeout ||
         error.reason == Reason::ServiceUnavailable || error.reason == Reason::InternalError || error.reason == Reason::Unknown;
}

bool controlled_by(const model::Document& document, std::string_view uid) {
  const codec::Value tree = document.tree();
  const codec::Value* references = codec::find_path(tree, {"metadata", "ownerReferences"});
  if (references == nullptr || !references->is_array()) return false;
  return std::ranges::any_of(references->get_array(), [uid](const codec::Value& reference) {
    return codec::string_at(reference, "uid") == uid && codec::bool_at(reference, "controller").value_or(false);
  });
}

rt::Task<bool> wait_revision(std::shared_ptr<client::Informer> informer, model::Revision revision) {
  co_await informer->wait_revision(revision);
  co_return true;
}

rt::Task<void> store_outcome(Result<void>* place, rt::Task<Result<void>> task) { *place = co_await task; }

rt::Task<Result<void>> run_batch(rt::Loop& loop, std::vector<rt::Task<Result<void>>> tasks) {
  std::vector<Result<void>> results(tasks.size());
  rt::Scope scope(loop);
  for (std::size_t i = 0; i < tasks.size(); ++i) scope.spawn(store_outcome(&results[i], std::move(tasks[i])));
  co_await scope.drained();
  for (Result<void>& result : results)
    if (!result) co_return std::move(result);
  co_return Result<void>();
}

}  // namespace

// What the caches must show before the key is looked at again.
struct Runner::Expectations {
  std::map<model::KindRef, model::Revision> revisions;
  struct Removal {
    model::KindRef kind;
    model::ObjectKey key;
    std::string uid;
  };
  std::vector<Removal> removals;
};

Runner::Runner(rt::Loop& loop, client::InformerSet& informers, client::Transport& transport,
               std::unique_ptr<Controller> controller, Metrics* metrics)
    : loop_(loop),
      informers_(informers),
      transport_(transport),
      controller_(std::move(controller)),
      view_(informers),
      queue_(metrics != nullptr ? WorkQueue(loop, *metrics, controller_->queue_name()) : WorkQueue(loop)),
      events_(loop, transport, std::string(controller_->name())),
      scope_(loop) {}

Runner::~Runner() = default;

void Runner::start() { scope_.spawn(run()); }

const Error* Runner::failure(const Key& key) const {
  const auto place = failures_.find(key);
  return place == failures_.end() ? nullptr : &place->second;
}

rt::Task<void> Runner::run() {
  std::vector<std::shared_ptr<client::Informer>> needed;
  for (const Watch& watch : controller_->watches()) needed.push_back(informers_.share(*watch.kind));
  for (const model::Kind* kind : controller_->reads()) needed.push_back(informers_.share(*kind));
  for (const Index& index : controller_->indexes()) {
    needed.push_back(informers_.share(*index.kind));
    needed.back()->add_index(index.name, index.function);
  }
  for (const auto& informer : needed) co_await informer->wait_synced();
  needed.clear();
  follow_watches();
  if (const model::KindRegistry* kinds = controller_->kinds()) kinds_ = kinds->listen([this] { follow_watches(); });
  for (int i = 0; i < controller_->workers(); ++i) scope_.spawn(work());
}

// Subscribes to what the controller watches now and did not before, and ends what it watches no more.
void Runner::follow_watches() {
  std::vector<Watch> wanted = controller_->watches();
  std::vector<model::KindRef> gone;
  std::erase_if(followed_, [&](const auto& followed) {
    const model::KindRef kind = followed->watch.kind;
    const bool kept = std::ranges::any_of(wanted, [&](const Watch& watch) { return watch.kind == kind; });
    if (!kept) gone.push_back(kind);
    return !kept;
  });
  for (const model::KindRef& kind : gone) informers_.drop(*kind);
  std::set<model::KindRef> before;
  for (const auto& followed : followed_) before.insert(followed->watch.kind);
  for (Watch& watch : wanted)
    if (!before.contains(watch.kind)) subscribe(std::move(watch));
}

void Runner::subscribe(Watch watch) {
  Followed& followed = *followed_.emplace_back(std::make_unique<Followed>(std::move(watch)));
  client::InformerHandlers handlers;
  const Watch& place = followed.watch;
  handlers.added = [this, &place](const model::DocumentPtr& now) { note_change(place, {*place.kind, nullptr, now}); };
  handlers.updated = [this, &place](const model::DocumentPtr& before, const model::DocumentPtr& now) {
    note_change(place, {*place.kind, before, now});
  };
  handlers.deleted = [this, &place](const model::DocumentPtr& last) { note_change(place, {*place.kind, last, nullptr}); };
  followed.subscription = informers_.of(*place.kind).subscribe(std::move(handlers));
}

void Runner::note_change(const Watch& watch, Change change) {
  std::vector<Key> keys;
  watch.map(change, view_, keys);
  for (const Key& key : keys) queue_.add(key);
}

rt::Task<void> Runner::work() {
  while (true) {
    const Key key = co_await queue_.take();
    co_await reconcile(key);
    queue_.done(key);
  }
}

rt::Task<void> Runner::reconcile(Key key) {
  const rt::Instant started = loop_.clock().now();
  ++stats_.reconciles;
  Request request{key, std::nullopt, nullptr};
  if (const Error* failure = this->failure(key)) request.failure = *failure;
  if (const auto memory = memories_.find(key); memory != memories_.end()) request.memory = memory->second;

  Plan plan;
  Result<void> outcome;
  try {
    request.answers = co_await controller_->ask(request, view_);
    plan = controller_->reconcile(request, view_, loop_.clock().wall());
  } catch (const BrokenInvariant& broken) {
    ++stats_.broken;
    outcome = fail(Reason::InternalError, broken.what());
  }
  if (plan.memory) {
    memories_[key] = std::move(plan.memory);
  } else {
    memories_.erase(key);
  }
  auto expected = std::make_shared<Expectations>();
  if (outcome) outcome = co_await carry_out(std::move(plan.writes), expected);
  stats_.reconcile_time += loop_.clock().now() - started;
  co_await wait_visible(expected);

  if (outcome) {
    for (EventNote& note : plan.events) events_.record(std::move(note));
    failures_.erase(key);
    queue_.forget(key);
    if (plan.requeue_after) queue_.add_after(key, *plan.requeue_after);
  } else {
    ++stats_.failures;
    failures_.insert_or_assign(key, std::move(outcome.error()));
    queue_.add_rate_limited(key);
  }
}

// Stage after stage; within one, batches that double while all goes well.
rt::Task<Result<void>> Runner::carry_out(std::vector<Write> writes, std::shared_ptr<Expectations> expected) {
  std::map<int, std::vector<Write>> stages;
  for (Write& write : writes) stages[write.stage].push_back(std::move(write));
  for (auto& [number, stage] : stages) {
    std::size_t batch = 1;
    for (std::size_t next = 0; next < stage.size(); batch = std::min<std::size_t>(batch * 2, kBatchLimit)) {
      std::vector<rt::Task<Result<void>>> tasks;
      while (next < stage.size() && tasks.size() < batch) tasks.push_back(perform(std::move(stage[next++]), expected));
      Result<void> outcome = co_await run_batch(loop_, std::move(tasks));
      if (!outcome) co_return outcome;
    }
  }
  co_return Result<void>();
}

rt::Task<Result<model::DocumentPtr>> Runner::send(const Write& write) {
  switch (write.verb) {
    case Write::Verb::Create:
      return transport_.create(write.resource, write.key.ns, write.body);
    case Write::Verb::Update:
      return transport_.update(write.resource, write.key, write.body);
    case Write::Verb::Patch:
      return transport_.patch(write.resource, write.key, write.patch_type, write.body);
    case Write::Verb::Delete:
      return transport_.remove(write.resource, write.key, write.delete_options);
    case Write::Verb::ExpectGone:
    case Write::Verb::ExpectNone:
    case Write::Verb::ExpectAllowed:
      break;
  }
  std::unreachable();
}

rt::Task<Result<void>> Runner::expect_gone(Write write) {
  auto found = co_await transport_.get(write.resource, write.key);
  if (!found && found.error().reason == Reason::NotFound) co_return Result<void>();
  if (!found) co_return fail(std::move(found.error()));
  const std::string& uid = write.delete_options.uid;
  if (!uid.empty() && (*found)->uid() != uid) co_return Result<void>();
  co_return fail(Reason::Conflict, write.resource.kind->group_resource() + " \"" + write.key.name + "\" still exists");
}

rt::Task<Result<void>> Runner::expect_none(Write write) {
  auto found = co_await transport_.list(write.resource, client::ListOptions{write.key.ns, {}, {}});
  if (!found) co_return fail(std::move(found.error()));
  if (found->items.empty()) co_return Result<void>();
  co_return fail(Reason::Conflict, "namespace \"" + write.key.ns + "\" still has " + write.resource.kind->group_resource());
}

rt::Task<Result<void>> Runner::expect_allowed(Write write) {
  if (!write.body.is_array()) co_return fail(Reason::InternalError, "nothing is asked");
  for (codec::Value& question : write.body.get_array()) {
    CO_TRY_ASSIGN(model::DocumentPtr answer, co_await transport_.create(write.resource, {}, std::move(question)));
    const codec::Value tree = answer->tree();
    const codec::Value* allowed = codec::find_path(tree, {"status", "allowed"});
    if (allowed != nullptr && allowed->is_bool() && allowed->get_bool()) co_return Result<void>();
  }
  co_return fail(Reason::Forbidden, "the subject access review was not approved");
}

rt::Task<Result<void>> Runner::perform(Write write, std::shared_ptr<Expectations> expected) {
  if (write.verb == Write::Verb::ExpectGone) co_return co_await expect_gone(std::move(write));
  if (write.verb == Write::Verb::ExpectNone) co_return co_await expect_none(std::move(write));
  if (write.verb == Write::Verb::ExpectAllowed) co_return co_await expect_allowed(std::move(write));
  ++stats_.writes;
  client::Informer* informer = informers_.find(*write.resource.kind);
  const model::DocumentPtr before = informer != nullptr ? informer->document(write.key) : nullptr;
  rt::Task<Result<model::DocumentPtr>> sending = send(write);
  Result<model::DocumentPtr> outcome = co_await sending;

  if (!outcome && write.verb == Write::Verb::Delete && before && is_uncertain(outcome.error())) {
    // Only the answer may be lost. A plan that took the object for still there would delete another one in its stead.
    auto now = co_await transport_.get(write.resource, write.key);
    const bool gone = now ? !still_there(*now, before->uid()) : now.error().reason == Reason::NotFound;
    if (gone) outcome = before;
  }

  if (!outcome && outcome.error().reason == Reason::NotFound && write.missing_is_fine) co_return Result<void>();
  if (!outcome && outcome.error().reason == Reason::AlreadyExists && write.exists_is_fine) co_return Result<void>();
  if (!outcome && outcome.error().reason == Reason::AlreadyExists && write.verb == Write::Verb::Create &&
      !write.owner_uid.empty()) {
    auto existing = co_await transport_.get(write.resource, write.key);
    if (existing && controlled_by(**existing, write.owner_uid) && !terminating(**existing)) outcome = std::move(existing);
  }
  if (!outcome) {
    if (write.on_failure) {
      replace_word(write.on_failure->message, "{error}", outcome.error().message);
      events_.record(*std::move(write.on_failure));
    }
    co_return fail(std::move(outcome.error()));
  }
  const model::DocumentPtr& document = *outcome;
  if (write.on_success) {
    replace_word(write.on_success->message, "{name}", document ? document->key().name : write.key.name);
    events_.record(*std::move(write.on_success));
  }
  if (informer == nullptr) co_return Result<void>();
  if (write.verb == Write::Verb::Delete) {
    // The one that was terminating already may not change by this.
    if (before && !terminating(*before)) expected->removals.push_back({write.resource.kind, write.key, before->uid()});
  } else if (document && model::KindRef(&document->kind()) == write.resource.kind) {
    model::Revision& revision = expected->revisions[write.resource.kind];
    revision = std::max(revision, document->revision());
  }
  co_return Result<void>();
}

rt::Task<void> Runner::wait_visible(std::shared_ptr<Expectations> expected) {
  const rt::Instant limit = loop_.clock().now() + kVisibilityTimeout;
  for (const auto& [kind, revision] : expected->revisions) {
    auto seen = co_await reach(informers_.share(*kind), revision, limit);
    if (!seen) ++stats_.visibility_timeouts;
  }
  for (const Expectations::Removal& removal : expected->removals) {
    const std::shared_ptr<client::Informer> informer = informers_.share(*removal.kind);
    while (still_there(informer->document(removal.key), removal.uid)) {
      auto moved = co_await reach(informer, informer->revision() + 1, limit);
      if (moved) continue;
      ++stats_.visibility_timeouts;
      break;
    }
  }
}

// Whether the kind's cache comes to the revision before `limit`.
rt::Task<bool> Runner::reach(std::shared_ptr<client::Informer> informer, model::Revision revision, rt::Instant limit) {
  if (informer->revision() >= revision) co_return true;
  const rt::Duration left = std::max(limit - loop_.clock().now(), rt::Duration(1));
  auto reached = co_await rt::with_timeout(loop_, left, wait_revision(informer, revision));
  co_return reached.has_value();
}

}  // namespace charon::control
