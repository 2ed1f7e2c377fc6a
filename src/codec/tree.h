// Looking into a Value: paths, defaults, typed reads that never throw.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "codec/value.h"

namespace charon::codec {

// The member `name` of an object; null when `value` is no object or has no such member.
const Value* find(const Value& value, std::string_view name);
Value* find(Value& value, std::string_view name);
// The member at a path of names; null when a step is missing.
const Value* find_path(const Value& value, std::initializer_list<std::string_view> path);
// The object at a path of names, made (replacing what is no object) where it is missing.
Object& ensure_object(Value& value, std::initializer_list<std::string_view> path = {});

// Typed reads of a member; empty, 0 or false when it is missing or of another type.
std::string_view string_at(const Value& value, std::string_view name);
std::string_view string_at_path(const Value& value, std::initializer_list<std::string_view> path);
std::optional<std::int64_t> int_at(const Value& value, std::string_view name);
std::optional<bool> bool_at(const Value& value, std::string_view name);

inline std::string_view view(const boost::json::string& text) { return {text.data(), text.size()}; }

// Deep equality where numbers compare by value (1 equals 1.0) and the order of members does not matter.
bool equal(const Value& left, const Value& right);

}  // namespace charon::codec
