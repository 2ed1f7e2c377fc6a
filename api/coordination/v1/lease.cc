#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"

namespace charon::coordination::v1 {

namespace {

void cells_of(const codec::Value& lease, Time, codec::Array& cells) {
  meta::v1::add_cell(cells, codec::string_at_path(lease, {"spec", "holderIdentity"}));
}

void validate(const codec::Value& lease, const model::WriteContext&, schema::FieldErrors& errors) {
  meta::v1::FieldPath spec("spec");
  const codec::Value* seconds = codec::find_path(lease, {"spec", "leaseDurationSeconds"});
  if (seconds != nullptr && seconds->is_int64() && seconds->get_int64() <= 0)
    meta::v1::add_invalid(errors, spec.child("leaseDurationSeconds"), *seconds, "must be greater than 0");
  const codec::Value* moves = codec::find_path(lease, {"spec", "leaseTransitions"});
  if (moves != nullptr && moves->is_int64() && moves->get_int64() < 0)
    meta::v1::add_invalid(errors, spec.child("leaseTransitions"), *moves, "must be greater than or equal to 0");
}

}  // namespace

const model::KindRules lease_rules = {
    .validate = validate, .cells = cells_of, .update_needs_version = true, .update_creates = true};

}  // namespace charon::coordination::v1
