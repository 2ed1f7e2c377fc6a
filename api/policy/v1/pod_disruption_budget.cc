#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"

namespace charon::policy::v1 {

using codec::Value;

namespace {

void cells_of(const Value& budget, Time, codec::Array& cells) {
  for (std::string_view member : {"minAvailable", "maxUnavailable"}) {
    std::string text = meta::v1::scalar_text(codec::find_path(budget, {"spec", member}));
    meta::v1::add_cell(cells, meta::v1::text_or(text, "N/A"));
  }
}

void validate(const Value& budget, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return;
  meta::v1::FieldPath spec("spec");
  const Value* least = codec::find_path(budget, {"spec", "minAvailable"});
  const Value* most = codec::find_path(budget, {"spec", "maxUnavailable"});
  if (least != nullptr && most != nullptr)
    meta::v1::add_invalid(errors, spec, *codec::find(budget, "spec"), "minAvailable and maxUnavailable cannot be both set");
  meta::v1::check_share(errors, spec.child("minAvailable"), least);
  meta::v1::check_share(errors, spec.child("maxUnavailable"), most);
  meta::v1::check_selector(errors, spec.child("selector"), codec::find_path(budget, {"spec", "selector"}));
}

}  // namespace

const model::KindRules pod_disruption_budget_rules = {.validate = validate, .cells = cells_of, .update_needs_version = true};

}  // namespace charon::policy::v1
