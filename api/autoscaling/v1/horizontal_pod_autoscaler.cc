#include <fmt/format.h>

#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"

namespace charon::autoscaling::v1 {

using codec::find_path;
using codec::string_at_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::number_at_path;

namespace {

std::string percent_text(const Value* number, std::string_view otherwise) {
  return number != nullptr && number->is_int64() ? fmt::format("{}%", number->get_int64()) : std::string(otherwise);
}

void cells_of(const Value& scaler, Time, codec::Array& cells) {
  add_cell(cells, fmt::format("{}/{}", string_at_path(scaler, {"spec", "scaleTargetRef", "kind"}),
                              string_at_path(scaler, {"spec", "scaleTargetRef", "name"})));
  const Value* target = find_path(scaler, {"spec", "targetCPUUtilizationPercentage"});
  const Value* current = find_path(scaler, {"status", "currentCPUUtilizationPercentage"});
  add_cell(cells, target == nullptr
                      ? "<none>"
                      : fmt::format("cpu: {}/{}", percent_text(current, "<unknown>"), percent_text(target, "<auto>")));
  add_cell(cells, meta::v1::text_or(meta::v1::scalar_text(find_path(scaler, {"spec", "minReplicas"})), "<unset>"));
  add_cell(cells, number_at_path(scaler, {"spec", "maxReplicas"}));
  add_cell(cells, number_at_path(scaler, {"status", "currentReplicas"}));
}

void set_defaults(Value& scaler) {
  codec::Object& spec = codec::ensure_object(scaler, {"spec"});
  if (!spec.contains("targetCPUUtilizationPercentage")) spec["targetCPUUtilizationPercentage"] = 80;
}

void validate(const Value& scaler, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return;
  meta::v1::FieldPath spec("spec");
  meta::v1::FieldPath target = spec.child("scaleTargetRef");
  for (std::string_view member : {"kind", "name"})
    if (string_at_path(scaler, {"spec", "scaleTargetRef", member}).empty())
      meta::v1::add_required(errors, target.child(member));
  std::int64_t least = number_at_path(scaler, {"spec", "minReplicas"});
  std::int64_t most = number_at_path(scaler, {"spec", "maxReplicas"});
  if (least < 1) meta::v1::add_invalid(errors, spec.child("minReplicas"), Value(least), "must be greater than or equal to 1");
  if (most < 1) meta::v1::add_invalid(errors, spec.child("maxReplicas"), Value(most), "must be greater than 0");
  if (most < least)
    meta::v1::add_invalid(errors, spec.child("maxReplicas"), Value(most), "must be greater than or equal to `minReplicas`");
}

}  // namespace

const model::KindRules horizontal_pod_autoscaler_rules = {
    .set_defaults = set_defaults, .validate = validate, .cells = cells_of};

}  // namespace charon::autoscaling::v1
