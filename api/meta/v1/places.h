// Reaching into a tree that is to be changed.
#pragma once

#include <initializer_list>
#include <string_view>

#include "codec/tree.h"
#include "codec/value.h"

namespace charon::meta::v1 {

// The member at a path of names; null when a step is missing.
inline codec::Value* place(codec::Value& value, std::initializer_list<std::string_view> path) {
  codec::Value* at = &value;
  for (std::string_view name : path) {
    at = codec::find(*at, name);
    if (at == nullptr) return nullptr;
  }
  return at;
}

}  // namespace charon::meta::v1
