#include "server/aggregation/authentication_config.h"

#include <chrono>
#include <utility>

#include "codec/tree.h"
#include "model/kind.h"
#include "server/own_request.h"

namespace charon::server {
namespace {

// After a write, and after a failure: who else writes it all the time is not to keep this server busy.
constexpr std::chrono::seconds kPause{1};

const model::Kind& config_map_kind() {
  static const model::Kind& kind = *model::find_kind({"", "v1"}, "ConfigMap");
  return kind;
}

ObjectKey key_of(const core::v1::ConfigMap& map) { return {map.metadata.namespace_, map.metadata.name}; }

}  // namespace

AuthenticationConfig::AuthenticationConfig(Api& api, core::v1::ConfigMap wanted)
    : api_(api),
      cache_(api.caches().of(config_map_kind())),
      wanted_(std::move(wanted)),
      changed_(api.loop()),
      scope_(api.loop()) {
  observation_ = cache_.observe([this](const Change& change) {
    const model::Document& document = change.after ? *change.after : *change.before;
    if (document.key() == key_of(wanted_)) changed_.set();
  });
  scope_.spawn(work());
}

AuthenticationConfig::~AuthenticationConfig() = default;

void AuthenticationConfig::replace(core::v1::ConfigMap wanted) {
  wanted_ = std::move(wanted);
  changed_.set();
}

rt::Task<void> AuthenticationConfig::work() {
  while (true) {
    changed_.clear();
    auto done = co_await settle();
    if (!done || *done) {
      co_await rt::sleep(api_.loop(), kPause);
      // A failure is tried again; a write is looked at again, for there may be another.
      continue;
    }
    co_await changed_.wait();
  }
}

rt::Task<Result<bool>> AuthenticationConfig::settle() {
  const ObjectKey key = key_of(wanted_);
  DocumentPtr there = cache_.get(key);
  codec::Value object = codec::Object{{"metadata", codec::Object{{"name", key.name}, {"namespace", key.ns}}}};
  if (there) object = there->tree();
  codec::Object& data = codec::ensure_object(object, {"data"});
  bool right = there != nullptr;
  for (const auto& [name, text] : wanted_.data) {
    const codec::Value* found = data.if_contains(name);
    if (found != nullptr && *found == codec::Value(text)) continue;
    data[name] = text;
    right = false;
  }
  if (right) co_return false;
  Request request = own_request(there ? "update" : "create", config_map_kind(), key);
  auto written = there ? co_await api_.update(std::move(request), std::move(object), nullptr)
                       : co_await api_.create(std::move(request), std::move(object), nullptr);
  if (!written) co_return fail(std::move(written.error()));
  co_return true;
}

}  // namespace charon::server
