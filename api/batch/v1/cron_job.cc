#include <algorithm>
#include <cctype>
#include <optional>
#include <string>

#include "api/batch/v1/job_validation.h"
#include "api/core/v1/pod_defaults.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/places.h"
#include "api/meta/v1/validation.h"
#include "base/cron_schedule.h"
#include "base/time_zone_rules.h"

namespace charon::batch::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::add_cell;

namespace {

void cells_of(const Value& cron_job, Time now, codec::Array& cells) {
  const Value* suspend = find_path(cron_job, {"spec", "suspend"});
  const Value* last = find_path(cron_job, {"status", "lastScheduleTime"});
  add_cell(cells, meta::v1::text_or(codec::string_at_path(cron_job, {"spec", "timeZone"})));
  add_cell(cells, suspend == nullptr || !suspend->is_bool() ? "<unset>" : suspend->get_bool() ? "True" : "False");
  add_cell(cells, static_cast<std::int64_t>(meta::v1::items_of(find_path(cron_job, {"status", "active"})).size()));
  add_cell(cells, last == nullptr || last->is_null() ? "<none>" : meta::v1::age_text(last, now));
  meta::v1::add_container_cells(cells, find_path(cron_job, {"spec", "jobTemplate", "spec", "template", "spec"}));
  add_cell(cells, meta::v1::selector_text(find_path(cron_job, {"spec", "jobTemplate", "spec", "selector"})));
}

void set_defaults(Value& cron_job) {
  core::v1::default_pod_spec(meta::v1::place(cron_job, {"spec", "jobTemplate", "spec", "template", "spec"}));
}

// Letters, digits and a few signs, 1 to 14 of them between slashes.
bool is_zone_name(std::string_view name) {
  constexpr std::size_t kSegment = 14;
  for (std::size_t from = 0; from <= name.size();) {
    std::string_view segment = name.substr(from, std::min(name.find('/', from), name.size()) - from);
    auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == '+'; };
    if (segment.empty() || segment.size() > kSegment || !std::ranges::all_of(segment, fits)) return false;
    from += segment.size() + 1;
  }
  return true;
}

void validate_time_zone(const Value& cron_job, const meta::v1::FieldPath& path, schema::FieldErrors& errors) {
  const Value* zone = find_path(cron_job, {"spec", "timeZone"});
  if (zone == nullptr || !zone->is_string()) return;
  std::string name(codec::view(zone->get_string()));
  if (name.empty()) return meta::v1::add_invalid(errors, path, *zone, "timeZone must be nil or non-empty string");
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name == "local")
    return meta::v1::add_invalid(errors, path, *zone,
                                 "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
  std::string_view given = codec::view(zone->get_string());
  if (is_zone_name(given) && given.contains(".."))
    meta::v1::add_invalid(errors, path, *zone, "time: invalid location name");
  else if (!is_time_zone(given))
    meta::v1::add_invalid(errors, path, *zone, "unknown time zone " + std::string(given));
}

void validate(const Value& cron_job, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return;
  meta::v1::FieldPath spec("spec");
  std::string_view schedule = codec::string_at_path(cron_job, {"spec", "schedule"});
  if (schedule.find("TZ=") != std::string_view::npos)
    meta::v1::add_invalid(errors, spec.child("schedule"), Value(schedule),
                          "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  else if (std::optional<std::string> error = schedule.empty() ? std::nullopt : schedule_error(schedule))
    meta::v1::add_invalid(errors, spec.child("schedule"), Value(schedule), *error);
  // A name that was known stays good when the database forgets it.
  if (context.before == nullptr ||
      !meta::v1::same(find_path(*context.before, {"spec", "timeZone"}), find_path(cron_job, {"spec", "timeZone"})))
    validate_time_zone(cron_job, spec.child("timeZone"), errors);
  meta::v1::FieldPath job = spec.child("jobTemplate");
  validate_job_spec(errors, job.child("spec"), find_path(cron_job, {"spec", "jobTemplate", "spec"}));
  if (codec::string_at_path(cron_job, {"metadata", "name"}).size() > 52)
    meta::v1::add_invalid(errors, meta::v1::FieldPath("metadata").child("name"),
                          Value(codec::string_at_path(cron_job, {"metadata", "name"})), "must be no more than 52 characters");
}

}  // namespace

const model::KindRules cron_job_rules = {.set_defaults = set_defaults, .validate = validate, .cells = cells_of};

}  // namespace charon::batch::v1
