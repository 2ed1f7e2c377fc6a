#include "server/json_text.h"

namespace charon::server {
namespace {

// Behind the string that opens at `place`.
std::size_t skip_string(std::string_view text, std::size_t place) {
  for (++place; place < text.size() && text[place] != '"'; ++place)
    if (text[place] == '\\') ++place;
  return place + 1;
}

// Behind the value that starts at `place`.
std::size_t skip_value(std::string_view text, std::size_t place) {
  std::size_t depth = 0;
  while (place < text.size()) {
    char c = text[place];
    if (c == '"') {
      place = skip_string(text, place);
      if (depth == 0) return place;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') {
      if (depth == 0) return place;  // of a number or a name, the end of what it stands in
      if (--depth == 0) return place + 1;
    }
    if (c == ',' && depth == 0) return place;
    ++place;
  }
  return place;
}

}  // namespace

std::string_view member_text(std::string_view object, std::string_view name) {
  std::size_t place = 1;
  while (place < object.size() && object[place] == '"') {
    std::size_t key_end = skip_string(object, place);
    std::string_view key = object.substr(place + 1, key_end - place - 2);
    std::size_t start = key_end + 1;
    std::size_t end = skip_value(object, start);
    if (key == name) return object.substr(start, end - start);
    place = end + 1;
  }
  return {};
}

void Indenter::new_line(std::string& out) const { out.append("\n").append(2 * depth_, ' '); }

void Indenter::append(std::string_view compact, std::string& out) {
  for (char c : compact) {
    if (in_string_) {
      out += c;
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      continue;
    }
    bool closes = c == '}' || c == ']';
    if (opened_ && !closes && c != '\n') {
      ++depth_;
      new_line(out);
    } else if (closes && !opened_) {
      --depth_;
      new_line(out);
    }
    opened_ = c == '{' || c == '[';
    out += c;
    if (c == ',') new_line(out);
    if (c == ':') out += ' ';
    in_string_ = c == '"';
  }
}

std::string indented(std::string_view compact) {
  std::string out;
  out.reserve(compact.size() * 2);
  Indenter().append(compact, out);
  return out;
}

}  // namespace charon::server
