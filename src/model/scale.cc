#include "model/scale.h"

#include <algorithm>
#include <boost/json.hpp>
#include <string>

#include "api/autoscaling/v1/types.h"
#include "codec/tree.h"
#include "model/selector.h"
#include "schema/validate.h"

namespace charon::model {
namespace {

constexpr ScalePaths kBuiltIn{".spec.replicas", ".status.replicas", ""};

const ScalePaths& paths_of(const Kind& kind) { return kind.scale != nullptr ? *kind.scale : kBuiltIn; }

// The first name of ".spec.replicas", taken off it.
std::string_view take_name(std::string_view& path) {
  path.remove_prefix(path.starts_with('.') ? 1 : 0);
  std::size_t end = std::min(path.find('.'), path.size());
  std::string_view name = path.substr(0, end);
  path.remove_prefix(end);
  return name;
}

// At ".spec.replicas"; null when a step is missing.
const codec::Value* at_path(const codec::Value& object, std::string_view path) {
  const codec::Value* place = &object;
  while (!path.empty() && place != nullptr) place = codec::find(*place, take_name(path));
  return place;
}

// The pods that are counted, as the text of a selector; empty: unknown.
std::string selector_of(const Kind& kind, const codec::Value& object) {
  if (kind.custom) {
    const codec::Value* text = kind.scale->selector.empty() ? nullptr : at_path(object, kind.scale->selector);
    return text != nullptr && text->is_string() ? std::string(codec::view(text->get_string())) : "";
  }
  const codec::Value* selector = codec::find_path(object, {"spec", "selector"});
  if (selector == nullptr) return "";
  bool plain = codec::find(*selector, "matchLabels") == nullptr && codec::find(*selector, "matchExpressions") == nullptr;
  codec::Value wrapped = plain ? codec::Value(codec::Object{{"matchLabels", *selector}}) : *selector;
  auto parsed = LabelSelector::of_tree(&wrapped);
  return parsed ? parsed->text() : "";
}

}  // namespace

const schema::Type& scale_type() { return autoscaling::v1::Scale::table(); }

codec::Value scale_of(const Kind& kind, const codec::Value& object) {
  const ScalePaths& paths = paths_of(kind);
  const codec::Value& meta = *codec::find(object, "metadata");
  codec::Object scale_meta;
  for (std::string_view member : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})
    if (const codec::Value* value = codec::find(meta, member)) scale_meta[member] = *value;
  auto number = [&object](std::string_view path) {
    const codec::Value* value = at_path(object, path);
    return value != nullptr && value->is_int64() ? value->get_int64() : 0;
  };
  codec::Object status{{"replicas", number(paths.status_replicas)}};
  if (std::string selector = selector_of(kind, object); !selector.empty()) status["selector"] = selector;
  return codec::Object{{"kind", "Scale"},
                       {"apiVersion", "autoscaling/v1"},
                       {"metadata", std::move(scale_meta)},
                       {"spec", codec::Object{{"replicas", number(paths.replicas)}}},
                       {"status", std::move(status)}};
}

Result<void> check_has_replicas(const Kind& kind, const codec::Value& object) {
  std::string_view path = paths_of(kind).replicas;
  if (!kind.custom || at_path(object, path) != nullptr) return {};
  return fail(Reason::InternalError,
              "Internal error occurred: the spec replicas field \"" + std::string(path) + "\" does not exist");
}

std::int64_t replicas_of(const codec::Value& scale) {
  const codec::Value* replicas = codec::find_path(scale, {"spec", "replicas"});
  return replicas != nullptr && replicas->is_int64() ? replicas->get_int64() : 0;
}

Result<void> check_replicas(std::string_view name, std::int64_t replicas) {
  if (replicas >= 0) return {};
  schema::FieldErrors errors{
      {schema::FieldError::Kind::Invalid, "spec.replicas", std::to_string(replicas), "must be greater than or equal to 0"}};
  return fail(schema::invalid_error("Scale", "autoscaling", name, errors));
}

void set_replicas(const Kind& kind, codec::Value& object, std::int64_t replicas) {
  std::string_view path = paths_of(kind).replicas;
  codec::Value* place = &object;
  while (true) {
    std::string_view name = take_name(path);
    codec::Value& next = codec::ensure_object(*place)[name];
    if (path.empty()) {
      next = replicas;
      return;
    }
    place = &next;
  }
}

}  // namespace charon::model
