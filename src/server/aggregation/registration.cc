#include "server/aggregation/registration.h"

#include <boost/json.hpp>
#include <chrono>
#include <map>

#include "codec/tree.h"
#include "server/aggregation/api_services.h"
#include "server/aggregation/priorities.h"
#include "server/own_request.h"

namespace charon::server {

using codec::Object;
using codec::Value;

namespace {

constexpr std::chrono::seconds kRetry{1};
constexpr std::string_view kOnStart = "onstart";
constexpr std::string_view kAlways = "true";

std::string_view managed_how(const Value& object) {
  return codec::string_at_path(object, {"metadata", "labels", kAutomanagedLabel});
}

}  // namespace

struct Registration::Wanted {
  std::string_view how;
  Object spec;
};

Registration::Registration(Api& api)
    : api_(api), cache_(api.caches().of(api_service_kind())), changed_(api.loop()), scope_(api.loop()) {
  kinds_changed_ = api.kinds().listen([this] { changed_.set(); });
  objects_changed_ = cache_.observe([this](const Change&) { changed_.set(); });
  cache_.each("", nullptr, [this](const DocumentPtr& document) {
    if (managed_how(document->tree()) == kOnStart) at_start_.insert(document->key().name);
    return true;
  });
  scope_.spawn(work());
}

Registration::~Registration() = default;

rt::Task<void> Registration::work() {
  while (true) {
    changed_.clear();
    if (auto done = co_await reconcile(); !done) {
      co_await rt::sleep(api_.loop(), kRetry);
      continue;
    }
    co_await changed_.wait();
  }
}

rt::Task<Result<void>> Registration::reconcile() {
  std::map<std::string, Wanted> wanted;
  for (const model::KindRef& kind : api_.kinds().all()) {
    if (!model::served(*kind) || kind->gv.group == api_service_kind().gv.group) continue;
    std::string name = std::string(kind->gv.version).append(".").append(kind->gv.group);
    ApiPriority priority = local_priority(*kind);
    Object spec{{"version", kind->gv.version}, {"groupPriorityMinimum", priority.group}, {"versionPriority", priority.version}};
    if (!kind->gv.group.empty()) spec["group"] = kind->gv.group;
    wanted.try_emplace(std::move(name), Wanted{kind->custom ? kAlways : kOnStart, std::move(spec)});
  }
  std::vector<std::string> surplus;
  cache_.each("", nullptr, [&](const DocumentPtr& document) {
    if (!wanted.contains(document->key().name) && !managed_how(document->tree()).empty())
      surplus.push_back(document->key().name);
    return true;
  });
  for (std::string& name : surplus) CO_TRY(co_await settle(std::move(name), nullptr));
  for (const auto& [name, want] : wanted) CO_TRY(co_await settle(name, &want));
  co_return Result<void>();
}

rt::Task<Result<void>> Registration::settle(std::string name, const Wanted* wanted) {
  bool once = wanted != nullptr && wanted->how == kOnStart;
  if (once && settled_.contains(name)) co_return Result<void>();
  DocumentPtr there = cache_.get({"", name});
  if (!there) {
    if (wanted == nullptr) co_return Result<void>();
    Value object = Object{{"metadata", Object{{"name", name}, {"labels", Object{{kAutomanagedLabel, wanted->how}}}}},
                          {"spec", wanted->spec}};
    auto created = co_await api_.create(own_request("create", api_service_kind(), {"", name}), std::move(object), nullptr);
    if (!created && created.error().reason != Reason::AlreadyExists) co_return fail(std::move(created.error()));
    if (once) settled_.insert(name);
    co_return Result<void>();
  }
  Value object = there->tree();
  std::string_view how = managed_how(object);
  // Somebody's own, or one that a user has put in the place of ours since the start.
  if (how.empty() || (how == kOnStart && !at_start_.contains(name))) co_return Result<void>();
  if (wanted == nullptr) {
    auto removed = co_await api_.remove(own_request("delete", api_service_kind(), {"", name}), {.uid = there->uid()}, nullptr);
    if (!removed && removed.error().reason != Reason::NotFound) co_return fail(std::move(removed.error()));
    co_return Result<void>();
  }
  if (how != wanted->how || !codec::equal(*codec::find(object, "spec"), Value(wanted->spec))) {
    codec::ensure_object(object, {"metadata", "labels"})[kAutomanagedLabel] = wanted->how;
    object.as_object()["spec"] = wanted->spec;
    auto updated = co_await api_.update(own_request("update", api_service_kind(), {"", name}), std::move(object), nullptr);
    if (!updated) co_return fail(std::move(updated.error()));
  }
  if (once) settled_.insert(std::move(name));
  co_return Result<void>();
}

}  // namespace charon::server
