#include "server/authn/service_account/legacy_token_use.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/time.h"
#include "codec/tree.h"
#include "model/kind.h"
#include "server/own_request.h"

namespace charon::server {
namespace {

constexpr std::string_view kLabel = "kubernetes.io/legacy-token-last-used";
constexpr std::string_view kSince = "since";
constexpr std::chrono::seconds kRetry{1};
constexpr std::chrono::minutes kPause{30};  // after the record was made: who deletes it all the time does not keep us busy
constexpr std::size_t kDateBytes = 10;      // "2022-10-24"

const model::Kind& core_kind(std::string_view name) { return *model::find_kind({"", "v1"}, name); }

const ObjectKey& record_key() {
  static const ObjectKey key{"kube-system", "kube-apiserver-legacy-service-account-token-tracking"};
  return key;
}

bool is_date(std::string_view text) {
  return text.size() == kDateBytes && parse_rfc3339(std::string(text) + "T00:00:00Z").has_value();
}

}  // namespace

LegacyTokenUse::LegacyTokenUse(Api& api, Metrics& metrics)
    : api_(api),
      config_maps_(api.caches().of(core_kind("ConfigMap"))),
      used_(metrics.counter("serviceaccount_legacy_tokens_total", "Uses of service account tokens in secrets.").counter({})),
      automatic_(metrics.counter("serviceaccount_legacy_auto_token_uses_total", "Of these, of tokens that accounts name.")
                     .counter({})),
      manual_(metrics.counter("serviceaccount_legacy_manual_token_uses_total", "Of these, of tokens that people made.")
                  .counter({})),
      changed_(api.loop()),
      scope_(api.loop()) {}

LegacyTokenUse::~LegacyTokenUse() = default;

void LegacyTokenUse::start() {
  observation_ = config_maps_.observe([this](const Change& change) {
    const model::Document& document = change.after ? *change.after : *change.before;
    if (document.key() == record_key()) changed_.set();
  });
  scope_.spawn(keep_record());
}

std::string LegacyTokenUse::today() const { return format_rfc3339(api_.loop().clock().wall()).substr(0, kDateBytes); }

void LegacyTokenUse::note(const core::v1::Secret& secret, const core::v1::ServiceAccount& account) {
  used_.add();
  bool named = std::ranges::any_of(account.secrets, [&](const auto& each) { return each.name == secret.metadata.name; });
  (named ? automatic_ : manual_).add();
  auto written = secret.metadata.labels.find(std::string(kLabel));
  // A later day is that of another server, whose clock is ahead.
  if (written != secret.metadata.labels.end() && written->second >= today()) return;
  ObjectKey key{secret.metadata.namespace_, secret.metadata.name};
  if (observation_ == nullptr || !being_labelled_.insert(key).second) return;
  scope_.spawn(label(std::move(key), secret.metadata.uid));
}

rt::Task<void> LegacyTokenUse::label(ObjectKey key, std::string uid) {
  codec::Value patch =
      codec::Object{{"metadata", codec::Object{{"uid", uid}, {"labels", codec::Object{{std::string(kLabel), today()}}}}}};
  (void)co_await api_.patch(own_request("patch", core_kind("Secret"), key), client::PatchType::Merge, std::move(patch),
                            nullptr);
  being_labelled_.erase(key);
}

rt::Task<void> LegacyTokenUse::keep_record() {
  while (true) {
    changed_.clear();
    auto written = co_await settle_record();
    if (!written) {
      co_await rt::sleep(api_.loop(), kRetry);
    } else if (*written) {
      co_await rt::sleep(api_.loop(), kPause);
    } else {
      co_await changed_.wait();
    }
  }
}

rt::Task<Result<bool>> LegacyTokenUse::settle_record() {
  const ObjectKey& key = record_key();
  DocumentPtr there = config_maps_.get(key);
  codec::Value object = codec::Object{{"metadata", codec::Object{{"name", key.name}, {"namespace", key.ns}}}};
  if (there) object = there->tree();
  codec::Object& data = codec::ensure_object(object, {"data"});
  if (is_date(codec::string_at(codec::Value(data), kSince))) co_return false;
  data[kSince] = today();
  Request request = own_request(there ? "update" : "create", core_kind("ConfigMap"), key);
  auto written = there ? co_await api_.update(std::move(request), std::move(object), nullptr)
                       : co_await api_.create(std::move(request), std::move(object), nullptr);
  if (!written) co_return fail(std::move(written.error()));
  co_return true;
}

}  // namespace charon::server
