#include "net/http.h"

#include <algorithm>

namespace charon::net {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
         c == '~';
}

// Form decoding: "+" is a space. Nothing for text that does not decode; such pairs are dropped, as Go does.
std::optional<std::string> form_decode(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return percent_decode(spaced);
}

template <class Visit>
void each_pair(std::string_view query, Visit visit) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    if (!visit(pair.substr(0, equals), value)) return;
  }
}

bool name_matches(std::string_view raw, std::string_view name) {
  return raw == name || (raw.find_first_of("%+") != std::string_view::npos && form_decode(raw) == name);
}

}  // namespace

void Headers::set(std::string_view name, std::string value) {
  for (auto item = items_.begin(); item != items_.end(); ++item) {
    if (item->first != name) continue;
    item->second = std::move(value);
    items_.erase(std::remove_if(item + 1, items_.end(), [&](const auto& other) { return other.first == name; }), items_.end());
    return;
  }
  items_.emplace_back(name, std::move(value));
}

std::string_view Headers::get(std::string_view name) const {
  for (const auto& [key, value] : items_)
    if (key == name) return value;
  return {};
}

bool Headers::has(std::string_view name) const {
  return std::ranges::any_of(items_, [&](const auto& item) { return item.first == name; });
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  std::optional<std::string> found;
  each_pair(query, [&](std::string_view key, std::string_view value) {
    if (!name_matches(key, name)) return true;
    found = form_decode(value);
    return !found;
  });
  return found;
}

std::vector<std::string> query_values(std::string_view query, std::string_view name) {
  std::vector<std::string> found;
  each_pair(query, [&](std::string_view key, std::string_view value) {
    if (name_matches(key, name))
      if (auto decoded = form_decode(value)) found.push_back(*std::move(decoded));
    return true;
  });
  return found;
}

std::string percent_encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace charon::net
