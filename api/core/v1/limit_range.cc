#include <fmt/format.h>

#include <optional>
#include <set>
#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/places.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"
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

void validate_type(std::string_view type, const meta::v1::FieldPath& path, schema::FieldErrors& errors) {
  meta::v1::check_given_name(errors, path, type, qualified_name_errors);
  if (!type.contains('/') && type != "Pod" && type != "Container" && type != "PersistentVolumeClaim")
    meta::v1::add_invalid(errors, path, Value(type), "must be a standard limit type or fully qualified");
}

// How far limits may exceed requests: by 1 at least, and by no more than what the bounds themselves allow.
void validate_ratios(const Value& item, const meta::v1::FieldPath& path, schema::FieldErrors& errors) {
  const Value* ratios = meta::v1::object_at(item, "maxLimitRequestRatio");
  if (ratios == nullptr) return;
  for (const auto& entry : ratios->get_object()) {
    std::string_view resource(entry.key().data(), entry.key().size());
    std::optional<Quantity> ratio = amount(item, "maxLimitRequestRatio", resource);
    if (!ratio) continue;
    if (*ratio < Quantity::of(1))
      meta::v1::add_invalid(errors, path.key(resource), entry.value(), fmt::format("ratio {} is less than 1", ratio->text()));
    std::optional<Quantity> least = amount(item, "min", resource);
    std::optional<Quantity> most = amount(item, "max", resource);
    if (!least || !most || least->is_zero()) continue;
    double allowed = most->approximate() / least->approximate();
    if (ratio->approximate() > allowed)
      meta::v1::add_invalid(errors, path.key(resource), entry.value(),
                            fmt::format("ratio {} is greater than max/min = {:f}", ratio->text(), allowed));
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
    validate_type(type, here.child("type"), errors);
    if (type == "PersistentVolumeClaim" && codec::find_path(items[i], {"min", "storage"}) == nullptr &&
        codec::find_path(items[i], {"max", "storage"}) == nullptr)
      meta::v1::add_required(errors, here.child("limits"),
                             "either minimum or maximum storage value is required, but neither was provided");
    validate_order(items[i], here, errors);
    validate_ratios(items[i], here.child("maxLimitRequestRatio"), errors);
  }
}

}  // namespace

const model::KindRules limit_range_rules = {.set_defaults = set_defaults, .validate = validate, .update_creates = true};

}  // namespace charon::core::v1
