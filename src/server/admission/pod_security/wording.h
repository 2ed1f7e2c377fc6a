// How violations name what is at fault.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace charon::server {

using NameSet = std::set<std::string, std::less<>>;

inline std::string_view plural(std::string_view one, std::string_view many, std::size_t count) {
  return count == 1 ? one : many;
}

template <class Names>
std::string join(const Names& names, std::string_view separator) {
  std::string text;
  for (const auto& name : names) {
    if (!text.empty()) text += separator;
    text += name;
  }
  return text;
}

// `"a", "b"`
template <class Names>
std::string quoted(const Names& names) {
  return names.empty() ? "" : "\"" + join(names, "\", \"") + "\"";
}

// `container "a"`, `containers "a", "b"`
template <class Names>
std::string containers_text(const Names& names) {
  return std::string(plural("container", "containers", names.size())) + " " + quoted(names);
}

}  // namespace charon::server
