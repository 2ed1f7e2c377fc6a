#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::batch::v1 {

using codec::find_path;
using codec::string_at;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::number_at_path;

namespace {

bool has_condition(const Value& job, std::string_view type) {
  return std::ranges::any_of(meta::v1::items_of(find_path(job, {"status", "conditions"})), [&](const Value& condition) {
    return string_at(condition, "type") == type && string_at(condition, "status") == "True";
  });
}

std::string_view status_text(const Value& job) {
  if (has_condition(job, "Complete")) return "Complete";
  if (has_condition(job, "Failed")) return "Failed";
  if (meta::v1::is_deleted(job)) return "Terminating";
  if (has_condition(job, "Suspended")) return "Suspended";
  if (has_condition(job, "FailureTarget")) return "FailureTarget";
  return "Running";
}

std::string completions_text(const Value& job) {
  std::int64_t succeeded = number_at_path(job, {"status", "succeeded"});
  if (const Value* completions = find_path(job, {"spec", "completions"}); completions != nullptr && completions->is_int64())
    return fmt::format("{}/{}", succeeded, completions->get_int64());
  std::int64_t parallelism = number_at_path(job, {"spec", "parallelism"});
  return parallelism > 1 ? fmt::format("{}/1 of {}", succeeded, parallelism) : fmt::format("{}/1", succeeded);
}

std::string duration_text(const Value& job, Time now) {
  Time start = meta::v1::time_of(find_path(job, {"status", "startTime"}));
  if (start.is_zero()) return "";
  Time end = meta::v1::time_of(find_path(job, {"status", "completionTime"}));
  return meta::v1::age_text(start, end.is_zero() ? now : end);
}

void cells_of(const Value& job, Time now, codec::Array& cells) {
  add_cell(cells, status_text(job));
  add_cell(cells, completions_text(job));
  add_cell(cells, duration_text(job, now));
  meta::v1::add_container_cells(cells, find_path(job, {"spec", "template", "spec"}));
  add_cell(cells, meta::v1::selector_text(find_path(job, {"spec", "selector"})));
}

std::string selectable_value(const Value& job, std::string_view) {
  return std::to_string(number_at_path(job, {"status", "succeeded"}));
}

constexpr std::string_view kSelectable[] = {"status.successful"};

}  // namespace

const model::KindRules job_rules = {.cells = cells_of, .selectable_fields = kSelectable, .selectable_value = selectable_value};

}  // namespace charon::batch::v1
