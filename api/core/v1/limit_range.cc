#include "api/kind_rules.h"
#include "api/meta/v1/places.h"

namespace charon::core::v1 {

using codec::Value;

namespace {

void fill_from(codec::Object& item, std::string_view target, std::string_view source) {
  const Value* given = item.if_contains({source.data(), source.size()});
  if (given == nullptr || !given->is_object()) return;
  codec::Object values = given->get_object();
  Value& place = item[target];
  if (!place.is_object()) place = codec::Object();
  for (const auto& [resource, quantity] : values)
    if (!place.get_object().contains(resource)) place.get_object()[resource] = quantity;
}

// Containers: the most is the default limit, that the default request, and where there is neither, the least is.
void set_defaults(Value& range) {
  Value* items = meta::v1::place(range, {"spec", "limits"});
  if (items == nullptr || !items->is_array()) return;
  for (Value& item : items->get_array()) {
    if (codec::string_at(item, "type") != "Container") continue;
    fill_from(item.get_object(), "default", "max");
    fill_from(item.get_object(), "defaultRequest", "default");
    fill_from(item.get_object(), "defaultRequest", "min");
  }
}

}  // namespace

const model::KindRules limit_range_rules = {.set_defaults = set_defaults};

}  // namespace charon::core::v1
