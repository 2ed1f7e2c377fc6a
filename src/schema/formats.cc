#include "schema/formats.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/names.h"
#include "base/time.h"

namespace charon::schema {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }
bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool all_of(std::string_view text, bool (*test)(char)) { return !text.empty() && std::ranges::all_of(text, test); }

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_number(std::string_view text, int low, int high) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && is_digit(text.front()) && value >= low && value <= high;
}

bool is_ipv4(std::string_view text) {
  std::vector<std::string_view> parts = split(text, '.');
  return parts.size() == 4 && std::ranges::all_of(parts, [](std::string_view part) {
           return !part.empty() && part.size() <= 3 && (part.size() == 1 || part.front() != '0') && is_number(part, 0, 255);
         });
}

// Groups of an IPv6 address on one side of "::"; -1: malformed.
int groups_of(std::string_view text, bool last) {
  if (text.empty()) return 0;
  int groups = 0;
  std::vector<std::string_view> parts = split(text, ':');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (last && i + 1 == parts.size() && parts[i].find('.') != std::string_view::npos) {
      if (!is_ipv4(parts[i])) return -1;
      groups += 2;
    } else {
      if (parts[i].size() > 4 || !all_of(parts[i], is_hex)) return -1;
      ++groups;
    }
  }
  return groups;
}

bool is_ipv6(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return false;
  std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return groups_of(text, true) == 8;
  std::string_view rest = text.substr(gap + 2);
  if (rest.find("::") != std::string_view::npos || rest.starts_with(':')) return false;
  int before = groups_of(text.substr(0, gap), false), after = groups_of(rest, true);
  return before >= 0 && after >= 0 && before + after <= 7;
}

bool is_cidr(std::string_view text) {
  std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) return false;
  std::string_view address = text.substr(0, slash), bits = text.substr(slash + 1);
  if (bits.size() > 1 && bits.front() == '0') return false;
  return (is_ipv4(address) && is_number(bits, 0, 32)) || (is_ipv6(address) && is_number(bits, 0, 128));
}

bool is_mac(std::string_view text) {
  char separator = text.size() > 2 ? text[2] : ':';
  if (text.find('.') == 4) separator = '.';
  if (separator != ':' && separator != '-' && separator != '.') return false;
  std::vector<std::string_view> parts = split(text, separator);
  std::size_t width = separator == '.' ? 4 : 2, bytes = parts.size() * width / 2;
  return (bytes == 6 || bytes == 8 || bytes == 20) &&
         std::ranges::all_of(parts, [width](std::string_view part) { return part.size() == width && all_of(part, is_hex); });
}

// `version`: the digit at its place, 0: any; from 4 on the variant is checked too.
bool is_uuid(std::string_view text, char version) {
  std::string digits;
  const std::array<std::size_t, 5> groups = {8, 4, 4, 4, 12};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i > 0 && text.starts_with('-')) text.remove_prefix(1);
    if (text.size() < groups[i] || !all_of(text.substr(0, groups[i]), is_hex)) return false;
    digits += text.substr(0, groups[i]);
    text.remove_prefix(groups[i]);
  }
  if (!text.empty()) return false;
  if (version != 0 && digits[12] != version) return false;
  bool variant = std::string_view("89abAB").find(digits[16]) != std::string_view::npos;
  return version < '4' || variant;
}

bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  return std::ranges::all_of(split(text, '.'), [](std::string_view label) {
    auto allowed = [](char c) { return is_alnum(c) || c == '-' || static_cast<unsigned char>(c) >= 0x80; };
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label, allowed);
  });
}

// An address with an optional display name in front: `Jane <jane@example.com>`.
bool is_email(std::string_view text) {
  if (text.ends_with('>')) {
    std::size_t open = text.rfind('<');
    if (open == std::string_view::npos) return false;
    text = text.substr(open + 1, text.size() - open - 2);
  }
  std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) return false;
  std::string_view local = text.substr(0, at), domain = text.substr(at + 1);
  static constexpr std::string_view kAtoms = "!#$%&'*+-/=?^_`{|}~.";
  auto atom = [](char c) {
    return is_alnum(c) || static_cast<unsigned char>(c) >= 0x80 || kAtoms.find(c) != std::string_view::npos;
  };
  auto dots = [](std::string_view part) {
    return !part.starts_with('.') && !part.ends_with('.') && part.find("..") == std::string_view::npos;
  };
  bool quoted = local.size() > 2 && local.front() == '"' && local.back() == '"';
  bool literal = domain.front() == '[' && domain.back() == ']';
  return (quoted || (std::ranges::all_of(local, atom) && dots(local))) &&
         (literal || (std::ranges::all_of(domain, atom) && dots(domain)));
}

// A request URI: absolute, or a path from the root.
bool is_uri(std::string_view text) {
  if (text.empty() || std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }))
    return false;
  if (text.front() == '/') return true;
  std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !std::isalpha(static_cast<unsigned char>(text.front()))) return false;
  return std::ranges::all_of(text.substr(0, colon), [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; });
}

bool is_isbn10(std::string_view text) {
  std::string digits;
  for (char c : text)
    if (c != '-' && c != ' ') digits += c;
  if (digits.size() != 10) return false;
  int sum = 0;
  for (int i = 0; i < 10; ++i) {
    bool check = i == 9 && (digits[9] == 'X' || digits[9] == 'x');
    if (!is_digit(digits[i]) && !check) return false;
    sum += (i + 1) * (check ? 10 : digits[i] - '0');
  }
  return sum % 11 == 0;
}

bool is_isbn13(std::string_view text) {
  std::string digits;
  for (char c : text)
    if (c != '-' && c != ' ') digits += c;
  if (digits.size() != 13 || !all_of(digits, is_digit)) return false;
  int sum = 0;
  for (int i = 0; i < 13; ++i) sum += (digits[i] - '0') * (i % 2 == 0 ? 1 : 3);
  return sum % 10 == 0;
}

bool is_credit_card(std::string_view text) {
  std::string digits;
  for (char c : text)
    if (is_digit(c)) digits += c;
  if (digits.size() < 13 || digits.size() > 19) return false;
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int digit = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

bool is_ssn(std::string_view text) {
  if (text.size() != 11) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool separator = i == 3 || i == 6;
    if (separator ? text[i] != '-' && text[i] != ' ' : !is_digit(text[i])) return false;
  }
  return true;
}

bool is_hex_color(std::string_view text) {
  if (text.starts_with('#')) text.remove_prefix(1);
  return (text.size() == 3 || text.size() == 6) && all_of(text, is_hex);
}

bool is_rgb_color(std::string_view text) {
  if (!text.starts_with("rgb(") || !text.ends_with(')')) return false;
  std::vector<std::string_view> parts = split(text.substr(4, text.size() - 5), ',');
  return parts.size() == 3 && std::ranges::all_of(parts, [](std::string_view part) {
           while (part.starts_with(' ')) part.remove_prefix(1);
           while (part.ends_with(' ')) part.remove_suffix(1);
           return !part.empty() && part.size() <= 3 && is_number(part, 0, 255);
         });
}

bool is_base64(std::string_view text) { return !text.empty() && text.size() % 4 == 0 && base64_decode(text).has_value(); }

bool is_date(std::string_view text) { return text.size() == 10 && parse_rfc3339(std::string(text) + "T00:00:00Z").has_value(); }

bool is_date_time(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = c == 't' ? 'T' : c == 'z' ? 'Z' : c;
  return parse_rfc3339(upper).has_value();
}

// Go's durations, and words: "3 days", "1w".
bool is_duration(std::string_view text) {
  if (parse_go_duration(text)) return true;
  std::size_t digits = 0;
  while (digits < text.size() && (is_digit(text[digits]) || text[digits] == '.')) ++digits;
  if (digits == 0) return false;
  std::string_view unit = text.substr(digits);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  constexpr std::array<std::string_view, 29> kUnits = {
      "ns",      "nano",  "nanos",  "nanosecond", "nanoseconds", "us",     "µs",      "micro", "micros", "microsecond",
      "ms",      "milli", "millis", "s",          "sec",         "second", "seconds", "m",     "min",    "minute",
      "minutes", "h",     "hr",     "hour",       "hours",       "d",      "day",     "days",  "w"};
  return std::ranges::find(kUnits, unit) != kUnits.end() || unit == "week" || unit == "weeks";
}

bool is_object_id(std::string_view text) { return text.size() == 24 && all_of(text, is_hex); }

struct Format {
  std::string_view name;
  bool (*holds)(std::string_view text);
};

constexpr Format kFormats[] = {
    {"bsonobjectid", is_object_id},
    {"uri", is_uri},
    {"email", is_email},
    {"hostname", is_hostname},
    {"ipv4", is_ipv4},
    {"ipv6", is_ipv6},
    {"cidr", is_cidr},
    {"mac", is_mac},
    {"uuid", [](std::string_view text) { return is_uuid(text, 0); }},
    {"uuid3", [](std::string_view text) { return is_uuid(text, '3'); }},
    {"uuid4", [](std::string_view text) { return is_uuid(text, '4'); }},
    {"uuid5", [](std::string_view text) { return is_uuid(text, '5'); }},
    {"isbn", [](std::string_view text) { return is_isbn10(text) || is_isbn13(text); }},
    {"isbn10", is_isbn10},
    {"isbn13", is_isbn13},
    {"creditcard", is_credit_card},
    {"ssn", is_ssn},
    {"hexcolor", is_hex_color},
    {"rgbcolor", is_rgb_color},
    {"byte", is_base64},
    {"password", [](std::string_view) { return true; }},
    {"date", is_date},
    {"duration", is_duration},
    {"date-time", is_date_time},
    {"datetime", is_date_time},
    {"k8s-short-name", [](std::string_view text) { return dns1123_label_errors(text).empty(); }},
    {"k8s-long-name", [](std::string_view text) { return dns1123_subdomain_errors(text).empty(); }},
};

const Format* find_format(std::string_view name) {
  auto place = std::ranges::find(kFormats, name, &Format::name);
  return place == std::end(kFormats) ? nullptr : &*place;
}

}  // namespace

bool is_known_format(std::string_view format) { return !format.empty() && find_format(format) != nullptr; }

bool has_format(std::string_view text, std::string_view format) {
  const Format* found = find_format(format);
  return found == nullptr || found->holds(text);
}

}  // namespace charon::schema
