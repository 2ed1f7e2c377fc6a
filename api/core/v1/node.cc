#include <set>
#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"
#include "codec/json.h"

namespace charon::core::v1 {

using codec::string_at;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::text_or;

namespace {

std::string status_text(const Value& node) {
  std::string text;
  for (const Value& condition : meta::v1::items_of(codec::find_path(node, {"status", "conditions"})))
    if (string_at(condition, "type") == "Ready") text = string_at(condition, "status") == "True" ? "Ready" : "NotReady";
  if (text.empty()) text = "Unknown";
  const Value* unschedulable = codec::find_path(node, {"spec", "unschedulable"});
  if (unschedulable != nullptr && unschedulable->is_bool() && unschedulable->get_bool()) text += ",SchedulingDisabled";
  return text;
}

std::string roles_text(const Value& node) {
  constexpr std::string_view kPrefix = "node-role.kubernetes.io/";
  std::set<std::string> roles;
  const Value* labels = codec::find_path(node, {"metadata", "labels"});
  if (labels != nullptr && labels->is_object()) {
    for (const auto& [key, value] : labels->get_object()) {
      std::string_view name(key.data(), key.size());
      if (name.starts_with(kPrefix) && name.size() > kPrefix.size()) roles.emplace(name.substr(kPrefix.size()));
      if (name == "kubernetes.io/role" && value.is_string() && !value.get_string().empty())
        roles.emplace(codec::view(value.get_string()));
    }
  }
  std::string text = meta::v1::join({roles.begin(), roles.end()}, ",");
  return text.empty() ? "<none>" : text;
}

std::string_view address_of(const Value& node, std::string_view type) {
  for (const Value& address : meta::v1::items_of(codec::find_path(node, {"status", "addresses"})))
    if (string_at(address, "type") == type) return string_at(address, "address");
  return "<none>";
}

void cells_of(const Value& node, Time, codec::Array& cells) {
  add_cell(cells, status_text(node));
  add_cell(cells, roles_text(node));
  add_cell(cells, address_of(node, "InternalIP"));
  add_cell(cells, address_of(node, "ExternalIP"));
  for (std::string_view fact : {"osImage", "kernelVersion", "containerRuntimeVersion"})
    add_cell(cells, text_or(codec::string_at_path(node, {"status", "nodeInfo", fact}), "<unknown>"));
}

void validate(const Value& node, const model::WriteContext& context, schema::FieldErrors& errors) {
  meta::v1::FieldPath spec("spec");
  meta::v1::FieldPath taints = spec.child("taints");
  std::set<std::pair<std::string_view, std::string_view>> seen;
  const codec::Array& list = meta::v1::items_of(codec::find_path(node, {"spec", "taints"}));
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::string_view key = string_at(list[i], "key");
    meta::v1::check_name(errors, taints.at(i).child("key"), key, qualified_name_errors);
    meta::v1::check_name(errors, taints.at(i).child("value"), string_at(list[i], "value"), label_value_errors);
    if (!seen.emplace(key, string_at(list[i], "effect")).second)
      errors.push_back({schema::FieldError::Kind::Duplicate, taints.at(i).text(), codec::write_json(list[i]),
                        "taints must be unique by key and effect pair"});
  }
  if (context.before == nullptr) return;
  // Set once, then it stays.
  for (std::string_view member : {"podCIDR", "providerID"}) {
    std::string_view before = codec::string_at_path(*context.before, {"spec", member});
    if (!before.empty() && before != codec::string_at_path(node, {"spec", member}))
      meta::v1::add_forbidden(errors, spec.child(member),
                              "node updates may not change " + std::string(member) + " except from \"\" to valid");
  }
}

constexpr std::string_view kSelectable[] = {"spec.unschedulable"};

// What a node has it gives, unless it says otherwise.
void set_defaults(Value& node) {
  const Value* capacity = codec::find_path(node, {"status", "capacity"});
  if (capacity == nullptr || codec::find_path(node, {"status", "allocatable"}) != nullptr) return;
  Value copy = *capacity;
  codec::ensure_object(node, {"status"})["allocatable"] = std::move(copy);
}

std::string selectable_value(const Value& node, std::string_view) {
  const Value* unschedulable = codec::find_path(node, {"spec", "unschedulable"});
  return unschedulable != nullptr && unschedulable->is_bool() && unschedulable->get_bool() ? "true" : "false";
}

}  // namespace

const model::KindRules node_rules = {.set_defaults = set_defaults,
                                     .validate = validate,
                                     .cells = cells_of,
                                     .selectable_fields = kSelectable,
                                     .selectable_value = selectable_value};

}  // namespace charon::core::v1
