#include "server/in_process.h"

#include "codec/tree.h"
#include "server/managed_fields/manager_name.h"

namespace charon::server {
namespace {

class InProcessWatch final : public client::WatchStream {
 public:
  explicit InProcessWatch(std::unique_ptr<ObjectWatch> watch) : watch_(std::move(watch)) {}

  rt::Task<Result<std::vector<client::WatchEvent>>> next() override {
    CO_TRY_ASSIGN(std::vector<CacheEvent> changes, co_await watch_->next());
    std::vector<client::WatchEvent> events;
    events.reserve(changes.size());
    for (CacheEvent& change : changes)
      events.push_back({static_cast<client::EventType>(change.type), std::move(change.object), change.revision});
    co_return events;
  }

 private:
  std::unique_ptr<ObjectWatch> watch_;
};

static_assert(static_cast<int>(client::EventType::Added) == static_cast<int>(EventType::Added));
static_assert(static_cast<int>(client::EventType::Modified) == static_cast<int>(EventType::Modified));
static_assert(static_cast<int>(client::EventType::Deleted) == static_cast<int>(EventType::Deleted));

class InProcessTransport final : public client::Transport {
 public:
  InProcessTransport(Api& api, const Authorizer& authorizer, User user)
      : api_(api), authorizer_(authorizer), user_(std::move(user)), manager_(manager_of_user(user_.name)) {}

  rt::Task<Result<DocumentPtr>> get(client::ResourceRef ref, ObjectKey key) override {
    Request request = make("get", ref, std::move(key));
    CO_TRY(allow(request));
    co_return co_await api_.get(std::move(request));
  }

  rt::Task<Result<client::ListResult>> list(client::ResourceRef ref, client::ListOptions options) override {
    Request request = make("list", ref, options);
    CO_TRY(allow(request));
    CO_TRY_ASSIGN(Listing listing, api_.list_stored(request, {}));
    co_return client::ListResult{std::move(listing.items), listing.revision};
  }

  rt::Task<Result<std::unique_ptr<client::WatchStream>>> watch(client::ResourceRef ref, client::ListOptions options,
                                                               Revision after) override {
    Request request = make("watch", ref, options);
    CO_TRY(allow(request));
    CO_TRY_ASSIGN(std::unique_ptr<ObjectWatch> watch, api_.watch_stored(request, after));
    co_return std::make_unique<InProcessWatch>(std::move(watch));
  }

  rt::Task<Result<DocumentPtr>> create(client::ResourceRef ref, std::string ns, codec::Value object) override {
    // A subresource is created under the name of its object.
    std::string name = ref.subresource.empty() ? "" : std::string(codec::string_at_path(object, {"metadata", "name"}));
    Request request = make("create", ref, ObjectKey{std::move(ns), std::move(name)});
    CO_TRY(allow(request));
    co_return co_await api_.create(std::move(request), std::move(object), nullptr);
  }

  rt::Task<Result<DocumentPtr>> update(client::ResourceRef ref, ObjectKey key, codec::Value object) override {
    Request request = make("update", ref, std::move(key));
    CO_TRY(allow(request));
    co_return co_await api_.update(std::move(request), std::move(object), nullptr);
  }

  rt::Task<Result<DocumentPtr>> patch(client::ResourceRef ref, ObjectKey key, client::PatchType type,
                                      codec::Value patch) override {
    Request request = make("patch", ref, std::move(key));
    CO_TRY(allow(request));
    co_return co_await api_.patch(std::move(request), type, std::move(patch), nullptr);
  }

  rt::Task<Result<DocumentPtr>> remove(client::ResourceRef ref, ObjectKey key, client::DeleteOptions options) override {
    Request request = make("delete", ref, std::move(key));
    CO_TRY(allow(request));
    CO_TRY_ASSIGN(Deleted deleted, co_await api_.remove(std::move(request), std::move(options)));
    co_return std::move(deleted.object);
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

  Result<void> allow(const Request& request) const {
    Attributes attributes = attributes_of(request);
    Decision decision = authorizer_.authorize(attributes);
    if (!decision.allowed) return fail(forbidden(attributes, decision));
    return {};
  }

  Api& api_;
  const Authorizer& authorizer_;
  User user_;
  std::string manager_;
};

}  // namespace

std::unique_ptr<client::Transport> make_in_process_transport(Api& api, const Authorizer& authorizer, User user) {
  return std::make_unique<InProcessTransport>(api, authorizer, std::move(user));
}

}  // namespace charon::server
