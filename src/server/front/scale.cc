// The scale subresource: an autoscaling/v1 Scale as a view of an object's spec.replicas.
#include <algorithm>

#include "api/autoscaling/v1/types.h"
#include "base/limits.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "model/selector.h"
#include "schema/apply/operations.h"
#include "schema/patch.h"
#include "server/front/call.h"

namespace charon::server {
namespace {

// At ".spec.replicas"; null when a step is missing.
const codec::Value* at_path(const codec::Value& object, std::string_view path) {
  const codec::Value* place = &object;
  while (!path.empty() && place != nullptr) {
    path.remove_prefix(path.front() == '.' ? 1 : 0);
    std::size_t end = std::min(path.find('.'), path.size());
    place = codec::find(*place, path.substr(0, end));
    path.remove_prefix(end);
  }
  return place;
}

// {"spec": {"replicas": value}} for ".spec.replicas".
codec::Value patch_at(std::string_view path, codec::Value value) {
  path.remove_prefix(path.starts_with('.') ? 1 : 0);
  std::size_t dot = path.find('.');
  if (dot != std::string_view::npos) value = patch_at(path.substr(dot), std::move(value));
  return codec::Object{{path.substr(0, dot), std::move(value)}};
}

constexpr model::ScalePaths kBuiltIn{".spec.replicas", ".status.replicas", ""};

const model::ScalePaths& paths_of(const model::Kind& kind) { return kind.scale != nullptr ? *kind.scale : kBuiltIn; }

// The pods that are counted, as the text of a selector; empty: unknown.
std::string selector_of(const model::Kind& kind, const codec::Value& object) {
  if (kind.custom) {
    const codec::Value* text = kind.scale->selector.empty() ? nullptr : at_path(object, kind.scale->selector);
    return text != nullptr && text->is_string() ? std::string(codec::view(text->get_string())) : "";
  }
  const codec::Value* selector = codec::find_path(object, {"spec", "selector"});
  if (selector == nullptr) return "";
  bool plain = codec::find(*selector, "matchLabels") == nullptr && codec::find(*selector, "matchExpressions") == nullptr;
  codec::Value wrapped = plain ? codec::Value(codec::Object{{"matchLabels", *selector}}) : *selector;
  auto parsed = model::LabelSelector::of_tree(&wrapped);
  return parsed ? parsed->text() : "";
}

Result<codec::Value> scale_of(const model::Kind& kind, const codec::Value& object) {
  const model::ScalePaths& paths = paths_of(kind);
  const codec::Value& meta = *codec::find(object, "metadata");
  codec::Object scale_meta;
  for (std::string_view member : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})
    if (const codec::Value* value = codec::find(meta, member)) scale_meta[member] = *value;
  auto number = [&object](std::string_view path) {
    const codec::Value* value = at_path(object, path);
    return value != nullptr && value->is_int64() ? value->get_int64() : 0;
  };
  if (kind.custom && at_path(object, paths.replicas) == nullptr)
    return fail(Reason::InternalError,
                "Internal error occurred: the spec replicas field \"" + std::string(paths.replicas) + "\" does not exist");
  codec::Object status{{"replicas", number(paths.status_replicas)}};
  if (std::string selector = selector_of(kind, object); !selector.empty()) status["selector"] = selector;
  return codec::Object{{"kind", "Scale"},
                       {"apiVersion", "autoscaling/v1"},
                       {"metadata", std::move(scale_meta)},
                       {"spec", codec::Object{{"replicas", number(paths.replicas)}}},
                       {"status", std::move(status)}};
}

Result<void> check_replicas(const Request& request, std::int64_t count) {
  if (count >= 0) return {};
  schema::FieldErrors errors{
      {schema::FieldError::Kind::Invalid, "spec.replicas", std::to_string(count), "must be greater than or equal to 0"}};
  return fail(schema::invalid_error("Scale", "autoscaling", request.name, errors));
}

// A Scale that is applied, as the configuration of the object that it scales.
Result<codec::Value> replicas_config(const Request& request, const codec::Value& scale) {
  std::string_view version = codec::string_at(scale, "apiVersion");
  if (version != "autoscaling/v1" || codec::string_at(scale, "kind") != "Scale")
    return fail(bad_request(
        "invalid object type: " + (version.find('/') == version.npos ? "/" + std::string(version) : std::string(version)) +
        ", Kind=" + std::string(codec::string_at(scale, "kind"))));
  if (auto checked = schema::apply::check(autoscaling::v1::Scale::table(), scale); !checked)
    return fail(Reason::Unknown, "failed to create typed patch object (" + request.ns + "/" + request.name +
                                     "; autoscaling/v1, Kind=Scale): " + checked.error().message);
  codec::Object config;
  codec::Object meta{{"name", request.name}};
  if (auto resource_version = codec::string_at_path(scale, {"metadata", "resourceVersion"}); !resource_version.empty())
    meta["resourceVersion"] = resource_version;
  if (const codec::Value* replicas = codec::find_path(scale, {"spec", "replicas"}); replicas != nullptr) {
    TRY(check_replicas(request, replicas->is_int64() ? replicas->get_int64() : 0));
    config = patch_at(paths_of(*request.kind).replicas, *replicas).as_object();
  }
  config["kind"] = request.kind->kind;
  config["apiVersion"] = request.kind->gv.text();
  config["metadata"] = std::move(meta);
  return config;
}

}  // namespace

rt::Task<Result<void>> Front::serve_scale(Call& call) {
  Request& request = call.request();
  const schema::Type& type = autoscaling::v1::Scale::table();
  call.name_manager();
  if (request.verb != "get") CO_TRY(check_write_options(call));
  Request object_request = request;
  object_request.subresource.clear();
  object_request.came_through = "scale";
  CO_TRY_ASSIGN(DocumentPtr current, api_.get(object_request));
  if (call.is_apply()) {
    CO_TRY_ASSIGN(std::string body, co_await call.exchange.body(limits::kRequestBodyBytes));
    CO_TRY_ASSIGN(codec::Value scale, read_apply(call, body));
    CO_TRY_ASSIGN(codec::Value config, replicas_config(request, scale));
    CO_TRY_ASSIGN(Applied applied,
                  co_await api_.apply(std::move(object_request), std::move(config), apply_options(call), &call.warnings));
    current = std::move(applied.object);
  } else if (request.verb != "get") {
    CO_TRY_ASSIGN(std::string body, co_await call.exchange.body(limits::kRequestBodyBytes));
    // One that has no number yet may be given one.
    auto present = scale_of(*request.kind, current->tree());
    codec::Value scale = present ? *std::move(present) : codec::Value(codec::Object());
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
    const codec::Value* replicas = codec::find_path(scale, {"spec", "replicas"});
    std::int64_t count = replicas != nullptr && replicas->is_int64() ? replicas->get_int64() : 0;
    CO_TRY(check_replicas(request, count));
    codec::Object meta;
    if (auto version = codec::string_at_path(scale, {"metadata", "resourceVersion"}); !version.empty())
      meta["resourceVersion"] = version;
    codec::Value patch = patch_at(paths_of(*request.kind).replicas, count);
    patch.as_object()["metadata"] = std::move(meta);
    CO_TRY_ASSIGN(current, co_await api_.patch(object_request, client::PatchType::Merge, std::move(patch), &call.warnings));
  }
  CO_TRY_ASSIGN(codec::Value answer, scale_of(*request.kind, current->tree()));
  co_await send_tree(call, 200, std::move(answer), &type);
  co_return Result<void>();
}

}  // namespace charon::server
