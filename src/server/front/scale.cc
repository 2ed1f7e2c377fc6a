// The scale subresource: an autoscaling/v1 Scale as a view of an object's spec.replicas.
#include "api/autoscaling/v1/types.h"
#include "base/limits.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "model/selector.h"
#include "schema/patch.h"
#include "server/front/call.h"

namespace charon::server {
namespace {

codec::Value scale_of(const codec::Value& object) {
  const codec::Value& meta = *codec::find(object, "metadata");
  codec::Object scale_meta;
  for (std::string_view member : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})
    if (const codec::Value* value = codec::find(meta, member)) scale_meta[member] = *value;
  auto number = [&object](std::string_view half) {
    const codec::Value* value = codec::find_path(object, {half, "replicas"});
    return value != nullptr && value->is_int64() ? value->get_int64() : 0;
  };
  codec::Object status{{"replicas", number("status")}};
  const codec::Value* selector = codec::find_path(object, {"spec", "selector"});
  if (selector != nullptr) {
    bool plain = codec::find(*selector, "matchLabels") == nullptr && codec::find(*selector, "matchExpressions") == nullptr;
    codec::Value wrapped = plain ? codec::Value(codec::Object{{"matchLabels", *selector}}) : *selector;
    if (auto parsed = model::LabelSelector::of_tree(&wrapped)) status["selector"] = parsed->text();
  }
  return codec::Object{{"kind", "Scale"},
                       {"apiVersion", "autoscaling/v1"},
                       {"metadata", std::move(scale_meta)},
                       {"spec", codec::Object{{"replicas", number("spec")}}},
                       {"status", std::move(status)}};
}

}  // namespace

rt::Task<Result<void>> Front::serve_scale(Call& call) {
  Request& request = call.request();
  const schema::Type& type = autoscaling::v1::Scale::table();
  Request object_request = request;
  object_request.subresource.clear();
  CO_TRY_ASSIGN(DocumentPtr current, api_.get(object_request));
  if (request.verb != "get") {
    CO_TRY_ASSIGN(std::string body, co_await call.exchange.body(limits::kRequestBodyBytes));
    codec::Value scale = scale_of(current->tree());
    codec::ensure_object(scale, {"metadata"}).erase("resourceVersion");
    if (request.verb == "patch") {
      CO_TRY_ASSIGN(codec::Value patch, codec::parse_json(body));
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
    if (count < 0) {
      schema::FieldErrors errors{
          {schema::FieldError::Kind::Invalid, "spec.replicas", std::to_string(count), "must be greater than or equal to 0"}};
      co_return fail(schema::invalid_error("Scale", "autoscaling", request.name, errors));
    }
    codec::Object meta;
    if (auto version = codec::string_at_path(scale, {"metadata", "resourceVersion"}); !version.empty())
      meta["resourceVersion"] = version;
    codec::Value patch = codec::Object{{"metadata", std::move(meta)}, {"spec", codec::Object{{"replicas", count}}}};
    CO_TRY_ASSIGN(current, co_await api_.patch(object_request, client::PatchType::Merge, std::move(patch), &call.warnings));
  }
  co_await send_tree(call, 200, scale_of(current->tree()), &type);
  co_return Result<void>();
}

}  // namespace charon::server
