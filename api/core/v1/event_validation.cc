#include "api/core/v1/event_validation.h"

#include <string>

#include "base/names.h"
#include "codec/tree.h"

namespace charon::core::v1 {

using codec::find;
using codec::string_at;
using codec::string_at_path;
using codec::Value;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::Errors;
using meta::v1::FieldPath;

namespace {

constexpr std::size_t kShortBytes = 128;
constexpr std::size_t kNoteBytes = 1024;

void check_text(Errors& errors, std::string_view member, std::string_view text) {
  if (text.empty()) add_required(errors, FieldPath(member));
  if (text.size() > kShortBytes)
    add_invalid(errors, FieldPath(member), Value(""), "can have at most " + std::to_string(kShortBytes) + " characters");
}

void check_reported(Errors& errors, const EventMembers& members, const Value& event) {
  std::string_view controller = string_at(event, members.controller);
  if (controller.empty()) add_required(errors, FieldPath("reportingController"));
  meta::v1::check_given_name(errors, FieldPath("reportingController"), controller, qualified_name_errors);
  for (std::string_view member : {"reportingInstance", "action", "reason"})
    check_text(errors, member, string_at(event, member));
  if (string_at(event, members.message).size() > kNoteBytes)
    add_invalid(errors, FieldPath("message"), Value(""), "can have at most " + std::to_string(kNoteBytes) + " characters");
}

void check_series(Errors& errors, const Value& event) {
  const Value* series = meta::v1::object_at(event, "series");
  if (series == nullptr) return;
  if (codec::int_at(*series, "count").value_or(0) < 2)
    add_invalid(errors, FieldPath("series.count"), Value(""), "should be at least 2");
  if (string_at(*series, "lastObservedTime").empty()) add_required(errors, FieldPath("series.lastObservedTime"));
}

}  // namespace

void validate_event(Errors& errors, const EventMembers& members, const Value& event) {
  FieldPath involved("involvedObject");
  std::string_view space = string_at_path(event, {"metadata", "namespace"});
  std::string_view of = string_at_path(event, {members.target, "namespace"});
  const bool is_new = !string_at(event, "eventTime").empty();
  // An object that has no namespace has its events in "default"; new events may be in kube-system too.
  bool agrees = !of.empty() ? is_new || space == of : space == "default" || (is_new ? space == "kube-system" : space.empty());
  if (!agrees) add_invalid(errors, involved.child("namespace"), Value(of), "does not match event.namespace");
  if (is_new) check_reported(errors, members, event);
  meta::v1::check_given_name(errors, FieldPath("namespace"), space, dns1123_subdomain_errors);
}

void validate_new_event(Errors& errors, const EventMembers& members, const Value& event) {
  check_series(errors, event);
  if (string_at(event, "eventTime").empty()) add_required(errors, FieldPath("eventTime"));
  std::string_view type = string_at(event, "type");
  if (type != "Normal" && type != "Warning")
    add_invalid(errors, FieldPath("type"), Value(""), "has invalid value: " + std::string(type));
  constexpr std::string_view kUnset = "needs to be unset";
  if (!string_at(event, members.first).empty()) add_invalid(errors, FieldPath("firstTimestamp"), Value(""), kUnset);
  if (!string_at(event, members.last).empty()) add_invalid(errors, FieldPath("lastTimestamp"), Value(""), kUnset);
  if (codec::int_at(event, members.count).value_or(0) != 0) add_invalid(errors, FieldPath("count"), Value(""), kUnset);
  for (std::string_view member : {"component", "host"})
    if (!string_at_path(event, {members.source, member}).empty())
      return add_invalid(errors, FieldPath("source"), Value(""), kUnset);
}

void validate_event_update(Errors& errors, const EventMembers& members, const EventUpdate& update) {
  if (!meta::v1::same(find(update.before, "series"), find(update.after, "series"))) check_series(errors, update.after);
  struct Member {
    std::string_view name;  // in errors
    std::string_view place;
  };
  const Member kept[] = {{"involvedObject", members.target},
                         {"reason", "reason"},
                         {"message", members.message},
                         {"source", members.source},
                         {"firstTimestamp", members.first},
                         {"lastTimestamp", members.last},
                         {"count", members.count},
                         {"type", "type"},
                         {"eventTime", "eventTime"},
                         {"action", "action"},
                         {"related", "related"},
                         {"reportingController", members.controller},
                         {"reportingInstance", "reportingInstance"}};
  for (const Member& member : kept)
    meta::v1::check_immutable(errors, FieldPath(member.name), find(update.before, member.place),
                              find(update.after, member.place));
}

}  // namespace charon::core::v1
