#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

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

}  // namespace

const model::KindRules cron_job_rules = {.cells = cells_of};

}  // namespace charon::batch::v1
