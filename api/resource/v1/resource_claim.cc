#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/resource/v1/claim_validation.h"

namespace charon::resource::v1 {

using codec::find_path;
using codec::Value;

namespace {

void cells_of(const Value& claim, Time, codec::Array& cells) {
  std::vector<std::string> states;
  bool deleted = meta::v1::is_deleted(claim);
  const Value* allocation = find_path(claim, {"status", "allocation"});
  bool allocated = allocation != nullptr && allocation->is_object();
  if (deleted) states.push_back("deleted");
  if (allocated) states.push_back("allocated");
  if (!allocated && !deleted) states.push_back("pending");
  if (allocated && !meta::v1::items_of(find_path(claim, {"status", "reservedFor"})).empty()) states.push_back("reserved");
  meta::v1::add_cell(cells, meta::v1::join(states, ","));
}

void set_defaults(Value& claim) { default_claim_spec(codec::find(claim, "spec")); }

// That the spec does not change is the table's.
void validate(const Value& claim, const model::WriteContext& context, meta::v1::Errors& errors) {
  if (context.before == nullptr)
    validate_claim_spec(errors, meta::v1::FieldPath("spec"), codec::find(claim, "spec"));
  else if (context.subresource == "status")
    validate_claim_status(errors, meta::v1::FieldPath("status"), {*context.before, claim});
}

}  // namespace

const model::KindRules resource_claim_rules = {.set_defaults = set_defaults, .validate = validate, .cells = cells_of};

}  // namespace charon::resource::v1
