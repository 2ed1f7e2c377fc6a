// The scale subresource over HTTP (model/scale.h).
#include "model/scale.h"
#include "base/limits.h"
#include "codec/tree.h"
#include "schema/apply/operations.h"
#include "schema/convert.h"
#include "server/front/call.h"
#include "server/object_meta.h"
#include "server/patched.h"
#include "server/prepare.h"
#include "server/strict_errors.h"

namespace charon::server {
namespace {

// A Scale that is applied, as the configuration of the object that it scales.
Result<codec::Value> replicas_config(const Request& request, const codec::Value& scale) {
  std::string_view version = codec::string_at(scale, "apiVersion");
  if (version != "autoscaling/v1" || codec::string_at(scale, "kind") != "Scale")
    return fail(bad_request(
        "invalid object type: " + (version.find('/') == version.npos ? "/" + std::string(version) : std::string(version)) +
        ", Kind=" + std::string(codec::string_at(scale, "kind"))));
  if (auto checked = schema::apply::check(model::scale_type(), scale); !checked)
    return fail(Reason::Unknown, "failed to create typed patch object (" + request.ns + "/" + request.name +
                                     "; autoscaling/v1, Kind=Scale): " + checked.error().message);
  if (std::string_view name = codec::string_at_path(scale, {"metadata", "name"}); !name.empty()) TRY(check_name(request, name));
  codec::Value config = codec::Object();
  codec::Object meta{{"name", request.name}};
  if (auto resource_version = codec::string_at_path(scale, {"metadata", "resourceVersion"}); !resource_version.empty())
    meta["resourceVersion"] = resource_version;
  if (codec::find_path(scale, {"spec", "replicas"}) != nullptr) {
    TRY(model::check_replicas(request.name, model::replicas_of(scale)));
    model::set_replicas(*request.kind, config, model::replicas_of(scale));
  }
  config.get_object()["kind"] = request.kind->kind;
  config.get_object()["apiVersion"] = request.kind->gv.text();
  config.get_object()["metadata"] = std::move(meta);
  return config;
}

// A Scale that was sent, or made by a patch: of this object, and possible.
Result<void> check_scale(const Request& request, codec::Value& scale) {
  TRY(check_identity("Scale", "autoscaling/v1", scale));
  TRY(check_named(request, scale));
  TRY(check_name(request, codec::string_at_path(scale, {"metadata", "name"})));
  TRY(settle_namespace(request, scale));
  return model::check_replicas(request.name, model::replicas_of(scale));
}

// What it asks of the object: of its metadata what the object may have to be still.
codec::Value replicas_patch(const model::Kind& kind, const codec::Value& scale) {
  codec::Object meta;
  for (std::string_view member : {"resourceVersion", "uid"})
    if (auto text = codec::string_at_path(scale, {"metadata", member}); !text.empty()) meta[member] = text;
  codec::Value patch = codec::Object{{"metadata", std::move(meta)}};
  model::set_replicas(kind, patch, model::replicas_of(scale));
  return patch;
}

}  // namespace

Result<codec::Value> Front::patched_scale(Call& call, std::string_view body, const model::Document& object) const {
  const Request& request = call.request();
  codec::Value before = model::scale_of(*request.kind, object.tree());
  codec::ensure_object(before, {"metadata"}).erase("resourceVersion");
  TRY_ASSIGN(Patch patch, read_patch(call, body));
  TRY_ASSIGN(codec::Value made, patched(model::scale_type(), patch.sort, before, patch.tree));
  codec::Value scale = made;
  TRY(normalize_and_judge(model::scale_type(), scale, {}, request.field_validation, &call.warnings,
                          [&made](const std::string& why) { return invalid_patch(made, why); }));
  return scale;
}

rt::Task<Result<void>> Front::serve_scale(Call& call) {
  Request& request = call.request();
  call.name_manager();
  if (request.verb != "get") CO_TRY(check_write_options(call));
  Request object_request = request;
  object_request.subresource.clear();
  object_request.came_through = "scale";
  CO_TRY_ASSIGN(DocumentPtr current, co_await api_.get(object_request));
  if (call.is_apply()) {
    CO_TRY_ASSIGN(std::string body, co_await call.exchange.body(limits::kRequestBodyBytes));
    CO_TRY_ASSIGN(codec::Value scale, read_apply(call, body));
    CO_TRY_ASSIGN(codec::Value config, replicas_config(request, scale));
    CO_TRY_ASSIGN(Applied applied,
                  co_await api_.apply(std::move(object_request), std::move(config), apply_options(call), &call.warnings));
    current = std::move(applied.object);
  } else if (request.verb != "get") {
    CO_TRY_ASSIGN(std::string body, co_await call.exchange.body(limits::kRequestBodyBytes));
    CO_TRY_ASSIGN(codec::Value scale, request.verb == "patch" ? patched_scale(call, body, *current)
                                                              : read_normal_tree(call, body, &model::scale_type()));
    CO_TRY(check_scale(request, scale));
    codec::Value patch = replicas_patch(*request.kind, scale);
    CO_TRY_ASSIGN(current, co_await api_.patch(object_request, client::PatchType::Merge, std::move(patch), &call.warnings));
  }
  const codec::Value tree = current->tree();
  CO_TRY(model::check_has_replicas(*request.kind, tree));
  co_await send_tree(call, 200, model::scale_of(*request.kind, tree), &model::scale_type());
  co_return Result<void>();
}

}  // namespace charon::server
