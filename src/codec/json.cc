#include "codec/json.h"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_set>

#include "base/limits.h"
#include "codec/tree.h"

namespace charon::codec {
namespace {

using boost::json::error_code;
using Text = boost::json::string_view;

// What every handler of basic_parser must say: no limits of its own, no comments.
struct HandlerBase {
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_number_part(Text, error_code&) { return true; }
  bool on_comment_part(Text, error_code&) { return true; }
  bool on_comment(Text, error_code&) { return true; }
};

// Builds the tree and counts the members read; a tree with fewer members had duplicates.
struct TreeHandler : HandlerBase {
  boost::json::value_stack stack;
  std::size_t members = 0;

  TreeHandler() { stack.reset(); }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t count, error_code&) {
    members += count;
    stack.push_object(count);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t count, error_code&) {
    stack.push_array(count);
    return true;
  }
  bool on_key_part(Text part, std::size_t, error_code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_key(Text part, std::size_t, error_code&) {
    stack.push_key(part);
    return true;
  }
  bool on_string_part(Text part, std::size_t, error_code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(Text part, std::size_t, error_code&) {
    stack.push_string(part);
    return true;
  }
  bool on_int64(std::int64_t number, Text, error_code&) {
    stack.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, Text, error_code&) {
    stack.push_uint64(number);
    return true;
  }
  // Boost's own conversion may be off in the last bit; the text is read again with correct rounding.
  bool on_double(double rough, Text text, error_code& problem) {
    double number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc::result_out_of_range) {
      if (std::abs(rough) > 1) {
        problem = boost::json::error::exponent_overflow;
        return false;
      }
      number = 0;
    }
    stack.push_double(number);
    return true;
  }
  bool on_bool(bool truth, error_code&) {
    stack.push_bool(truth);
    return true;
  }
  bool on_null(error_code&) {
    stack.push_null();
    return true;
  }
};

constexpr std::size_t kMostDuplicates = 100;
constexpr std::size_t kLongestPath = 1024;

// Walks the text once more, only for the paths of members that occur twice.
struct DuplicateHandler : HandlerBase {
  struct Level {
    bool is_array = false;
    std::size_t index = 0;
    std::unordered_set<std::string> names;
    std::string name;  // the member being read
  };
  std::vector<std::string>& duplicates;
  std::vector<Level> levels;
  std::string part_of_key;

  explicit DuplicateHandler(std::vector<std::string>& found) : duplicates(found) {}

  std::string path() const {
    std::string text;
    for (const Level& level : levels) {
      if (level.is_array) {
        text += "[" + std::to_string(level.index) + "]";
      } else {
        if (!text.empty()) text += ".";
        text += level.name;
      }
    }
    return text;
  }
  bool value_done() {
    if (!levels.empty() && levels.back().is_array) ++levels.back().index;
    return true;
  }
  bool on_object_begin(error_code&) {
    levels.emplace_back();
    return true;
  }
  bool on_array_begin(error_code&) {
    levels.push_back({.is_array = true});
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    levels.pop_back();
    return value_done();
  }
  bool on_array_end(std::size_t, error_code&) {
    levels.pop_back();
    return value_done();
  }
  bool on_key_part(Text part, std::size_t, error_code&) {
    part_of_key.append(part.data(), part.size());
    return true;
  }
  bool on_key(Text part, std::size_t, error_code&) {
    part_of_key.append(part.data(), part.size());
    Level& level = levels.back();
    level.name = std::move(part_of_key);
    part_of_key.clear();
    // Their number and length are the client's.
    if (!level.names.insert(level.name).second && duplicates.size() < kMostDuplicates)
      duplicates.push_back(path().substr(0, kLongestPath));
    return true;
  }
  bool on_string_part(Text, std::size_t, error_code&) { return true; }
  bool on_string(Text, std::size_t, error_code&) { return value_done(); }
  bool on_int64(std::int64_t, Text, error_code&) { return value_done(); }
  bool on_uint64(std::uint64_t, Text, error_code&) { return value_done(); }
  bool on_double(double, Text, error_code&) { return value_done(); }
  bool on_bool(bool, error_code&) { return value_done(); }
  bool on_null(error_code&) { return value_done(); }
};

boost::json::parse_options options() {
  boost::json::parse_options options;
  options.max_depth = limits::kDocumentDepth;
  return options;
}

std::size_t count_members(const Value& value) {
  std::size_t count = 0;
  if (const Object* object = value.if_object()) {
    count = object->size();
    for (const auto& member : *object)
      if (member.value().is_structured()) count += count_members(member.value());
  } else if (const Array* array = value.if_array()) {
    for (const Value& item : *array)
      if (item.is_structured()) count += count_members(item);
  }
  return count;
}

// The escape letter for a byte of a string: 0 none, 'u' for \u00XX, else the letter after the backslash.
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> escapes{};
  for (int c = 0; c < 0x20; ++c) escapes[static_cast<std::size_t>(c)] = 'u';
  escapes['\b'] = 'b';
  escapes['\f'] = 'f';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}
constexpr std::array<char, 256> kEscapes = make_escapes();

template <class Integer>
void append_integer(Integer number, std::string& out) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), number);
  out.append(digits, end);
}

// As Go's encoding/json: an exponent only below 1e-6 and from 1e21 on. JSON has no infinities.
void append_double(double number, std::string& out) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  if (number == 0) {
    out += '0';  // without the sign, which an integer would not keep
    return;
  }
  char digits[64];
  const double magnitude = std::abs(number);
  const bool plain = magnitude >= 1e-6 && magnitude < 1e21;
  const auto [end, error] =
      std::to_chars(digits, digits + sizeof(digits), number, plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string_view text(digits, static_cast<std::size_t>(end - digits));
  // "1e-09" is written "1e-9".
  if (!plain && text.size() >= 4 && text.substr(text.size() - 4).starts_with("e-0")) {
    out.append(text.substr(0, text.size() - 2));
    out += text.back();
    return;
  }
  out.append(text);
}

void append_scalar(const Value& value, std::string& out) {
  switch (value.kind()) {
    case boost::json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      break;
    case boost::json::kind::int64:
      append_integer(value.get_int64(), out);
      break;
    case boost::json::kind::uint64:
      append_integer(value.get_uint64(), out);
      break;
    case boost::json::kind::double_:
      append_double(value.get_double(), out);
      break;
    case boost::json::kind::string:
      append_json_string(view(value.get_string()), out);
      break;
    default:
      out += "null";
  }
}

void append_pretty(const Value& value, std::size_t indent, std::string& out) {
  constexpr std::size_t kStep = 4;
  const auto new_line = [&out](std::size_t spaces) {
    out += '\n';
    out.append(spaces, ' ');
  };
  if (const Object* object = value.if_object(); object != nullptr && !object->empty()) {
    char before = '{';
    for (const auto& member : *object) {
      out += before;
      before = ',';
      new_line(indent + kStep);
      append_json_string({member.key().data(), member.key().size()}, out);
      out += ": ";
      append_pretty(member.value(), indent + kStep, out);
    }
    new_line(indent);
    out += '}';
  } else if (const Array* array = value.if_array(); array != nullptr && !array->empty()) {
    char before = '[';
    for (const Value& item : *array) {
      out += before;
      before = ',';
      new_line(indent + kStep);
      append_pretty(item, indent + kStep, out);
    }
    new_line(indent);
    out += ']';
  } else {
    append_json(value, out);
  }
}

}  // namespace

Result<Value> parse_json(std::string_view text, JsonNotes* notes) {
  boost::json::basic_parser<TreeHandler> parser(options());
  error_code problem;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), problem);
  if (!problem && read < text.size()) problem = boost::json::error::extra_data;
  if (problem) return fail(Reason::BadRequest, "invalid JSON at offset " + std::to_string(read) + ": " + problem.message());
  Value value = parser.handler().stack.release();
  if (notes != nullptr && count_members(value) != parser.handler().members) {
    boost::json::basic_parser<DuplicateHandler> finder(options(), notes->duplicate_fields);
    finder.write_some(false, text.data(), text.size(), problem);
  }
  return value;
}

void append_json_string(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const char escape = kEscapes[byte];
    if (escape == 0) [[likely]]
      continue;
    out.append(text, start, i - start);
    start = i + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') {
      out += "00";
      out += kHex[byte >> 4];
      out += kHex[byte & 0xf];
    }
  }
  out.append(text, start, text.size() - start);
  out += '"';
}

void append_json(const Value& value, std::string& out) {
  if (const Object* object = value.if_object()) {
    out += '{';
    bool first = true;
    for (const auto& member : *object) {
      if (!first) out += ',';
      first = false;
      append_json_string({member.key().data(), member.key().size()}, out);
      out += ':';
      append_json(member.value(), out);
    }
    out += '}';
  } else if (const Array* array = value.if_array()) {
    out += '[';
    bool first = true;
    for (const Value& item : *array) {
      if (!first) out += ',';
      first = false;
      append_json(item, out);
    }
    out += ']';
  } else {
    append_scalar(value, out);
  }
}

std::string write_json(const Value& value) {
  std::string out;
  append_json(value, out);
  return out;
}

std::string write_json_pretty(const Value& value) {
  std::string out;
  append_pretty(value, 0, out);
  return out;
}

}  // namespace charon::codec
