#include "api/resource/v1/device_validation.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <optional>
#include <string>
#include <vector>

#include "api/core/v1/scheduling_validation.h"
#include "api/resource/v1/names.h"
#include "base/quantity.h"
#include "codec/tree.h"

namespace charon::resource::v1 {

using codec::find;
using codec::string_at;
using codec::Value;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;
using meta::v1::object_at;
using meta::v1::scalar_text;

namespace {

constexpr std::size_t kProperties = 32;  // attributes and capacities of a device
constexpr std::size_t kTaints = 16;
constexpr std::size_t kConsumptions = 2;
constexpr std::size_t kCounters = 32;
constexpr std::size_t kValueBytes = 64;
constexpr std::size_t kPolicyValues = 10;
constexpr std::size_t kShownKeyBytes = 96;

std::size_t size_of(const Value* map) { return map != nullptr && map->is_object() ? map->get_object().size() : 0; }

void check_value(Errors& errors, const FieldPath& path, const Value& value) {
  if (scalar_text(&value).size() > kValueBytes) meta::v1::add_too_long(errors, path, kValueBytes);
}

void check_version(Errors& errors, const FieldPath& path, const Value& value) {
  static const re2::RE2 kVersion(R"((0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*))"
                                 R"((-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?)"
                                 R"((\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?)");
  if (!re2::RE2::FullMatch(scalar_text(&value), kVersion))
    add_invalid(errors, path, value, "must be a string compatible with semver.org spec 2.0.0");
  check_value(errors, path, value);
}

void check_nothing(Errors&, const FieldPath&, const Value&) {}

// An attribute has one value, or one list of values.
void validate_attribute(Errors& errors, const FieldPath& path, const Value& attribute) {
  struct Form {
    std::string_view one;
    std::string_view many;
    void (*check)(Errors& errors, const FieldPath& path, const Value& value);
  };
  constexpr Form kForms[] = {{"bool", "bools", check_nothing},
                             {"int", "ints", check_nothing},
                             {"string", "strings", check_value},
                             {"version", "versions", check_version}};
  int given = 0;
  for (const Form& form : kForms) {
    if (const Value* one = find(attribute, form.one)) {
      ++given;
      form.check(errors, path.child(form.one), *one);
    }
    if (find(attribute, form.many) == nullptr) continue;
    ++given;
    FieldPath list = path.child(form.many);
    const codec::Array& values = items_at(attribute, form.many);
    if (values.empty()) add_invalid(errors, list, Value(codec::Array()), "must not be empty if specified");
    for (std::size_t i = 0; i < values.size(); ++i) form.check(errors, list.at(i), values[i]);
  }
  if (given != 1) add_invalid(errors, path, given == 0 ? Value("") : attribute, "exactly one value must be specified");
}

Quantity amount(const Value* text) { return Quantity::parse(scalar_text(text)).value_or(Quantity()); }

void validate_values(Errors& errors, const FieldPath& path, const Value& policy, const Quantity& capacity) {
  const codec::Array& values = items_at(policy, "validValues");
  const Quantity chosen = amount(find(policy, "default"));
  bool found = false;
  for (std::size_t i = 0; i + 1 < values.size(); ++i)
    if (amount(&values[i]) > amount(&values[i + 1]))
      add_invalid(errors, path.at(i + 1), values[i + 1], "values must be sorted in ascending order");
  check_set(
      errors, path, values, kPolicyValues,
      [&](const Value& value, const FieldPath& here) {
        if (amount(&value) > capacity)
          add_invalid(errors, here, value, fmt::format("option is larger than capacity value: {}", capacity.text()));
        found = found || amount(&value) == chosen;
      },
      [](const Value& value) { return amount(&value).text(); });
  if (!found) add_invalid(errors, path, Value(chosen.text()), "default value is not valid according to the requestPolicy");
}

void validate_step(Errors& errors, const FieldPath& path, const Value& range, const Quantity& value) {
  const Quantity least = amount(find(range, "min"));
  const Quantity step = amount(find(range, "step"));
  if (step.value() > 0 && (value.value() - least.value()) % step.value() != 0)
    add_invalid(errors, path, Value(value.text()),
                fmt::format("value is not a multiple of a given step ({}) from ({})", step.text(), least.text()));
}

void validate_range(Errors& errors, const FieldPath& path, const Value& policy, const Quantity& capacity) {
  const Value& range = *find(policy, "validRange");
  const Value* min = find(range, "min");
  const Value* max = find(range, "max");
  const Value* step = find(range, "step");
  const Quantity chosen = amount(find(policy, "default"));
  if (min == nullptr) return add_required(errors, path.child("min"), "required when validRange is defined");
  Quantity least = amount(min);
  auto say = [&](std::string_view member, const Quantity& value, std::string problem) {
    add_invalid(errors, path.child(member), Value(value.text()), problem);
  };
  if (least > capacity) say("min", least, fmt::format("min is larger than capacity value: {}", capacity.text()));
  if (chosen < least) say("default", chosen, fmt::format("default is less than min: {}", least.text()));
  if (max != nullptr) {
    const Quantity most = amount(max);
    if (least > most) say("max", least, fmt::format("min is larger than max: {}", most.text()));
    if (most > capacity) say("max", most, fmt::format("max is larger than capacity value: {}", capacity.text()));
    if (chosen > most) say("default", chosen, fmt::format("default is more than max: {}", most.text()));
  }
  if (step == nullptr) return;
  if (amount(step).sign() <= 0) return say("step", amount(step), "must be greater than zero");
  Quantity first = least;
  first += amount(step);
  if (first > capacity)
    say("step", amount(step), fmt::format("one step {} is larger than capacity value: {}", first.text(), capacity.text()));
  validate_step(errors, path.child("step"), range, chosen);
  if (max != nullptr) validate_step(errors, path.child("step"), range, amount(max));
}

// How a capacity that several claims share is cut up.
void validate_capacity(Errors& errors, const FieldPath& path, const Value& capacity, const Value& device) {
  const Value* policy = object_at(capacity, "requestPolicy");
  if (policy == nullptr) return;
  FieldPath place = path.child("requestPolicy");
  if (!codec::bool_at(device, "allowMultipleAllocations").value_or(false))
    return meta::v1::add_forbidden(errors, place, "allowMultipleAllocations must be true");
  bool values = !items_at(*policy, "validValues").empty();
  bool range = object_at(*policy, "validRange") != nullptr;
  if (values && range)
    return meta::v1::add_forbidden(
        errors, place,
        "exactly one policy can be specified, cannot specify \"validValues\" and \"validRange\" at the same time");
  if (!values && !range) return;
  std::string_view member = values ? "validValues" : "validRange";
  if (find(*policy, "default") == nullptr)
    return add_required(errors, place.child("default"), fmt::format("required when {} is defined", member));
  const Quantity total = amount(find(capacity, "value"));
  if (values)
    validate_values(errors, place.child(member), *policy, total);
  else
    validate_range(errors, place.child(member), *policy, total);
}

// Long keys are cut in the middle for errors.
std::string shown(std::string_view key) {
  if (key.size() <= kShownKeyBytes) return std::string(key);
  constexpr std::size_t kKept = kShownKeyBytes - 3;
  return fmt::format("{}...{}", key.substr(0, (kKept + 1) / 2), key.substr(key.size() - kKept / 2));
}

template <class Check>
void each_property(Errors& errors, const FieldPath& path, const Value* map, Check check) {
  if (map == nullptr || !map->is_object()) return;
  for (const auto& entry : map->get_object()) {
    std::string_view name(entry.key().data(), entry.key().size());
    check_attribute_name(errors, path, name);
    std::string key = shown(name);
    check(entry.value(), path.key(key));
  }
}

void validate_taints(Errors& errors, const FieldPath& path, const codec::Array& taints) {
  if (taints.size() > kTaints) return meta::v1::add_too_many(errors, path, taints.size(), kTaints);
  for (std::size_t i = 0; i < taints.size(); ++i) {
    FieldPath here = path.at(i);
    meta::v1::check_given_name(errors, here.child("key"), string_at(taints[i], "key"), qualified_name_errors);
    meta::v1::check_name(errors, here.child("value"), string_at(taints[i], "value"), label_value_errors);
    if (string_at(taints[i], "effect").empty()) add_required(errors, here.child("effect"));
  }
}

void validate_nodes(Errors& errors, const FieldPath& path, const Value& device, bool chooses_nodes) {
  const Value* name = find(device, "nodeName");
  const Value* selector = object_at(device, "nodeSelector");
  const Value* all = find(device, "allNodes");
  if (!chooses_nodes) {
    if (name != nullptr || selector != nullptr || all != nullptr)
      add_invalid(errors, path, Value(nullptr),
                  "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the "
                  "ResourceSlice spec");
    return;
  }
  std::vector<std::string> given;
  if (name != nullptr && scalar_text(name).empty()) {
    add_invalid(errors, path.child("nodeName"), Value(""), "must not be empty");
  } else if (name != nullptr) {
    given.emplace_back("`nodeName`");
    meta::v1::check_given_name(errors, path.child("nodeName"), scalar_text(name), dns1123_subdomain_errors);
  }
  if (selector != nullptr) {
    given.emplace_back("`nodeSelector`");
    core::v1::validate_node_selector(errors, path.child("nodeSelector"), selector);
  }
  if (all != nullptr && *all == Value(true)) given.emplace_back("`allNodes`");
  if (all != nullptr && *all != Value(true))
    add_invalid(errors, path.child("allNodes"), *all, "must be either unset or set to true");
  constexpr std::string_view kOne =
      "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in "
      "the ResourceSlice spec";
  if (given.empty()) add_required(errors, path, kOne);
  if (given.size() > 1) add_invalid(errors, path, Value("{" + meta::v1::join(given, ", ") + "}"), kOne);
}

}  // namespace

void validate_counters(Errors& errors, const FieldPath& path, const Value& owner) {
  FieldPath place = path.child("counters");
  const Value* counters = object_at(owner, "counters");
  if (size_of(counters) == 0) return add_required(errors, place);
  if (size_of(counters) > kCounters) return meta::v1::add_too_many(errors, place, size_of(counters), kCounters);
  for (const auto& entry : counters->get_object())
    meta::v1::check_given_name(errors, place, {entry.key().data(), entry.key().size()}, dns1123_label_errors);
}

void validate_device(Errors& errors, const FieldPath& path, const SliceDevice& given) {
  const Value& device = given.device;
  meta::v1::check_given_name(errors, path.child("name"), string_at(device, "name"), dns1123_label_errors);
  const Value* attributes = find(device, "attributes");
  const Value* capacity = find(device, "capacity");
  if (std::size_t size = size_of(attributes) + size_of(capacity); size > kProperties)
    add_invalid(errors, path, Value(size),
                fmt::format("the total number of attributes and capacities must not exceed {}", kProperties));
  each_property(errors, path.child("attributes"), attributes,
                [&](const Value& value, const FieldPath& here) { validate_attribute(errors, here, value); });
  // What was good stays good.
  auto is_new = [&](std::string_view member) {
    return given.before == nullptr || !meta::v1::same(find(*given.before, member), find(device, member));
  };
  if (is_new("capacity"))
    each_property(errors, path.child("capacity"), capacity,
                  [&](const Value& value, const FieldPath& here) { validate_capacity(errors, here, value, device); });
  if (is_new("taints")) validate_taints(errors, path.child("taints"), items_at(device, "taints"));
  check_set(
      errors, path.child("consumesCounters"), items_at(device, "consumesCounters"), kConsumptions,
      [&](const Value& consumption, const FieldPath& here) {
        std::string_view set = string_at(consumption, "counterSet");
        if (set.empty()) add_required(errors, here.child("counterSet"));
        meta::v1::check_name(errors, here.child("counterSet"), set, dns1123_label_errors);
        validate_counters(errors, here, consumption);
      },
      [](const Value& consumption) { return string_at(consumption, "counterSet"); });
  validate_nodes(errors, path, device, given.chooses_nodes);
  check_binding_conditions(errors, path, device);
}

}  // namespace charon::resource::v1
