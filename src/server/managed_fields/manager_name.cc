#include "server/managed_fields/manager_name.h"

#include <fmt/format.h>

#include "codec/json.h"

namespace charon::server {
namespace {

struct Rune {
  char32_t value = 0xFFFD;
  std::size_t bytes = 1;
};

Rune first_rune(std::string_view text) {
  auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  unsigned lead = byte(0);
  std::size_t size = lead < 0x80 ? 1 : (lead & 0xE0) == 0xC0 ? 2 : (lead & 0xF0) == 0xE0 ? 3 : (lead & 0xF8) == 0xF0 ? 4 : 0;
  if (size == 1) return {lead, 1};
  if (size == 0 || text.size() < size) return {};
  char32_t value = lead & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3F);
  }
  return {value, size};
}

// Go's unicode.IsPrint, but for unassigned code points: controls, separators other than the space, surrogates, private use and
// format characters are not printed.
bool is_printable(char32_t rune) {
  if (rune < 0x20 || (rune >= 0x7F && rune <= 0xA0) || rune == 0xAD) return false;
  if ((rune >= 0x2000 && rune <= 0x200F) || (rune >= 0x2028 && rune <= 0x202F) || (rune >= 0x205F && rune <= 0x206F))
    return false;
  if (rune == 0x1680 || rune == 0x3000 || rune == 0xFEFF || (rune >= 0xD800 && rune <= 0xF8FF)) return false;
  return rune < 0xE0000;
}

}  // namespace

std::string manager_of_user_agent(std::string_view user_agent) {
  std::string_view program = user_agent.substr(0, user_agent.find('/'));
  std::string name;
  while (!program.empty()) {
    Rune rune = first_rune(program);
    if (is_printable(rune.value) && rune.value != 0xFFFD) {
      if (name.size() + rune.bytes > kManagerNameBytes) break;
      name += program.substr(0, rune.bytes);
    }
    program.remove_prefix(rune.bytes);
  }
  return name;
}

std::string manager_of_user(std::string_view user) {
  if (user.starts_with("system:node:")) return "kubelet";
  if (user.starts_with("system:serviceaccount:kube-system:")) return "kube-controller-manager";
  if (user == "system:apiserver") return "kube-apiserver";
  if (user.starts_with("system:")) user.remove_prefix(7);
  return manager_of_user_agent(user);
}

void validate_manager_name(std::string_view name, std::string_view field, schema::FieldErrors& errors) {
  using Kind = schema::FieldError::Kind;
  if (name.size() > kManagerNameBytes)
    errors.push_back({Kind::TooLong, std::string(field), "", fmt::format("may not be more than {} bytes", kManagerNameBytes)});
  std::string shown;
  codec::append_json_string(name, shown);
  for (std::size_t at = 0; at < name.size();) {
    Rune rune = first_rune(name.substr(at));
    if (!is_printable(rune.value))
      errors.push_back(
          {Kind::Invalid, std::string(field), shown,
           fmt::format("invalid character U+{:04X} (at position {})", static_cast<std::uint32_t>(rune.value), at)});
    at += rune.bytes;
  }
}

}  // namespace charon::server
