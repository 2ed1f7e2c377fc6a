#include "net/query_flag.h"

#include <algorithm>

#include "net/http.h"

namespace charon::net {

std::optional<bool> query_flag(std::string_view query, std::string_view name) {
  auto value = query_value(query, name);
  if (!value) return std::nullopt;
  std::ranges::transform(*value, value->begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return *value != "false" && *value != "0";
}

}  // namespace charon::net
