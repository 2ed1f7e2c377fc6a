#include "base/names.h"

#include <initializer_list>

namespace charon {
namespace {

constexpr std::size_t kLabelLength = 63;
constexpr std::size_t kSubdomainLength = 253;
constexpr std::size_t kPortNameLength = 15;

constexpr std::string_view kLabelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view kSubdomainPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
constexpr std::string_view kLabel1035Pattern = "[a-z]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view kKeyPattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
constexpr std::string_view kValuePattern = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
constexpr std::string_view kConfigKeyPattern = "[-._a-zA-Z0-9]+";

constexpr std::string_view kKeyRule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_or_digit(char c) { return is_lower(c) || is_digit(c); }
bool is_alphanumeric(char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }
bool is_key_character(char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; }

std::string too_long(std::size_t limit) { return "must be no more than " + std::to_string(limit) + " bytes"; }

std::string mismatch(std::string_view rule, std::string_view pattern, std::initializer_list<std::string_view> examples) {
  std::string text(rule);
  text += " (e.g. ";
  bool first = true;
  for (const std::string_view example : examples) {
    if (!first) text += " or ";
    first = false;
    text.append("'").append(example).append("', ");
  }
  return text.append("regex used for validation is '").append(pattern).append("')");
}

bool is_label(std::string_view text) {
  if (text.empty() || !is_lower_or_digit(text.front()) || !is_lower_or_digit(text.back())) return false;
  for (const char c : text)
    if (!is_lower_or_digit(c) && c != '-') return false;
  return true;
}

bool is_subdomain(std::string_view text) {
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_key_name(std::string_view text) {
  if (text.empty() || !is_alphanumeric(text.front()) || !is_alphanumeric(text.back())) return false;
  for (const char c : text)
    if (!is_key_character(c)) return false;
  return true;
}

}  // namespace

std::vector<std::string> dns1123_label_errors(std::string_view text) {
  std::vector<std::string> errors;
  if (text.size() > kLabelLength) errors.push_back(too_long(kLabelLength));
  if (is_label(text)) return errors;
  if (is_subdomain(text)) {
    errors.emplace_back("must not contain dots");
  } else {
    errors.push_back(mismatch(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
        "alphanumeric character",
        kLabelPattern, {"my-name", "123-abc"}));
  }
  return errors;
}

std::vector<std::string> dns1123_subdomain_errors(std::string_view text) {
  std::vector<std::string> errors;
  if (text.size() > kSubdomainLength) errors.push_back(too_long(kSubdomainLength));
  if (!is_subdomain(text))
    errors.push_back(mismatch(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
        "with an alphanumeric character",
        kSubdomainPattern, {"example.com"}));
  return errors;
}

std::vector<std::string> dns1035_label_errors(std::string_view text) {
  std::vector<std::string> errors;
  if (text.size() > kLabelLength) errors.push_back(too_long(kLabelLength));
  if (!is_label(text) || !is_lower(text.front()))
    errors.push_back(mismatch(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and "
        "end with an alphanumeric character",
        kLabel1035Pattern, {"my-name", "abc-123"}));
  return errors;
}

std::vector<std::string> qualified_name_errors(std::string_view text) {
  std::vector<std::string> errors;
  std::string_view name = text;
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    name = text.substr(slash + 1);
    if (name.find('/') != std::string_view::npos)
      return {"a valid label key " + mismatch(kKeyRule, kKeyPattern, {"MyName", "my.name", "123-abc"}) +
              " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"};
    const std::string_view prefix = text.substr(0, slash);
    if (prefix.empty()) {
      errors.emplace_back("prefix part must be non-empty");
    } else {
      for (const std::string& error : dns1123_subdomain_errors(prefix)) errors.push_back("prefix part " + error);
    }
  }
  if (name.empty()) {
    errors.emplace_back("name part must be non-empty");
  } else if (name.size() > kLabelLength) {
    errors.push_back("name part " + too_long(kLabelLength));
  }
  if (!is_key_name(name)) errors.push_back("name part " + mismatch(kKeyRule, kKeyPattern, {"MyName", "my.name", "123-abc"}));
  return errors;
}

std::vector<std::string> label_value_errors(std::string_view text) {
  std::vector<std::string> errors;
  if (text.size() > kLabelLength) errors.push_back(too_long(kLabelLength));
  if (!text.empty() && !is_key_name(text))
    errors.push_back(mismatch(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
        "with an alphanumeric character",
        kValuePattern, {"MyValue", "my_value", "12345"}));
  return errors;
}

// KEP-4369 (relaxed environment variable validation, always on since 1.34).
std::vector<std::string> env_var_name_errors(std::string_view text) {
  if (text.empty()) return {"environment variable name must be non-empty"};
  for (const char c : text)
    if (c < ' ' || c > '~' || c == '=')
      return {"a valid environment variable name must consist only of printable ASCII characters other than '='"};
  return {};
}

std::vector<std::string> config_map_key_errors(std::string_view text) {
  std::vector<std::string> errors;
  if (text.size() > kSubdomainLength) errors.push_back(too_long(kSubdomainLength));
  bool good = !text.empty();
  for (const char c : text) good = good && is_key_character(c);
  if (!good)
    errors.push_back(mismatch("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", kConfigKeyPattern,
                              {"key.name", "KEY_NAME", "key-name"}));
  if (text == ".") {
    errors.emplace_back("must not be '.'");
  } else if (text == "..") {
    errors.emplace_back("must not be '..'");
  } else if (text.starts_with("..")) {
    errors.emplace_back("must not start with '..'");
  }
  return errors;
}

std::vector<std::string> port_name_errors(std::string_view text) {
  std::vector<std::string> errors;
  if (text.size() > kPortNameLength) errors.push_back(too_long(kPortNameLength));
  bool charset = !text.empty();
  bool letter = false;
  for (const char c : text) {
    charset = charset && (is_lower_or_digit(c) || c == '-');
    letter = letter || is_lower(c);
  }
  if (!charset) errors.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!letter) errors.emplace_back("must contain at least one letter (a-z)");
  if (text.find("--") != std::string_view::npos) errors.emplace_back("must not contain consecutive hyphens");
  if (text.starts_with('-') || text.ends_with('-')) errors.emplace_back("must not begin or end with a hyphen");
  return errors;
}

std::vector<std::string> path_segment_errors(std::string_view text) {
  if (text == ".") return {"may not be '.'"};
  if (text == "..") return {"may not be '..'"};
  std::vector<std::string> errors;
  if (text.find('/') != std::string_view::npos) errors.emplace_back("may not contain '/'");
  if (text.find('%') != std::string_view::npos) errors.emplace_back("may not contain '%'");
  return errors;
}

}  // namespace charon
