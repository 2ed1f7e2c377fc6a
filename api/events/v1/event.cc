#include <string>

#include "api/core/v1/event_cells.h"
#include "api/core/v1/event_validation.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::events::v1 {

using codec::string_at;
using codec::string_at_path;
using codec::Value;

namespace {

constexpr core::v1::EventMembers kMembers = {.target = "regarding",
                                             .source = "deprecatedSource",
                                             .controller = "reportingController",
                                             .message = "note",
                                             .first = "deprecatedFirstTimestamp",
                                             .last = "deprecatedLastTimestamp",
                                             .count = "deprecatedCount"};

void cells_of(const Value& event, Time now, codec::Array& cells) { core::v1::event_cells(kMembers, event, now, cells); }

std::string selectable_value(const Value& event, std::string_view path) {
  constexpr std::string_view kTarget = "regarding.";
  if (path.starts_with(kTarget)) return std::string(string_at_path(event, {"regarding", path.substr(kTarget.size())}));
  return std::string(string_at(event, path));
}

constexpr std::string_view kSelectable[] = {"regarding.kind",       "regarding.namespace",
                                            "regarding.name",       "regarding.uid",
                                            "regarding.apiVersion", "regarding.resourceVersion",
                                            "regarding.fieldPath",  "reason",
                                            "reportingController",  "type"};

void validate(const Value& event, const model::WriteContext& context, meta::v1::Errors& errors) {
  core::v1::validate_event(errors, kMembers, event);
  if (context.before == nullptr) return core::v1::validate_new_event(errors, kMembers, event);
  core::v1::validate_event_update(errors, kMembers, {*context.before, event});
}

}  // namespace

const model::KindRules event_rules = {.validate = validate,
                                      .cells = cells_of,
                                      .selectable_fields = kSelectable,
                                      .selectable_value = selectable_value,
                                      .update_creates = true};

}  // namespace charon::events::v1
