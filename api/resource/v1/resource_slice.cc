#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "api/core/v1/scheduling_validation.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/resource/v1/device_validation.h"
#include "api/resource/v1/names.h"
#include "api/storage/v1/driver_validation.h"

namespace charon::resource::v1 {

using codec::find;
using codec::string_at;
using codec::Value;
using meta::v1::add_invalid;
using meta::v1::FieldPath;
using meta::v1::items_at;
using meta::v1::object_at;

namespace {

constexpr std::size_t kDevices = 128;
constexpr std::size_t kComplexDevices = 64;
constexpr std::size_t kCounterSets = 8;

void cells_of(const Value& slice, Time, codec::Array& cells) {
  meta::v1::add_cell(cells, codec::string_at_path(slice, {"spec", "nodeName"}));
}

void validate_pool(meta::v1::Errors& errors, const FieldPath& path, const Value& spec) {
  check_pool_name(errors, path.child("name"), codec::string_at_path(spec, {"pool", "name"}));
  std::int64_t slices = meta::v1::number_at_path(spec, {"pool", "resourceSliceCount"});
  std::int64_t generation = meta::v1::number_at_path(spec, {"pool", "generation"});
  if (slices <= 0) add_invalid(errors, path.child("resourceSliceCount"), Value(slices), "must be greater than zero");
  if (generation < 0) add_invalid(errors, path.child("generation"), Value(generation), "must be greater than or equal to zero");
}

// From which nodes the devices can be reached is said in one way.
void validate_nodes(meta::v1::Errors& errors, const FieldPath& path, const Value& spec) {
  std::vector<std::string> given;
  if (const Value* name = find(spec, "nodeName")) {
    FieldPath place = path.child("nodeName");
    if (meta::v1::scalar_text(name).empty()) {
      add_invalid(errors, place, *name, "must be either unset or set to a non-empty string");
    } else {
      given.emplace_back("`nodeName`");
      meta::v1::check_given_name(errors, place, meta::v1::scalar_text(name), dns1123_subdomain_errors);
    }
  }
  if (const Value* selector = object_at(spec, "nodeSelector")) {
    FieldPath place = path.child("nodeSelector");
    given.emplace_back("`nodeSelector`");
    core::v1::validate_node_selector(errors, place, selector);
    const codec::Array& terms = items_at(*selector, "nodeSelectorTerms");
    if (terms.size() != 1)
      add_invalid(errors, place.child("nodeSelectorTerms"), Value(terms), "must have exactly one node selector term");
  }
  for (std::string_view member : {"allNodes", "perDeviceNodeSelection"}) {
    const Value* flag = find(spec, member);
    if (flag == nullptr) continue;
    if (*flag == Value(true))
      given.push_back("`" + std::string(member) + "`");
    else
      add_invalid(errors, path.child(member), *flag, "must be either unset or set to true");
  }
  const std::string one = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  if (given.empty()) meta::v1::add_required(errors, path, one);
  if (given.size() > 1)
    add_invalid(errors, path, Value("{" + meta::v1::join(given, ", ") + "}"), one + ", but multiple fields are set");
}

// Taints, counters and lists make devices larger, so that fewer fit.
bool is_complex(const Value& device) {
  if (!items_at(device, "taints").empty() || !items_at(device, "consumesCounters").empty()) return true;
  const Value* attributes = object_at(device, "attributes");
  if (attributes == nullptr) return false;
  return std::ranges::any_of(attributes->get_object(), [](const auto& entry) {
    return std::ranges::any_of(std::initializer_list<std::string_view>{"bools", "ints", "strings", "versions"},
                               [&](std::string_view member) { return find(entry.value(), member) != nullptr; });
  });
}

void validate_devices(meta::v1::Errors& errors, const FieldPath& path, const Value& spec, const Value* before) {
  const codec::Array& devices = items_at(spec, "devices");
  std::map<std::string_view, const Value*> old;
  if (before != nullptr)
    for (const Value& device : items_at(*before, "devices")) old.emplace(string_at(device, "name"), &device);
  bool chooses_nodes = codec::bool_at(spec, "perDeviceNodeSelection").value_or(false);
  check_set(
      errors, path, devices, std::ranges::any_of(devices, is_complex) ? kComplexDevices : kDevices,
      [&](const Value& device, const FieldPath& here) {
        auto place = old.find(string_at(device, "name"));
        validate_device(errors, here, {device, place == old.end() ? nullptr : place->second, chooses_nodes});
      },
      [](const Value& device) { return string_at(device, "name"); });
}

void validate(const Value& slice, const model::WriteContext& context, meta::v1::Errors& errors) {
  static const Value kNothing = codec::Object();
  const Value* found = object_at(slice, "spec");
  const Value& spec = found == nullptr ? kNothing : *found;
  const Value* before = context.before == nullptr ? nullptr : object_at(*context.before, "spec");
  FieldPath path("spec");
  FieldPath pool = path.child("pool");
  storage::v1::check_driver_name(errors, path.child("driver"), string_at(spec, "driver"));
  validate_pool(errors, pool, spec);
  if (before != nullptr) {
    meta::v1::check_immutable(errors, pool.child("name"), codec::find_path(*before, {"pool", "name"}),
                              codec::find_path(spec, {"pool", "name"}));
    for (std::string_view member : {"driver", "nodeName"})
      meta::v1::check_immutable(errors, path.child(member), find(*before, member), find(spec, member));
  }
  validate_nodes(errors, path, spec);
  if (find(spec, "sharedCounters") != nullptr && find(spec, "devices") != nullptr)
    add_invalid(errors, path, Value(""), "only one of `sharedCounters` or `devices` is allowed");
  validate_devices(errors, path.child("devices"), spec, before);
  check_set(
      errors, path.child("sharedCounters"), items_at(spec, "sharedCounters"), kCounterSets,
      [&](const Value& set, const FieldPath& here) {
        std::string_view name = string_at(set, "name");
        if (name.empty()) meta::v1::add_required(errors, here.child("name"));
        meta::v1::check_name(errors, here.child("name"), name, dns1123_label_errors);
        validate_counters(errors, here, set);
      },
      [](const Value& set) { return string_at(set, "name"); });
}

constexpr std::string_view kSelectable[] = {"spec.nodeName", "spec.driver"};

}  // namespace

const model::KindRules resource_slice_rules = {.validate = validate, .cells = cells_of, .selectable_fields = kSelectable};

}  // namespace charon::resource::v1
