#include "api/core/v1/event_cells.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "api/meta/v1/cells.h"

namespace charon::core::v1 {

using codec::find;
using codec::string_at;
using codec::string_at_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::text_or;

namespace {

std::string target_text(const EventMembers& members, const Value& event) {
  std::string text(string_at_path(event, {members.target, "kind"}));
  std::ranges::transform(text, text.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  std::string_view name = string_at_path(event, {members.target, "name"});
  if (!name.empty()) text.append("/").append(name);
  return text;
}

std::string source_text(const EventMembers& members, const Value& event) {
  std::string text(text_or(string_at_path(event, {members.source, "component"}), string_at(event, members.controller)));
  std::string_view host = text_or(string_at_path(event, {members.source, "host"}), string_at(event, "reportingInstance"));
  if (!host.empty()) text.append(", ").append(host);
  return text;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\v\f";
  std::size_t first = text.find_first_not_of(kBlank);
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace

void event_cells(const EventMembers& members, const Value& event, Time now, codec::Array& cells) {
  Time first = meta::v1::time_of(find(event, members.first));
  if (first.is_zero()) first = meta::v1::time_of(find(event, "eventTime"));
  Time last = meta::v1::time_of(find(event, members.last));
  if (last.is_zero()) last = first;
  std::int64_t count = codec::int_at(event, members.count).value_or(0);
  if (const Value* series = find(event, "series"); series != nullptr && series->is_object()) {
    last = meta::v1::time_of(find(*series, "lastObservedTime"));
    count = codec::int_at(*series, "count").value_or(0);
  } else if (count == 0) {
    count = 1;  // events of the newer form do not count single occurrences
  }
  add_cell(cells, meta::v1::age_text(last, now));
  add_cell(cells, target_text(members, event));
  add_cell(cells, string_at_path(event, {members.target, "fieldPath"}));
  add_cell(cells, source_text(members, event));
  add_cell(cells, trimmed(string_at(event, members.message)));
  add_cell(cells, meta::v1::age_text(first, now));
  add_cell(cells, count);
  add_cell(cells, string_at_path(event, {"metadata", "name"}));
}

}  // namespace charon::core::v1
