#include <algorithm>
#include <cctype>
#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::core::v1 {

using codec::find;
using codec::find_path;
using codec::string_at;
using codec::string_at_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::text_or;

namespace {

std::string target_text(const Value& event) {
  std::string text(string_at_path(event, {"involvedObject", "kind"}));
  std::ranges::transform(text, text.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  std::string_view name = string_at_path(event, {"involvedObject", "name"});
  if (!name.empty()) text.append("/").append(name);
  return text;
}

std::string source_text(const Value& event) {
  std::string text(text_or(string_at_path(event, {"source", "component"}), string_at(event, "reportingComponent")));
  std::string_view host = text_or(string_at_path(event, {"source", "host"}), string_at(event, "reportingInstance"));
  if (!host.empty()) text.append(", ").append(host);
  return text;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\v\f";
  std::size_t first = text.find_first_not_of(kBlank);
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

void cells_of(const Value& event, Time now, codec::Array& cells) {
  Time first = meta::v1::time_of(find(event, "firstTimestamp"));
  if (first.is_zero()) first = meta::v1::time_of(find(event, "eventTime"));
  Time last = meta::v1::time_of(find(event, "lastTimestamp"));
  if (last.is_zero()) last = first;
  std::int64_t count = std::max<std::int64_t>(codec::int_at(event, "count").value_or(0), 0);
  if (const Value* series = find(event, "series"); series != nullptr && series->is_object()) {
    last = meta::v1::time_of(find(*series, "lastObservedTime"));
    count = codec::int_at(*series, "count").value_or(0);
  } else if (count == 0) {
    count = 1;
  }
  add_cell(cells, meta::v1::age_text(last, now));
  add_cell(cells, target_text(event));
  add_cell(cells, string_at_path(event, {"involvedObject", "fieldPath"}));
  add_cell(cells, source_text(event));
  add_cell(cells, trimmed(string_at(event, "message")));
  add_cell(cells, meta::v1::age_text(first, now));
  add_cell(cells, count);
  add_cell(cells, string_at_path(event, {"metadata", "name"}));
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

}  // namespace

const model::KindRules event_rules = {.cells = cells_of, .selectable_fields = kSelectable};

}  // namespace charon::core::v1
