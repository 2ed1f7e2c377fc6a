#include "api/core/v1/pod_defaults.h"
#include "api/core/v1/pod_validation.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/places.h"

namespace charon::core::v1 {

using codec::find_path;
using codec::Value;

namespace {

void cells_of(const Value& pod_template, Time, codec::Array& cells) {
  meta::v1::add_container_cells(cells, find_path(pod_template, {"template", "spec"}));
  meta::v1::add_cell(cells, meta::v1::labels_text(find_path(pod_template, {"template", "metadata", "labels"})));
}

void set_defaults(Value& pod_template) { default_pod_spec(meta::v1::place(pod_template, {"template", "spec"})); }

void validate(const Value& pod_template, const model::WriteContext&, schema::FieldErrors& errors) {
  validate_template(errors, meta::v1::FieldPath("template"), codec::find(pod_template, "template"), {"PodTemplate", false});
}

}  // namespace

const model::KindRules pod_template_rules = {.set_defaults = set_defaults, .validate = validate, .cells = cells_of};

}  // namespace charon::core::v1
