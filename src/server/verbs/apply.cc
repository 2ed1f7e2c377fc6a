// Server-side apply: PATCH with application/apply-patch+yaml (KEP-555).
#include <algorithm>

#include "codec/json.h"
#include "codec/tree.h"
#include "schema/convert.h"
#include "server/api.h"
#include "server/managed_fields/converted_trees.h"
#include "server/managed_fields/managed_fields.h"
#include "server/prepare.h"

namespace charon::server {

using codec::Value;

namespace {

// How often an apply is tried again after losing a race.
constexpr int kApplyTries = 6;

// Go's GroupVersionKind.String of what the configuration says it is.
std::string type_text(std::string_view api_version, std::string_view kind) {
  std::string version(api_version);
  if (version.find('/') == std::string::npos) version = "/" + version;
  return version + ", Kind=" + std::string(kind);
}

// Values that have a canonical form get it ("1000m" is "1"), so that writing the same thing otherwise is no change. Nulls and
// empty members stay: they are owned.
void copy_canonical(Value& raw, const Value& canonical) {
  if (raw.is_object() && canonical.is_object()) {
    for (auto& member : raw.get_object())
      if (const Value* same = canonical.get_object().if_contains(member.key())) copy_canonical(member.value(), *same);
  } else if (raw.is_array() && canonical.is_array()) {
    for (std::size_t i = 0; i < std::min(raw.get_array().size(), canonical.get_array().size()); ++i)
      copy_canonical(raw.get_array()[i], canonical.get_array()[i]);
  } else if (!raw.is_null() && !raw.is_object() && !raw.is_array()) {
    raw = canonical;
  }
}

Result<void> check_config(const Request& request, Value& config) {
  const model::Kind& kind = *request.kind;
  if (!config.is_object()) return fail(bad_request("error decoding YAML: the configuration is not an object"));
  std::string_view version = codec::string_at(config, "apiVersion");
  std::string_view name = codec::string_at(config, "kind");
  if (version != kind.gv.text() || name != kind.kind)
    return fail(bad_request("invalid object type: " + type_text(version, name)));
  const Value* managed = codec::find_path(config, {"metadata", "managedFields"});
  if (managed != nullptr && !managed->is_null()) return fail(bad_request("metadata.managedFields must be nil"));
  if (auto checked = schema::apply::check(*kind.type, config); !checked) {
    std::string place(codec::string_at_path(config, {"metadata", "namespace"}));
    place += "/" + std::string(codec::string_at_path(config, {"metadata", "name"}));
    return fail(Reason::Unknown, "failed to create typed patch object (" + place + "; " + type_text(version, name) +
                                     "): " + checked.error().message);
  }
  Value canonical = config;
  if (auto normalized = schema::normalize(*kind.type, canonical); !normalized)
    return fail(bad_request(std::string(kind.kind) + " in version \"" + std::string(kind.gv.version) +
                            "\" cannot be handled as a " + std::string(kind.kind) + ": " + normalized.error().message));
  copy_canonical(config, canonical);
  return {};
}

// What Go prints for a new object of the kind.
Result<Value> new_object(const model::Kind& kind) {
  std::string json;
  schema::append_canonical_json(*kind.type, codec::Object{{"kind", kind.kind}, {"apiVersion", kind.gv.text()}}, json);
  return codec::parse_json(json);
}

}  // namespace

rt::Task<Result<Applied>> Api::apply(Request request, Value config, ApplyOptions options, Warnings* warnings) {
  CO_TRY(check_config(request, config));
  request.tracking = Tracking::Given;
  const std::size_t told = warnings == nullptr ? 0 : warnings->size();  // before, of the request itself
  for (int attempt = 1;; ++attempt) {
    if (attempt > 1 && warnings != nullptr) warnings->resize(told);
    const bool there = caches_.of(*request.kind).get(request.key()) != nullptr;
    if (!there && (!request.subresource.empty() || !request.came_through.empty()))
      co_return fail(not_found(*request.kind, request.name));
    if (!there) {
      auto created = co_await apply_new(request, config, options, warnings);
      bool lost_race = !created && created.error().reason == Reason::AlreadyExists && attempt < kApplyTries;
      if (lost_race) continue;
      if (!created) co_return fail(std::move(created.error()));
      co_return Applied{*std::move(created), true};
    }
    ConvertedTrees others;
    auto change = [this, &request, &config, &options, &others](const Value& current) -> Result<Value> {
      Value live = current;
      Value stored = take_managed_fields(live);
      TRY_ASSIGN(AppliedWrite applied, track_apply({request, loop_.clock().wall(), kinds(), &others}, live, config,
                                                   stored.is_null() ? nullptr : &stored, options.force));
      put_managed_fields(applied.object, std::move(applied.managed));
      return std::move(applied.object);
    };
    auto written = co_await write(request, change, warnings, &others);
    bool vanished = !written && written.error().reason == Reason::NotFound && attempt < kApplyTries &&
                    caches_.of(*request.kind).get(request.key()) == nullptr;
    if (vanished) continue;
    if (!written) co_return fail(std::move(written.error()));
    co_return Applied{*std::move(written), false};
  }
}

rt::Task<Result<DocumentPtr>> Api::apply_new(Request request, const Value& config, const ApplyOptions& options,
                                             Warnings* warnings) {
  if (options.may_create) CO_TRY(options.may_create());
  std::string_view uid = codec::string_at_path(config, {"metadata", "uid"});
  if (!uid.empty())
    co_return fail(
        conflict(*request.kind, request.name,
                 "uid mismatch: the provided object specified uid " + std::string(uid) + ", and no existing object was found"));
  CO_TRY_ASSIGN(Value live, new_object(*request.kind));
  request.verb = "create";
  CO_TRY_ASSIGN(AppliedWrite applied,
                track_apply({request, loop_.clock().wall(), kinds()}, live, config, nullptr, options.force));
  put_managed_fields(applied.object, std::move(applied.managed));
  CO_TRY(check_named(request, applied.object));
  co_return co_await create(std::move(request), std::move(applied.object), warnings);
}

}  // namespace charon::server
