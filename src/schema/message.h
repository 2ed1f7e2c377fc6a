// What generated structs are made of.
#pragma once

#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/type.h"

namespace charon::schema {

// An optional message, kept elsewhere: absent, it takes a pointer's room, and the type may hold itself (JSONSchemaProps). Used
// as std::optional is; copies deeply.
template <class T>
class Box {
 public:
  Box() = default;
  Box(std::nullopt_t) {}
  Box(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Box(const Box& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  Box(Box&&) noexcept = default;
  Box& operator=(const Box& other) {
    if (this != &other) value_ = other.value_ ? std::make_unique<T>(*other.value_) : nullptr;
    return *this;
  }
  Box& operator=(Box&&) noexcept = default;
  explicit operator bool() const { return value_ != nullptr; }
  bool has_value() const { return value_ != nullptr; }
  T& emplace() { return *(value_ = std::make_unique<T>()); }
  void reset() { value_.reset(); }
  T value_or(T other) const { return value_ ? *value_ : std::move(other); }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }
  bool operator==(const Box& other) const { return value_ && other.value_ ? *value_ == *other.value_ : value_ == other.value_; }

 private:
  std::unique_ptr<T> value_;
};

// Any JSON (RawExtension, FieldsV1, apiextensions JSON), kept as text. Empty means absent.
struct RawJson {
  std::string text;
  bool operator==(const RawJson&) const = default;
};

// Placement default construction, for Type::construct.
template <class T>
void construct(void* place) {
  ::new (place) T();
}

template <class T>
constexpr const Access* optional_access() {
  static constexpr Access access{
      .get = [](const void* place) -> const void* {
        const auto& member = *static_cast<const std::optional<T>*>(place);
        return member ? &*member : nullptr;
      },
      .emplace = [](void* place) -> void* { return &static_cast<std::optional<T>*>(place)->emplace(); }};
  return &access;
}

template <class T>
constexpr const Access* box_access() {
  static constexpr Access access{.get = [](const void* place) -> const void* {
                                   const auto& member = *static_cast<const Box<T>*>(place);
                                   return member ? &*member : nullptr;
                                 },
                                 .emplace = [](void* place) -> void* { return &static_cast<Box<T>*>(place)->emplace(); }};
  return &access;
}

template <class T, class List = std::vector<T>>
constexpr const Access* list_access() {
  static constexpr Access access{
      .size = [](const void* place) { return static_cast<const List*>(place)->size(); },
      .append = [](void* place) -> void* { return &static_cast<List*>(place)->emplace_back(); },
      .at = [](const void* place, std::size_t index) -> const void* { return &(*static_cast<const List*>(place))[index]; }};
  return &access;
}

template <class T>
constexpr const Access* map_access() {
  static constexpr Access access{
      .size = [](const void* place) { return static_cast<const std::map<std::string, T, std::less<>>*>(place)->size(); },
      .insert = [](void* place, std::string_view key) -> void* {
        return &(*static_cast<std::map<std::string, T, std::less<>>*>(place))[std::string(key)];
      },
      .each =
          [](const void* place, void* context, void (*visit)(void*, std::string_view, const void*)) {
            for (const auto& [key, value] : *static_cast<const std::map<std::string, T, std::less<>>*>(place))
              visit(context, key, &value);
          }};
  return &access;
}

}  // namespace charon::schema
