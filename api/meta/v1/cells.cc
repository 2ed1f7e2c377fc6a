#include "api/meta/v1/cells.h"

#include <algorithm>

#include "codec/json.h"
#include "model/selector.h"

namespace charon::meta::v1 {

using codec::Value;

void add_cell(codec::Array& cells, std::string_view text) {
  cells.emplace_back(boost::json::string_view(text.data(), text.size()));
}

void add_cell(codec::Array& cells, std::int64_t number) { cells.emplace_back(number); }

void add_flag_cell(codec::Array& cells, const Value* flag) {
  cells.emplace_back(flag != nullptr && flag->is_bool() && flag->get_bool());
}

Time time_of(const Value* timestamp) {
  if (timestamp == nullptr || !timestamp->is_string()) return {};
  Result<Time> time = parse_rfc3339(codec::view(timestamp->get_string()));
  return time ? *time : Time{};
}

std::string age_text(Time then, Time now) {
  if (then.is_zero()) return "<unknown>";
  return human_duration(std::chrono::seconds(now.seconds - then.seconds));
}

std::string age_text(const Value* timestamp, Time now) { return age_text(time_of(timestamp), now); }

std::string_view text_or(std::string_view text, std::string_view otherwise) { return text.empty() ? otherwise : text; }

std::string labels_text(const Value* labels) {
  const codec::Object* members = labels == nullptr ? nullptr : labels->if_object();
  if (members == nullptr || members->empty()) return "<none>";
  std::vector<std::string> pairs;
  for (const auto& [key, value] : *members) {
    pairs.emplace_back(key.data(), key.size());
    pairs.back() += '=';
    if (value.is_string()) pairs.back() += codec::view(value.get_string());
  }
  std::ranges::sort(pairs);
  return join(pairs, ",");
}

std::string selector_text(const Value* selector) {
  if (selector == nullptr || selector->is_null()) return "<none>";
  Result<model::LabelSelector> parsed = model::LabelSelector::of_tree(selector);
  if (!parsed) return "<error>";
  std::string text = parsed->text();
  return text.empty() ? "<none>" : text;
}

std::string scalar_text(const Value* value) {
  if (value == nullptr || value->is_null()) return "";
  if (value->is_string()) return std::string(codec::view(value->get_string()));
  return codec::write_json(*value);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != &parts.front()) out += separator;
    out += part;
  }
  return out;
}

std::string join_some(const std::vector<std::string>& parts, std::size_t limit, std::string_view none) {
  if (parts.size() > limit) {
    std::vector<std::string> first(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(limit));
    return join(first, ",") + " + " + std::to_string(parts.size() - limit) + " more...";
  }
  std::string text = join(parts, ",");
  return text.empty() ? std::string(none) : text;
}

void add_container_cells(codec::Array& cells, const Value* pod_spec) {
  static const Value kNone;
  std::string names;
  std::string images;
  for (const Value& container : items_at(pod_spec == nullptr ? kNone : *pod_spec, "containers")) {
    if (!names.empty()) names += ',';
    if (!images.empty()) images += ',';
    names += codec::string_at(container, "name");
    images += codec::string_at(container, "image");
  }
  add_cell(cells, names);
  add_cell(cells, images);
}

const codec::Array& items_of(const Value* list) {
  static const codec::Array kEmpty;
  const codec::Array* items = list == nullptr ? nullptr : list->if_array();
  return items == nullptr ? kEmpty : *items;
}

const codec::Array& items_at(const Value& value, std::string_view name) { return items_of(codec::find(value, name)); }

std::int64_t number_at_path(const Value& value, std::initializer_list<std::string_view> path) {
  const Value* found = codec::find_path(value, path);
  return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

bool is_deleted(const Value& object) { return !codec::string_at_path(object, {"metadata", "deletionTimestamp"}).empty(); }

}  // namespace charon::meta::v1
