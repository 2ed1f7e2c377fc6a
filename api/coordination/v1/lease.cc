#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"

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
  std::string_view strategy = codec::string_at_path(lease, {"spec", "strategy"});
  meta::v1::FieldPath place = spec.child("strategy");
  if (codec::find_path(lease, {"spec", "strategy"}) != nullptr) {
    // Of Kubernetes' own there is one; others have the domain of whoever made them.
    if (strategy.contains('/'))
      meta::v1::check_name(errors, place.child("strategy"), strategy, qualified_name_errors);
    else if (strategy != "OldestEmulationVersion")
      meta::v1::add_not_supported(errors, place.child("strategy"), strategy, {"OldestEmulationVersion"});
  }
  if (strategy.empty() && !codec::string_at_path(lease, {"spec", "preferredHolder"}).empty())
    meta::v1::add_forbidden(errors, spec.child("preferredHolder"), "may only be specified if `strategy` is defined");
}

}  // namespace

const model::KindRules lease_rules = {
    .validate = validate, .cells = cells_of, .update_needs_version = true, .update_creates = true};

}  // namespace charon::coordination::v1
