#include "server/crd/definitions.h"

#include <boost/json.hpp>
#include <chrono>

#include "codec/tree.h"
#include "server/crd/definition.h"
#include "server/crd/names.h"
#include "server/own_request.h"

namespace charon::server::crd {

using codec::Value;

namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kRetry = 1s;
// Objects that wait for their own finalizers are looked at so often.
constexpr rt::Duration kCleanUpPoll = 1s;
constexpr std::string_view kApproval = "api-approved.kubernetes.io";

bool is_protected(std::string_view group) {
  auto within = [group](std::string_view domain) {
    return group == domain || (group.ends_with(domain) && group[group.size() - domain.size() - 1] == '.');
  };
  return within("k8s.io") || within("kubernetes.io");
}

// KEP-1111. Groups of the project need an approval; only those have the condition.
void judge_approval(Value& definition, Time now) {
  if (!is_protected(codec::string_at_path(definition, {"spec", "group"}))) return;
  std::string_view approval = codec::string_at_path(definition, {"metadata", "annotations", kApproval});
  Condition condition{"KubernetesAPIApprovalPolicyConformant", "False", "", ""};
  if (approval.empty()) {
    condition.reason = "MissingAnnotation";
    condition.message =
        "protected groups must have approval annotation \"api-approved.kubernetes.io\", see "
        "https://github.com/kubernetes/enhancements/pull/1111";
  } else if (approval.starts_with("unapproved")) {
    condition.reason = "UnapprovedAnnotation";
    condition.message = "not approved: \"" + std::string(approval) + "\"";
  } else if (approval.starts_with("http://") || approval.starts_with("https://")) {
    condition = {condition.type, "True", "ApprovedAnnotation", "approved in " + std::string(approval)};
  } else {
    condition.reason = "InvalidAnnotation";
    condition.message =
        "protected groups must have approval annotation \"api-approved.kubernetes.io\" with either a URL or a reason "
        "starting with \"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111";
  }
  set_condition(definition, condition, now);
}

bool has_names(const Value& definition) {
  return !codec::string_at_path(definition, {"status", "acceptedNames", "plural"}).empty() &&
         !codec::string_at_path(definition, {"status", "acceptedNames", "kind"}).empty();
}

// Its objects need no webhook to be seen.
std::shared_ptr<const model::Kind> kind_of_storage(const CustomKinds& kinds) {
  for (const auto& kind : kinds.all)
    if (kind->gv.text() == kind->storage->api_version) return kind;
  return kinds.all.front();
}

}  // namespace

bool Definitions::Served::operator==(const Served& other) const {
  return uid == other.uid && generation == other.generation && terminating == other.terminating &&
         codec::equal(names, other.names);
}

Definitions::Definitions(rt::Loop& loop, rt::Net& net, rt::Random& random, Caches& caches)
    : loop_(loop),
      conversion_{loop, random, std::make_shared<WebhookCaller>(loop, net, caches)},
      caches_(caches),
      definitions_(caches.of(definition_kind())),
      waiting_(loop),
      scope_(loop) {}

Definitions::~Definitions() = default;

CustomKinds Definitions::make(const Value& definition) const {
  return make_kinds(definition, has_webhook(definition) ? make_webhook_converter(conversion_, definition) : nullptr);
}

void Definitions::load() {
  definitions_.each("", nullptr, [this](const DocumentPtr& document) {
    Value definition = document->tree();
    if (!is_condition_true(definition, "Established") || !has_names(definition)) return true;
    CustomKinds kinds = make(definition);
    if (kinds.all.empty()) return true;
    caches_.add(kinds.all);
    caches_.kinds().set(kinds.definition, std::move(kinds.served));
    served_[kinds.definition] = {document->uid(), codec::int_at(*codec::find(definition, "metadata"), "generation").value_or(0),
                                 is_terminating(definition), *codec::find_path(definition, {"status", "acceptedNames"}),
                                 kind_of_storage(kinds)};
    return true;
  });
}

void Definitions::start(Api& api) {
  api_ = &api;
  scope_.spawn(follow());
  scope_.spawn(work());
}

void Definitions::enqueue(const std::string& name) {
  queue_.insert(name);
  waiting_.set();
}

rt::Task<void> Definitions::follow() {
  while (true) {
    auto watch = definitions_.watch({}, std::nullopt);
    definitions_.each("", nullptr, [this](const DocumentPtr& document) {
      enqueue(document->key().name);
      return true;
    });
    for (const auto& [name, served] : served_) enqueue(name);
    while (watch) {
      auto events = co_await (*watch)->next();
      if (!events && events.error().reason == Reason::Timeout) co_return;  // the server is shutting down
      if (!events) break;
      for (const CacheEvent& event : *events) enqueue(event.object->key().name);
    }
    co_await rt::sleep(loop_, kRetry);
  }
}

rt::Task<void> Definitions::work() {
  while (true) {
    while (queue_.empty()) {
      waiting_.clear();
      co_await waiting_.wait();
    }
    std::string name = *queue_.begin();
    queue_.erase(queue_.begin());
    auto done = co_await reconcile(name);
    if (done) continue;
    // A conflict means that somebody else wrote; that brings an event of its own.
    if (done.error().reason == Reason::Conflict || done.error().reason == Reason::NotFound) {
      enqueue(name);
    } else {
      scope_.spawn(enqueue_later(name));
    }
  }
}

rt::Task<void> Definitions::enqueue_later(std::string name) {
  co_await rt::sleep(loop_, kRetry);
  enqueue(name);
}

Value Definitions::current(const std::string& name) const {
  DocumentPtr document = definitions_.get({"", name});
  return document ? document->tree() : Value();
}

rt::Task<Result<void>> Definitions::reconcile(std::string name) {
  Value definition = current(name);
  if (definition.is_null()) {
    drop(name);
    co_return Result<void>();
  }
  const Value before = definition;
  const Time now = loop_.clock().wall();
  std::string group(codec::string_at_path(definition, {"spec", "group"}));
  TakenNames taken;
  taken.add_builtin(group);
  definitions_.each("", nullptr, [&](const DocumentPtr& document) {
    // A definition's name ends with its group.
    if (document->key().name == name || !document->key().name.ends_with("." + group)) return true;
    Value other = document->tree();
    if (codec::string_at_path(other, {"spec", "group"}) != group) return true;
    if (const Value* names = codec::find_path(other, {"status", "acceptedNames"})) taken.add(*names);
    return true;
  });
  Naming naming = judge_names(definition, taken);
  codec::ensure_object(definition, {"status"})["acceptedNames"] = naming.accepted;
  set_condition(definition, naming.condition, now);
  judge_approval(definition, now);
  bool established = is_condition_true(definition, "Established");
  if (naming.all_accepted && !established)
    set_condition(definition, {"Established", "True", "InitialNamesAccepted", "the initial names have been accepted"}, now);
  if (!naming.all_accepted && !established)
    set_condition(definition, {"Established", "False", "NotAccepted", "not all names are accepted"}, now);
  if (is_condition_true(definition, "Established")) CO_TRY(co_await serve(definition));
  if (!codec::equal(before, definition)) {
    CO_TRY(co_await write_status(definition));
    look_again(group, name);
  }
  if (is_terminating(definition) && has_finalizer(definition) && cleaning_.insert(name).second) scope_.spawn(clean_up(name));
  co_return Result<void>();
}

rt::Task<Result<void>> Definitions::serve(const Value& definition) {
  const Value& meta = *codec::find(definition, "metadata");
  Served wanted{std::string(codec::string_at(meta, "uid")), codec::int_at(meta, "generation").value_or(0),
                is_terminating(definition), *codec::find_path(definition, {"status", "acceptedNames"}), nullptr};
  std::string name(codec::string_at(meta, "name"));
  if (!has_names(definition)) co_return Result<void>();
  auto there = served_.find(name);
  if (there != served_.end() && there->second == wanted) co_return Result<void>();
  CustomKinds kinds = make(definition);
  if (kinds.all.empty()) co_return Result<void>();
  // The definition was deleted and made anew between two looks: the old one's objects are gone.
  if (there != served_.end() && there->second.uid != wanted.uid) drop(name);
  wanted.stored = kind_of_storage(kinds);
  CO_TRY(co_await caches_.replace(kinds.all));
  served_[name] = std::move(wanted);
  caches_.kinds().set(name, std::move(kinds.served));
  co_return Result<void>();
}

void Definitions::drop(const std::string& name) {
  auto there = served_.find(name);
  if (there == served_.end()) return;
  std::shared_ptr<const model::Kind> stored = there->second.stored;
  served_.erase(there);
  caches_.kinds().set(name, {});
  caches_.remove(*stored);
  look_again(stored->gv.group, name);
}

void Definitions::look_again(std::string_view group, const std::string& but) {
  definitions_.each("", nullptr, [&](const DocumentPtr& document) {
    const std::string& name = document->key().name;
    if (name != but && name.ends_with(group)) enqueue(name);
    return true;
  });
}

rt::Task<Result<void>> Definitions::write_status(const Value& definition) {
  ObjectKey key{"", std::string(codec::string_at_path(definition, {"metadata", "name"}))};
  Request request = own_request("update", definition_kind(), key);
  request.subresource = "status";
  auto written = co_await api_->update(std::move(request), definition, nullptr);
  if (!written) co_return fail(std::move(written.error()));
  co_return Result<void>();
}

// Deletes the objects of a definition that is being deleted, waits until they are gone, and lets the definition go.
rt::Task<void> Definitions::clean_up(std::string name) {
  while (true) {
    Value definition = current(name);
    if (definition.is_null() || !is_terminating(definition) || !has_finalizer(definition)) break;
    const Value before = definition;
    set_condition(definition, {"Terminating", "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress"},
                  loop_.clock().wall());
    if (!codec::equal(before, definition)) (void)co_await write_status(definition);
    auto gone = co_await remove_objects(name);
    if (gone && *gone) {
      definition = current(name);
      if (definition.is_null()) break;
      set_condition(definition, {"Terminating", "False", "InstanceDeletionCompleted", "removed all instances"},
                    loop_.clock().wall());
      if (auto written = co_await write_status(definition); written) {
        // Finalizers are no part of the status: they go by the object itself.
        definition = current(name);
        if (definition.is_null()) break;
        drop_finalizer(definition);
        auto released = co_await api_->update(own_request("update", definition_kind(), {"", name}), definition, nullptr);
        if (released) break;
      }
    }
    co_await rt::sleep(loop_, kCleanUpPoll);
  }
  cleaning_.erase(name);
}

// True when there are none left.
rt::Task<Result<bool>> Definitions::remove_objects(std::string name) {
  auto there = served_.find(name);
  if (there == served_.end()) co_return true;
  std::shared_ptr<const model::Kind> kind = there->second.stored;
  std::vector<DocumentPtr> objects;
  caches_.of(*kind).each("", nullptr, [&objects](const DocumentPtr& document) {
    objects.push_back(document);
    return true;
  });
  for (const DocumentPtr& object : objects) {
    if (!codec::string_at_path(object->tree(), {"metadata", "deletionTimestamp"}).empty()) continue;
    auto removed = co_await api_->remove(own_request("delete", *kind, object->key()), {.uid = object->uid()});
    if (!removed && removed.error().reason != Reason::NotFound) co_return fail(std::move(removed.error()));
  }
  co_return caches_.of(*kind).size() == 0;
}

}  // namespace charon::server::crd
