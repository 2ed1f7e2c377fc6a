#include <initializer_list>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"
#include "base/quantity.h"

namespace charon::storage::v1 {

using codec::Value;
using meta::v1::FieldPath;

namespace {

void check_amount(meta::v1::Errors& errors, const Value& capacity, std::string_view member) {
  std::string_view text = codec::string_at(capacity, member);
  if (text.empty()) return;
  Result<Quantity> amount = Quantity::parse(text);
  if (amount && amount->sign() < 0)
    meta::v1::add_invalid(errors, FieldPath(member), Value(text), "must be greater than or equal to 0");
}

void validate(const Value& capacity, const model::WriteContext& context, meta::v1::Errors& errors) {
  meta::v1::check_given_name(errors, FieldPath("storageClassName"), codec::string_at(capacity, "storageClassName"),
                             dns1123_subdomain_errors);
  meta::v1::check_selector(errors, FieldPath("nodeTopology"), codec::find(capacity, "nodeTopology"));
  for (std::string_view member : {"capacity", "maximumVolumeSize"}) check_amount(errors, capacity, member);
  if (context.before == nullptr) return;
  for (std::string_view member : {"nodeTopology", "storageClassName"})
    meta::v1::check_immutable(errors, FieldPath(member), codec::find(*context.before, member), codec::find(capacity, member));
}

}  // namespace

const model::KindRules csi_storage_capacity_rules = {.validate = validate, .update_needs_version = true};

}  // namespace charon::storage::v1
