#include <fmt/format.h>

#include <optional>
#include <set>
#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/places.h"
#include "api/meta/v1/validation.h"
#include "base/quantity.h"

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

std::optional<Quantity> amount(const Value& item, std::string_view member, std::string_view resource) {
  Result<Quantity> parsed = Quantity::parse(codec::string_at_path(item, {member, resource}));
  return parsed ? std::optional(*parsed) : std::nullopt;
}

// The least is not above the default request, that not above the default limit, that not above the most.
void validate_order(const Value& item, const meta::v1::FieldPath& path, schema::FieldErrors& errors) {
  struct Pair {
    std::string_view low;
    std::string_view high;
    std::string_view text;  // of the pair, in the error
  };
  constexpr Pair kPairs[] = {{"min", "max", "min value {} is greater than max value {}"},
                             {"min", "defaultRequest", "min value {} is greater than default request value {}"},
                             {"defaultRequest", "max", "default request value {} is greater than max value {}"},
                             {"defaultRequest", "default", "default request value {} is greater than default limit value {}"},
                             {"default", "max", "default value {} is greater than max value {}"}};
  for (const Pair& pair : kPairs) {
    const Value* low = codec::find(item, pair.low);
    if (low == nullptr || !low->is_object()) continue;
    for (const auto& entry : low->get_object()) {
      std::string_view resource(entry.key().data(), entry.key().size());
      std::optional<Quantity> least = amount(item, pair.low, resource);
      std::optional<Quantity> most = amount(item, pair.high, resource);
      if (!least || !most || *least <= *most) continue;
      std::string low_text = least->text();
      std::string high_text = most->text();
      std::string_view blamed = pair.low != "min" || pair.high == "max" ? pair.low : pair.high;
      meta::v1::FieldPath member = path.child(blamed);
      meta::v1::add_invalid(errors, member.key(resource), Value(codec::string_at_path(item, {blamed, resource})),
                            fmt::format(fmt::runtime(pair.text), low_text, high_text));
    }
  }
}

void validate(const Value& range, const model::WriteContext&, schema::FieldErrors& errors) {
  meta::v1::FieldPath spec("spec");
  meta::v1::FieldPath limits = spec.child("limits");
  const codec::Array& items = meta::v1::items_of(codec::find_path(range, {"spec", "limits"}));
  std::set<std::string_view> types;
  for (std::size_t i = 0; i < items.size(); ++i) {
    meta::v1::FieldPath here = limits.at(i);
    std::string_view type = codec::string_at(items[i], "type");
    if (!type.empty() && !types.insert(type).second) meta::v1::add_duplicate(errors, here.child("type"), type);
    if (type == "Pod") {
      for (std::string_view member : {"default", "defaultRequest"})
        if (codec::find(items[i], member) != nullptr)
          meta::v1::add_forbidden(errors, here.child(member), "may not be specified when `type` is 'Pod'");
    }
    validate_order(items[i], here, errors);
  }
}

}  // namespace

const model::KindRules limit_range_rules = {.set_defaults = set_defaults, .validate = validate, .update_creates = true};

}  // namespace charon::core::v1
