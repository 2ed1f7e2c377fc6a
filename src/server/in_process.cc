#include "server/in_process.h"

#include <algorithm>
#include <chrono>

#include "codec/tree.h"
#include "model/scale.h"
#include "rt/timeout.h"
#include "server/managed_fields/manager_name.h"
#include "server/status.h"

namespace charon::server {
namespace {

class InProcessWatch final : public client::WatchStream {
 public:
  InProcessWatch(std::unique_ptr<ObjectWatch> watch, std::unique_ptr<audit::Record> record)
      : record_(std::move(record)), watch_(std::move(watch)) {}

  rt::Task<Result<std::vector<client::WatchEvent>>> next() override {
    CO_TRY_ASSIGN(std::vector<CacheEvent> changes, co_await watch_->next());
    std::vector<client::WatchEvent> events;
    events.reserve(changes.size());
    for (CacheEvent& change : changes)
      events.push_back({static_cast<client::EventType>(change.type), std::move(change.object), change.revision});
    co_return events;
  }

 private:
  std::unique_ptr<audit::Record> record_;  // tells of the end when the watch ends
  std::unique_ptr<ObjectWatch> watch_;
};

static_assert(static_cast<int>(client::EventType::Added) == static_cast<int>(EventType::Added));
static_assert(static_cast<int>(client::EventType::Modified) == static_cast<int>(EventType::Modified));
static_assert(static_cast<int>(client::EventType::Deleted) == static_cast<int>(EventType::Deleted));

constexpr std::chrono::seconds kFirstRemoval{10};
constexpr int kOk = 200;
constexpr int kCreated = 201;

// Where the request would go over HTTP.
std::string path_of(const Request& request) {
  const model::Kind& kind = *request.kind;
  std::string path = (kind.gv.group.empty() ? "/api/" : "/apis/") + kind.gv.text();
  auto append = [&path](std::string_view part) {
    if (!part.empty()) path.append("/").append(part);
  };
  if (kind.namespaced && !request.ns.empty()) append("namespaces/" + request.ns);
  append(kind.plural);
  append(request.name);
  append(request.subresource);
  if (request.verb == "watch") path += "?watch=true";
  return path;
}

bool ends_namespace(const Request& request, const codec::Value& object) {
  if (request.subresource != "finalize" || request.kind->kind != "Namespace") return false;
  const codec::Value* finalizers = codec::find_path(object, {"spec", "finalizers"});
  if (finalizers == nullptr || !finalizers->is_array()) return true;
  return std::ranges::find(finalizers->get_array(), codec::Value("kubernetes")) == finalizers->get_array().end();
}

// The controller tells of a namespace's end before it deletes anything in it.
bool tells_of_end(const Request& request, const codec::Value& object) {
  return request.subresource == "status" && request.kind->kind == "Namespace" &&
         codec::string_at_path(object, {"status", "phase"}) == "Terminating";
}

rt::Task<bool> remove_now(NamespaceContent* content, User user, std::string ns) {
  auto removed = co_await content->remove(std::move(user), std::move(ns));
  co_return removed.has_value();
}

// What a Scale changes of the object that it scales, as a merge patch.
codec::Value change_of_scale(Request& request, const codec::Value& scale) {
  request.subresource.clear();
  request.came_through = "scale";
  const codec::Value* metadata = codec::find(scale, "metadata");
  codec::Value change = codec::Object{{"metadata", metadata == nullptr ? codec::Value(codec::Object()) : *metadata}};
  model::set_replicas(*request.kind, change, model::replicas_of(scale));
  return change;
}

// What the audit log is told of one request.
class Told {
 public:
  explicit Told(std::unique_ptr<audit::Record> record) : record_(std::move(record)) {}

  Error failed(Error error) {
    if (record_) {
      record_->set_status(status_of(error));
      record_->complete(status_code(error));
    }
    return error;
  }
  // The same outcome.
  Result<DocumentPtr> done(Result<DocumentPtr> outcome, int code) {
    if (!outcome) return fail(failed(std::move(outcome.error())));
    if (record_) {
      record_->set_response(*(*outcome)->json());
      record_->complete(code);
    }
    return outcome;
  }
  audit::Record* get() const { return record_.get(); }
  std::unique_ptr<audit::Record> take() { return std::move(record_); }

 private:
  std::unique_ptr<audit::Record> record_;
};

class InProcessTransport final : public client::Transport {
 public:
  InProcessTransport(Api& api, const Authorizer& authorizer, User user, audit::Auditor* auditor,
                     NamespaceContent* remote_content)
      : api_(api),
        authorizer_(authorizer),
        user_(std::move(user)),
        manager_(manager_of_user(user_.name)),
        auditor_(auditor),
        remote_content_(remote_content),
        ids_(api.random()) {}

  rt::Task<Result<DocumentPtr>> get(client::ResourceRef ref, ObjectKey key) override {
    Request request = make("get", ref, std::move(key));
    CO_TRY_ASSIGN(Told told, enter(request, nullptr));
    auto found = co_await api_.get(std::move(request));
    co_return told.done(std::move(found), kOk);
  }

  rt::Task<Result<client::ListResult>> list(client::ResourceRef ref, client::ListOptions options) override {
    Request request = make("list", ref, options);
    CO_TRY_ASSIGN(Told told, enter(request, nullptr));
    auto listing = api_.list_stored(request, {});
    if (!listing) co_return fail(told.failed(std::move(listing.error())));
    if (told.get() != nullptr) told.get()->complete(kOk);
    co_return client::ListResult{std::move(listing->items), listing->revision};
  }

  rt::Task<Result<std::unique_ptr<client::WatchStream>>> watch(client::ResourceRef ref, client::ListOptions options,
                                                               Revision after) override {
    Request request = make("watch", ref, options);
    CO_TRY_ASSIGN(Told told, enter(request, nullptr));
    auto watch = api_.watch_stored(request, after);
    if (!watch) co_return fail(told.failed(std::move(watch.error())));
    if (told.get() != nullptr) told.get()->started(kOk);
    co_return std::make_unique<InProcessWatch>(std::move(*watch), told.take());
  }

  rt::Task<Result<DocumentPtr>> create(client::ResourceRef ref, std::string ns, codec::Value object) override {
    // A subresource is created under the name of its object.
    std::string name = ref.subresource.empty() ? "" : std::string(codec::string_at_path(object, {"metadata", "name"}));
    Request request = make("create", ref, ObjectKey{std::move(ns), std::move(name)});
    CO_TRY_ASSIGN(Told told, enter(request, &object));
    auto created = co_await api_.create(std::move(request), std::move(object), nullptr);
    co_return told.done(std::move(created), kCreated);
  }

  rt::Task<Result<DocumentPtr>> update(client::ResourceRef ref, ObjectKey key, codec::Value object) override {
    Request request = make("update", ref, std::move(key));
    CO_TRY_ASSIGN(Told told, enter(request, &object));
    if (remote_content_ != nullptr && ends_namespace(request, object)) {
      if (auto emptied = co_await remote_content_->remove(user_, request.name); !emptied)
        co_return fail(told.failed(std::move(emptied.error())));
    }
    // An aggregated server may run in the namespace: it is asked while it is there. What it could not do is seen at the end.
    if (remote_content_ != nullptr && tells_of_end(request, object))
      (void)co_await rt::with_timeout(api_.loop(), kFirstRemoval, remove_now(remote_content_, user_, request.name));
    if (request.subresource == "scale") {
      codec::Value change = change_of_scale(request, object);
      auto scaled = co_await api_.patch(std::move(request), client::PatchType::Merge, std::move(change), nullptr);
      co_return told.done(std::move(scaled), kOk);
    }
    auto updated = co_await api_.update(std::move(request), std::move(object), nullptr);
    co_return told.done(std::move(updated), kOk);
  }

  rt::Task<Result<DocumentPtr>> patch(client::ResourceRef ref, ObjectKey key, client::PatchType type,
                                      codec::Value patch) override {
    Request request = make("patch", ref, std::move(key));
    CO_TRY_ASSIGN(Told told, enter(request, &patch));
    auto patched = co_await api_.patch(std::move(request), type, std::move(patch), nullptr);
    co_return told.done(std::move(patched), kOk);
  }

  rt::Task<Result<DocumentPtr>> remove(client::ResourceRef ref, ObjectKey key, client::DeleteOptions options) override {
    Request request = make("delete", ref, std::move(key));
    CO_TRY_ASSIGN(Told told, enter(request, nullptr));
    auto deleted = co_await api_.remove(std::move(request), std::move(options));
    if (!deleted) co_return fail(told.failed(std::move(deleted.error())));
    co_return told.done(std::move(deleted->object), kOk);
  }

 private:
  Request make(std::string_view verb, client::ResourceRef ref, ObjectKey key) const {
    Request request;
    request.verb = verb;
    request.kind = ref.kind;
    request.subresource = ref.subresource;
    request.ns = std::move(key.ns);
    request.name = std::move(key.name);
    request.user = user_;
    request.field_manager = manager_;
    return request;
  }

  Request make(std::string_view verb, client::ResourceRef ref, const client::ListOptions& options) const {
    Request request = make(verb, ref, ObjectKey{options.ns, ""});
    request.label_selector = options.label_selector;
    request.field_selector = options.field_selector;
    return request;
  }

  // Authorised, and told to the audit log: `request.audit` is what this returns. `body` is what is sent; null: nothing.
  Result<Told> enter(Request& request, const codec::Value* body) {
    Attributes attributes = attributes_of(request);
    Told told(auditor_ == nullptr ? nullptr : auditor_->begin(attributes, [this, &request] {
      return audit::Origin{ids_.next(), path_of(request), manager_, {}};
    }));
    request.audit = told.get();
    if (told.get() != nullptr && body != nullptr) told.get()->set_request(*body);
    Decision decision = authorizer_.authorize(attributes);
    audit::annotate(request, "authorization.k8s.io/decision", decision.allowed ? "allow" : "forbid");
    audit::annotate(request, "authorization.k8s.io/reason", decision.reason);
    if (!decision.allowed) return fail(told.failed(forbidden(attributes, decision)));
    return Result<Told>(std::move(told));
  }

  Api& api_;
  const Authorizer& authorizer_;
  User user_;
  std::string manager_;
  audit::Auditor* auditor_;
  NamespaceContent* remote_content_;
  audit::RequestIds ids_;
};

}  // namespace

std::unique_ptr<client::Transport> make_in_process_transport(Api& api, const Authorizer& authorizer, User user,
                                                             audit::Auditor* auditor, NamespaceContent* remote_content) {
  return std::make_unique<InProcessTransport>(api, authorizer, std::move(user), auditor, remote_content);
}

}  // namespace charon::server
