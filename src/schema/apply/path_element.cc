#include "schema/apply/path_element.h"

#include <algorithm>
#include <charconv>

#include "codec/json.h"
#include "codec/tree.h"

namespace charon::schema::apply {

using codec::Value;

namespace {

template <class T>
int three_way(const T& left, const T& right) {
  return left < right ? -1 : right < left ? 1 : 0;
}

int rank(const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::string:
      return 1;
    case boost::json::kind::bool_:
      return 2;
    case boost::json::kind::array:
      return 3;
    case boost::json::kind::object:
      return 4;
    case boost::json::kind::null:
      return 5;
    default:
      return 0;
  }
}

std::vector<std::string_view> sorted_names(const codec::Object& object) {
  std::vector<std::string_view> names;
  for (const auto& member : object) names.emplace_back(member.key().data(), member.key().size());
  std::ranges::sort(names);
  return names;
}

int compare_objects(const codec::Object& left, const codec::Object& right) {
  std::vector<std::string_view> left_names = sorted_names(left);
  std::vector<std::string_view> right_names = sorted_names(right);
  for (std::size_t i = 0; i < std::min(left_names.size(), right_names.size()); ++i) {
    if (int order = left_names[i].compare(right_names[i]); order != 0) return order;
    if (int order = compare_values(left.at(left_names[i]), right.at(right_names[i])); order != 0) return order;
  }
  return three_way(left_names.size(), right_names.size());
}

int compare_numbers(const Value& left, const Value& right) {
  if (left.is_int64() && right.is_int64()) return three_way(left.get_int64(), right.get_int64());
  if (left.is_uint64() && right.is_uint64()) return three_way(left.get_uint64(), right.get_uint64());
  if (left.is_double() || right.is_double()) return three_way(left.to_number<double>(), right.to_number<double>());
  return left.is_uint64() ? 1 : -1;  // beyond int64
}

int compare_keys(const PathElement::Keys& left, const PathElement::Keys& right) {
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    if (int order = left[i].first.compare(right[i].first); order != 0) return order;
    if (int order = compare_values(left[i].second, right[i].second); order != 0) return order;
  }
  return three_way(left.size(), right.size());
}

void append_display_value(const Value& value, std::string& out) { codec::append_json(value, out); }

// An object of keys or a set's value; what follows the prefix in FieldsV1.
Result<PathElement> parse_json_element(std::string_view text, char prefix) {
  TRY_ASSIGN(Value value, codec::parse_json(text));
  if (prefix == 'v') return PathElement::value(std::move(value));
  if (!value.is_object() || value.get_object().empty())
    return fail(Reason::BadRequest, "keys of a list element must be an object");
  PathElement::Keys keys;
  for (auto& member : value.get_object())
    keys.emplace_back(std::string(member.key().data(), member.key().size()), std::move(member.value()));
  return PathElement::keys(std::move(keys));
}

}  // namespace

int compare_values(const Value& left, const Value& right) {
  int order = three_way(rank(left), rank(right));
  if (order != 0) return order;
  switch (left.kind()) {
    case boost::json::kind::string:
      return codec::view(left.get_string()).compare(codec::view(right.get_string()));
    case boost::json::kind::bool_:
      return three_way(left.get_bool(), right.get_bool());
    case boost::json::kind::null:
      return 0;
    case boost::json::kind::object:
      return compare_objects(left.get_object(), right.get_object());
    case boost::json::kind::array: {
      const codec::Array& one = left.get_array();
      const codec::Array& other = right.get_array();
      for (std::size_t i = 0; i < std::min(one.size(), other.size()); ++i)
        if (int item = compare_values(one[i], other[i]); item != 0) return item;
      return three_way(one.size(), other.size());
    }
    default:
      return compare_numbers(left, right);
  }
}

PathElement PathElement::keys(Keys keys) {
  std::ranges::sort(keys, {}, [](const auto& key) -> const std::string& { return key.first; });
  return PathElement(std::move(keys));
}

int PathElement::compare(const PathElement& other) const {
  if (step_.index() != other.step_.index()) return three_way(step_.index(), other.step_.index());
  switch (step_.index()) {
    case 0:
      return std::get<0>(step_).compare(std::get<0>(other.step_));
    case 1:
      return compare_keys(std::get<1>(step_), std::get<1>(other.step_));
    case 2:
      return compare_values(std::get<2>(step_), std::get<2>(other.step_));
    default:
      return three_way(std::get<3>(step_), std::get<3>(other.step_));
  }
}

std::string PathElement::text() const {
  switch (step_.index()) {
    case 0:
      return "f:" + std::get<0>(step_);
    case 1: {
      std::string out = "k:{";
      for (const auto& [name, value] : std::get<1>(step_)) {
        if (out.back() != '{') out += ',';
        codec::append_json_string(name, out);
        out += ':';
        codec::append_json(value, out);
      }
      return out + '}';
    }
    case 2:
      return "v:" + codec::write_json(std::get<2>(step_));
    default:
      return "i:" + std::to_string(std::get<3>(step_));
  }
}

Result<PathElement> PathElement::parse(std::string_view text) {
  if (text.size() < 2 || text[1] != ':') return fail(Reason::BadRequest, "missing colon in a path element");
  std::string_view rest = text.substr(2);
  switch (text[0]) {
    case 'f':
      return field(rest);
    case 'k':
    case 'v':
      return parse_json_element(rest, text[0]);
    case 'i': {
      std::int64_t number = 0;
      auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
      if (error != std::errc() || end != rest.data() + rest.size())
        return fail(Reason::BadRequest, "an index must be a number");
      return index(number);
    }
    default:
      return fail(Reason::BadRequest, "unknown sort of path element");
  }
}

void PathElement::append_display(std::string& out) const {
  switch (step_.index()) {
    case 0:
      out += '.';
      out += std::get<0>(step_);
      return;
    case 1: {
      out += '[';
      bool first = true;
      for (const auto& [name, value] : std::get<1>(step_)) {
        if (!first) out += ',';
        first = false;
        out += name;
        out += '=';
        append_display_value(value, out);
      }
      out += ']';
      return;
    }
    case 2:
      out += "[=";
      append_display_value(std::get<2>(step_), out);
      out += ']';
      return;
    default:
      out += "[" + std::to_string(std::get<3>(step_)) + "]";
  }
}

std::string display(const Path& path) {
  std::string out;
  for (const PathElement& element : path) element.append_display(out);
  return out;
}

}  // namespace charon::schema::apply
