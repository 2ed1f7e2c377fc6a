// The scale subresource over HTTP (model/scale.h).
#include "model/scale.h"
#include "base/limits.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/apply/operations.h"
#include "schema/convert.h"
#include "schema/patch.h"
#include "server/front/call.h"

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

}  // namespace

rt::Task<Result<void>> Front::serve_scale(Call& call) {
  Request& request = call.request();
  const schema::Type& type = model::scale_type();
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
    codec::Value scale = model::scale_of(*request.kind, current->tree());
    codec::ensure_object(scale, {"metadata"}).erase("resourceVersion");
    if (request.verb == "patch") {
      CO_TRY_ASSIGN(codec::Value patch, codec::parse_json(body));
      if (call.audit) call.audit->set_patch(body);
      std::string_view sort = call.head.headers.get("content-type");
      if (sort.starts_with("application/json-patch+json")) {
        CO_TRY(schema::json_patch(scale, patch));
      } else {
        schema::merge_patch(scale, patch);
      }
    } else {
      CO_TRY_ASSIGN(scale, read_tree(call, body, &type));
    }
    CO_TRY(schema::normalize(type, scale));
    CO_TRY(model::check_replicas(request.name, model::replicas_of(scale)));
    codec::Object meta;
    if (auto version = codec::string_at_path(scale, {"metadata", "resourceVersion"}); !version.empty())
      meta["resourceVersion"] = version;
    codec::Value patch = codec::Object{{"metadata", std::move(meta)}};
    model::set_replicas(*request.kind, patch, model::replicas_of(scale));
    CO_TRY_ASSIGN(current, co_await api_.patch(object_request, client::PatchType::Merge, std::move(patch), &call.warnings));
  }
  const codec::Value tree = current->tree();
  CO_TRY(model::check_has_replicas(*request.kind, tree));
  co_await send_tree(call, 200, model::scale_of(*request.kind, tree), &type);
  co_return Result<void>();
}

}  // namespace charon::server
