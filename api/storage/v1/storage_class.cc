#include <set>
#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "api/storage/v1/driver_validation.h"
#include "base/names.h"

namespace charon::storage::v1 {

using codec::string_at_path;
using codec::Value;

namespace {

bool is_default(const Value& storage_class) {
  for (std::string_view annotation :
       {"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"})
    if (string_at_path(storage_class, {"metadata", "annotations", annotation}) == "true") return true;
  return false;
}

void cells_of(const Value& storage_class, Time, codec::Array& cells) {
  std::string name(string_at_path(storage_class, {"metadata", "name"}));
  if (is_default(storage_class)) name += " (default)";
  meta::v1::add_cell(cells, name);
  meta::v1::add_flag_cell(cells, codec::find(storage_class, "allowVolumeExpansion"));
}

void validate_topologies(const Value& storage_class, schema::FieldErrors& errors) {
  const codec::Array& terms = meta::v1::items_at(storage_class, "allowedTopologies");
  meta::v1::FieldPath list("allowedTopologies");
  for (std::size_t i = 0; i < terms.size(); ++i) {
    meta::v1::FieldPath term = list.at(i);
    meta::v1::FieldPath path = term.child("matchLabelExpressions");
    const codec::Array& expressions = meta::v1::items_at(terms[i], "matchLabelExpressions");
    std::set<std::string_view> keys;
    for (std::size_t k = 0; k < expressions.size(); ++k) {
      meta::v1::FieldPath here = path.at(k);
      std::string_view key = codec::string_at(expressions[k], "key");
      if (meta::v1::items_at(expressions[k], "values").empty()) meta::v1::add_required(errors, here.child("values"));
      meta::v1::check_given_name(errors, here.child("key"), key, qualified_name_errors);
      if (!keys.insert(key).second) meta::v1::add_duplicate(errors, here.child("key"), key);
    }
  }
}

void validate(const Value& storage_class, const model::WriteContext& context, schema::FieldErrors& errors) {
  std::string_view reclaim = codec::string_at(storage_class, "reclaimPolicy");
  if (!reclaim.empty() && reclaim != "Delete" && reclaim != "Retain")
    meta::v1::add_not_supported(errors, meta::v1::FieldPath("reclaimPolicy"), reclaim, {"Delete", "Retain"});
  check_provisioner(errors, meta::v1::FieldPath("provisioner"), codec::string_at(storage_class, "provisioner"));
  check_parameters(errors, meta::v1::FieldPath("parameters"), codec::find(storage_class, "parameters"));
  validate_topologies(storage_class, errors);
  if (context.before == nullptr) return;
  for (std::string_view member : {"parameters", "provisioner", "reclaimPolicy"})
    check_kept(errors, member, *context.before, storage_class);
}

}  // namespace

const model::KindRules storage_class_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::storage::v1
