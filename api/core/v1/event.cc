#include <string>

#include "api/core/v1/event_cells.h"
#include "api/core/v1/event_validation.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::core::v1 {

using codec::string_at;
using codec::string_at_path;
using codec::Value;

namespace {

constexpr EventMembers kMembers = {.target = "involvedObject",
                                   .source = "source",
                                   .controller = "reportingComponent",
                                   .message = "message",
                                   .first = "firstTimestamp",
                                   .last = "lastTimestamp",
                                   .count = "count"};

void cells_of(const Value& event, Time now, codec::Array& cells) { event_cells(kMembers, event, now, cells); }

std::string selectable_value(const Value& event, std::string_view path) {
  constexpr std::string_view kTarget = "involvedObject.";
  if (path.starts_with(kTarget)) return std::string(string_at_path(event, {"involvedObject", path.substr(kTarget.size())}));
  if (path == "source")
    return std::string(
        meta::v1::text_or(string_at_path(event, {"source", "component"}), string_at(event, "reportingComponent")));
  return std::string(string_at(event, path));
}

constexpr std::string_view kSelectable[] = {"involvedObject.kind",
                                            "involvedObject.namespace",
                                            "involvedObject.name",
                                            "involvedObject.uid",
                                            "involvedObject.apiVersion",
                                            "involvedObject.resourceVersion",
                                            "involvedObject.fieldPath",
                                            "reason",
                                            "reportingComponent",
                                            "source",
                                            "type"};

void validate(const Value& event, const model::WriteContext&, meta::v1::Errors& errors) {
  validate_event(errors, kMembers, event);
}

}  // namespace

const model::KindRules event_rules = {.validate = validate,
                                      .cells = cells_of,
                                      .selectable_fields = kSelectable,
                                      .selectable_value = selectable_value,
                                      .update_creates = true};

}  // namespace charon::core::v1
