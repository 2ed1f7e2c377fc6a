#include <map>
#include <set>
#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "api/storage/v1/driver_validation.h"
#include "base/names.h"

namespace charon::storage::v1 {

using meta::v1::FieldPath;

namespace {

constexpr std::size_t kNodeIdBytes = 192;

void cells_of(const codec::Value& node, Time, codec::Array& cells) {
  const codec::Array& drivers = meta::v1::items_of(codec::find_path(node, {"spec", "drivers"}));
  meta::v1::add_cell(cells, static_cast<std::int64_t>(drivers.size()));
}

void validate_topology(meta::v1::Errors& errors, const FieldPath& path, const codec::Value& driver) {
  std::set<std::string> seen;
  for (const codec::Value& item : meta::v1::items_at(driver, "topologyKeys")) {
    std::string key = meta::v1::scalar_text(&item);
    if (key.empty()) meta::v1::add_required(errors, path);
    if (!seen.insert(key).second) meta::v1::add_duplicate(errors, path, key);
    for (const std::string& problem : qualified_name_errors(key))
      meta::v1::add_invalid(errors, path, *codec::find(driver, "topologyKeys"), problem);
  }
}

void validate_driver(meta::v1::Errors& errors, const FieldPath& path, const codec::Value& driver) {
  check_driver_name(errors, path.child("name"), codec::string_at(driver, "name"));
  std::string_view id = codec::string_at(driver, "nodeID");
  if (id.empty()) meta::v1::add_required(errors, path.child("nodeID"));
  if (id.size() > kNodeIdBytes)
    meta::v1::add_invalid(errors, path.child("nodeID"), codec::Value(id),
                          "must be " + std::to_string(kNodeIdBytes) + " characters or less");
  FieldPath allocatable = path.child("allocatable");
  const codec::Value* count = codec::find_path(driver, {"allocatable", "count"});
  if (count != nullptr && count->is_int64() && count->get_int64() < 0)
    meta::v1::add_invalid(errors, allocatable.child("count"), *count, "must be greater than or equal to 0");
}

// How many volumes a node takes may change, but not what its driver calls it.
codec::Object lasting_part(const codec::Value& driver) {
  codec::Object part = driver.get_object();
  part.erase("allocatable");
  return part;
}

void validate_change(meta::v1::Errors& errors, const codec::Array& before, const codec::Array& after) {
  std::map<std::string_view, const codec::Value*> old;
  for (const codec::Value& driver : before) old[codec::string_at(driver, "name")] = &driver;
  for (const codec::Value& driver : after)
    if (auto place = old.find(codec::string_at(driver, "name")); place != old.end())
      if (!codec::equal(lasting_part(*place->second), lasting_part(driver)))
        meta::v1::add_invalid(errors, FieldPath("CSINodeDriver"), driver, "field is immutable");
}

void validate(const codec::Value& node, const model::WriteContext& context, meta::v1::Errors& errors) {
  FieldPath spec("spec");
  FieldPath list = spec.child("drivers");
  const codec::Array& drivers = meta::v1::items_of(codec::find_path(node, {"spec", "drivers"}));
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < drivers.size(); ++i) {
    FieldPath here = list.at(i);
    validate_driver(errors, here, drivers[i]);
    std::string_view name = codec::string_at(drivers[i], "name");
    if (!names.insert(name).second) meta::v1::add_duplicate(errors, here.child("name"), name);
    validate_topology(errors, here, drivers[i]);
  }
  if (context.before != nullptr)
    validate_change(errors, meta::v1::items_of(codec::find_path(*context.before, {"spec", "drivers"})), drivers);
}

}  // namespace

const model::KindRules csi_node_rules = {.validate = validate, .cells = cells_of, .update_needs_version = true};

}  // namespace charon::storage::v1
