#include "codec/tree.h"

#include <limits>

namespace charon::codec {
namespace {

boost::json::string_view key_of(std::string_view name) { return {name.data(), name.size()}; }

// A double that is a whole number inside [low, high) converts exactly.
bool whole_within(double value, double low, double high) {
  return value >= low && value < high && value == static_cast<double>(static_cast<__int128>(value));
}

bool equal_numbers(const Value& left, const Value& right) {
  if (left.is_double() && right.is_double()) return left.get_double() == right.get_double();
  if (right.is_double()) return equal_numbers(right, left);
  if (left.is_double()) {
    const double value = left.get_double();
    if (right.is_int64()) return whole_within(value, -0x1p63, 0x1p63) && static_cast<std::int64_t>(value) == right.get_int64();
    return whole_within(value, 0, 0x1p64) && static_cast<std::uint64_t>(value) == right.get_uint64();
  }
  if (left.is_int64() && right.is_int64()) return left.get_int64() == right.get_int64();
  if (left.is_uint64() && right.is_uint64()) return left.get_uint64() == right.get_uint64();
  if (left.is_uint64()) return equal_numbers(right, left);
  return left.get_int64() >= 0 && static_cast<std::uint64_t>(left.get_int64()) == right.get_uint64();
}

bool equal_objects(const Object& left, const Object& right) {
  if (left.size() != right.size()) return false;
  for (const auto& member : left) {
    const auto found = right.find(member.key());
    if (found == right.end() || !equal(member.value(), found->value())) return false;
  }
  return true;
}

bool equal_arrays(const Array& left, const Array& right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i)
    if (!equal(left[i], right[i])) return false;
  return true;
}

}  // namespace

const Value* find(const Value& value, std::string_view name) {
  const Object* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(key_of(name));
}

Value* find(Value& value, std::string_view name) {
  Object* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(key_of(name));
}

const Value* find_path(const Value& value, std::initializer_list<std::string_view> path) {
  const Value* at = &value;
  for (const std::string_view name : path) {
    at = find(*at, name);
    if (at == nullptr) return nullptr;
  }
  return at;
}

Object& ensure_object(Value& value, std::initializer_list<std::string_view> path) {
  if (!value.is_object()) value.emplace_object();
  Object* at = &value.get_object();
  for (const std::string_view name : path) {
    Value& member = (*at)[key_of(name)];
    if (!member.is_object()) member.emplace_object();
    at = &member.get_object();
  }
  return *at;
}

std::string_view string_at(const Value& value, std::string_view name) { return string_at_path(value, {name}); }

std::string_view string_at_path(const Value& value, std::initializer_list<std::string_view> path) {
  const Value* member = find_path(value, path);
  if (member == nullptr || !member->is_string()) return {};
  return view(member->get_string());
}

std::optional<std::int64_t> int_at(const Value& value, std::string_view name) {
  const Value* member = find(value, name);
  if (member == nullptr) return std::nullopt;
  if (member->is_int64()) return member->get_int64();
  if (member->is_uint64() && member->get_uint64() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()})
    return static_cast<std::int64_t>(member->get_uint64());
  if (member->is_double() && whole_within(member->get_double(), -0x1p63, 0x1p63))
    return static_cast<std::int64_t>(member->get_double());
  return std::nullopt;
}

std::optional<bool> bool_at(const Value& value, std::string_view name) {
  const Value* member = find(value, name);
  if (member == nullptr || !member->is_bool()) return std::nullopt;
  return member->get_bool();
}

bool equal(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return equal_numbers(left, right);
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case boost::json::kind::null:
      return true;
    case boost::json::kind::bool_:
      return left.get_bool() == right.get_bool();
    case boost::json::kind::string:
      return left.get_string() == right.get_string();
    case boost::json::kind::array:
      return equal_arrays(left.get_array(), right.get_array());
    default:
      return equal_objects(left.get_object(), right.get_object());
  }
}

}  // namespace charon::codec
