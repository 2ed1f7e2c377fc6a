#include "schema/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/names.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/json_schema.h"
#include "schema/scalar.h"

namespace charon::schema {

using codec::Value;
using Kind = FieldError::Kind;

namespace {

// Paths that are too long to be shown grow no further, so that each step costs the same whatever the names above it.
bool is_long(std::string_view path) { return path.size() > FieldErrors::kLongestText; }

std::string child_path(const std::string& path, std::string_view name) {
  if (path.empty()) return std::string(name);
  return is_long(path) ? path.substr(0, FieldErrors::kLongestText + 1) : fmt::format("{}.{}", path, name);
}

std::string item_path(const std::string& path, std::size_t index) {
  return is_long(path) ? path.substr(0, FieldErrors::kLongestText + 1) : fmt::format("{}[{}]", path, index);
}

std::string key_path(const std::string& path, std::string_view key) {
  return is_long(path) ? path.substr(0, FieldErrors::kLongestText + 1) : fmt::format("{}[{}]", path, key);
}

// Cut between two characters of UTF-8.
void shorten(std::string& text) {
  if (text.size() <= FieldErrors::kLongestText) return;
  std::size_t end = FieldErrors::kLongestText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  text += "...";
}

using NameCheck = std::vector<std::string> (*)(std::string_view);

NameCheck name_check(std::string_view format) {
  if (format == "dns1123-label") return dns1123_label_errors;
  if (format == "dns1123-subdomain") return dns1123_subdomain_errors;
  if (format == "dns1035-label") return dns1035_label_errors;
  if (format == "label-key" || format == "qualified-name") return qualified_name_errors;
  if (format == "label-value") return label_value_errors;
  if (format == "env-var-name") return env_var_name_errors;
  if (format == "config-map-key") return config_map_key_errors;
  if (format == "port-name") return port_name_errors;
  if (format == "path-segment") return path_segment_errors;
  return nullptr;
}

std::string number_text(double value) { return fmt::format("{}", value); }

class Validator {
 public:
  explicit Validator(FieldErrors& errors) : errors_(errors) {}

  void object(const Type& type, const codec::Object& members, const std::string& path) {
    for (const JsonField& entry : type.json_fields) {
      auto place = members.find(entry.name);
      bool generated = type.construct != nullptr;
      member(*entry.field, generated, place == members.end() ? nullptr : &place->value(), path);
    }
    if (type.additional == nullptr) return;
    for (const auto& entry : members) {
      std::string_view name(entry.key().data(), entry.key().size());
      if (type.find(name) == nullptr) shaped(*type.additional, false, entry.value(), child_path(path, name));
    }
  }

 private:
  void add(Kind kind, std::string field, std::string value, std::string detail) {
    if (!errors_.counts_only()) errors_.push_back({kind, std::move(field), std::move(value), std::move(detail)});
  }

  void member(const Field& field, bool generated, const Value* value, const std::string& path) {
    bool absent = value == nullptr || (value->is_null() && !field.nullable);
    // Where zero and absent are one, an empty text or list is as good as missing.
    bool empty = absent || (generated && !field.presence && (value->is_string() || value->is_array()) && is_zero_value(*value));
    if (empty && field.required) return add(Kind::Required, child_path(path, field.name), "", "");
    if (absent || (empty && generated)) {
      // An absent message without presence is there, empty.
      bool implied = absent && generated && field.scalar == Scalar::Message && field.shape == Shape::Single &&
                     !field.presence && (!field.optional || field.name == "spec");
      if (implied) object(*field.message, codec::Object(), child_path(path, field.name));
      return;
    }
    shaped(field, generated, *value, child_path(path, field.name));
  }

  void shaped(const Field& field, bool generated, const Value& value, const std::string& path) {
    if (field.shape == Shape::Single) return single(field, generated, value, path);
    std::size_t size = value.is_array() ? value.get_array().size() : value.is_object() ? value.get_object().size() : 0;
    if (field.max_items >= 0 && size > static_cast<std::size_t>(field.max_items))
      add(Kind::TooMany, path, std::to_string(size), fmt::format("must have at most {} items", field.max_items));
    if (value.is_array()) {
      for (std::size_t i = 0; i < size; ++i) single(field, generated, value.get_array()[i], item_path(path, i));
      if (!generated) unique(field, value.get_array(), path);
    } else if (value.is_object()) {
      for (const auto& entry : value.get_object())
        single(field, generated, entry.value(), key_path(path, std::string_view(entry.key().data(), entry.key().size())));
    }
  }

  void single(const Field& field, bool generated, const Value& value, const std::string& path) {
    if (value.is_object() && field.scalar == Scalar::Message) return object(*field.message, value.get_object(), path);
    if (value.is_string()) return text(field, codec::view(value.get_string()), path);
    // Zero stands for "not set" where the field has no presence and may be left out.
    if (value.is_number() && field.scalar <= Scalar::Double &&
        !(generated && !field.presence && field.optional && is_zero_value(value)))
      number(field, value, path);
  }

  void text(const Field& field, std::string_view value, const std::string& path) {
    std::string quoted = fmt::format("\"{}\"", value);
    if (!field.enum_values.empty() && std::ranges::find(field.enum_values, value) == field.enum_values.end()) {
      std::vector<std::string_view> supported(field.enum_values.begin(), field.enum_values.end());
      std::ranges::sort(supported);
      std::string detail = "supported values: ";
      for (std::string_view each : supported) detail += fmt::format("{}\"{}\"", each == supported.front() ? "" : ", ", each);
      return add(Kind::NotSupported, path, quoted, std::move(detail));
    }
    if (field.max_length >= 0 && value.size() > static_cast<std::size_t>(field.max_length))
      add(Kind::TooLong, path, "", fmt::format("may not be more than {} bytes", field.max_length));
    if (NameCheck check = name_check(field.format))
      for (std::string& error : check(value)) add(Kind::Invalid, path, quoted, std::move(error));
  }

  void number(const Field& field, const Value& value, const std::string& path) {
    double real = value.to_number<double>();
    bool low = field.has_minimum && real < field.minimum;
    bool high = field.has_maximum && real > field.maximum;
    if (!low && !high) return;
    std::string detail =
        field.has_minimum && field.has_maximum
            ? fmt::format("must be between {} and {}, inclusive", number_text(field.minimum), number_text(field.maximum))
        : low ? fmt::format("must be greater than or equal to {}", number_text(field.minimum))
              : fmt::format("must be less than or equal to {}", number_text(field.maximum));
    add(Kind::Invalid, path, codec::write_json(value), std::move(detail));
  }

  void unique(const Field& field, const codec::Array& list, const std::string& path) {
    if (field.list_type == ListType::Atomic) return;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
      Value identity = list[i];
      if (field.list_type == ListType::Map) {
        codec::Object keys;
        for (std::string_view key : field.list_keys)
          if (const Value* value = codec::find(list[i], key)) keys[key] = *value;
        identity = std::move(keys);
      }
      std::string text = codec::write_json(identity);
      if (!seen.insert(text).second) add(Kind::Duplicate, item_path(path, i), text, "");
    }
  }

  FieldErrors& errors_;
};

void compare_immutable(const Type& type, const codec::Object& before, const codec::Object& after, const std::string& path,
                       FieldErrors& errors) {
  static const Value kNull;
  for (const JsonField& entry : type.json_fields) {
    const Field& field = *entry.field;
    auto old_place = before.find(entry.name);
    auto new_place = after.find(entry.name);
    const Value& old_value = old_place == before.end() ? kNull : old_place->value();
    const Value& new_value = new_place == after.end() ? kNull : new_place->value();
    if (field.immutable && !codec::equal(old_value, new_value))
      errors.push_back({Kind::Invalid, child_path(path, field.name), codec::write_json(new_value), "field is immutable"});
    else if (field.scalar == Scalar::Message && field.shape == Shape::Single && old_value.is_object() && new_value.is_object())
      compare_immutable(*field.message, old_value.get_object(), new_value.get_object(), child_path(path, field.name), errors);
  }
}

struct KindText {
  std::string_view text;
  std::string_view cause;
};

KindText kind_text(Kind kind) {
  switch (kind) {
    case Kind::Required:
      return {"Required value", "FieldValueRequired"};
    case Kind::Invalid:
      return {"Invalid value", "FieldValueInvalid"};
    case Kind::NotSupported:
      return {"Unsupported value", "FieldValueNotSupported"};
    case Kind::Duplicate:
      return {"Duplicate value", "FieldValueDuplicate"};
    case Kind::Forbidden:
      return {"Forbidden", "FieldValueForbidden"};
    case Kind::TooLong:
      return {"Too long", "FieldValueTooLong"};
    case Kind::TooMany:
      return {"Too many", "FieldValueTooMany"};
    case Kind::NotFound:
      return {"Not found", "FieldValueNotFound"};
    case Kind::TypeInvalid:
      return {"Invalid value", "FieldValueTypeInvalid"};
    case Kind::InternalError:
      return {"Internal error", "InternalError"};
  }
  return {};
}

// Without the field in front, as causes carry it.
std::string error_body(const FieldError& error) {
  std::string out(kind_text(error.kind).text);
  bool valueless = error.kind == Kind::Required || error.kind == Kind::Forbidden || error.kind == Kind::TooLong ||
                   error.kind == Kind::InternalError;
  if (!valueless) out += ": " + error.value;
  if (!error.detail.empty()) out += ": " + error.detail;
  return out;
}

}  // namespace

void FieldErrors::push_back(FieldError error) {
  if (counts_only()) return;
  for (std::string* text : {&error.field, &error.value, &error.detail}) shorten(*text);
  bytes_ += error.field.size() + error.value.size() + error.detail.size();
  kept_.push_back(std::move(error));
}

void FieldErrors::append(FieldErrors&& errors) {
  for (FieldError& error : errors) push_back(std::move(error));
  more_ += errors.more_;
}

std::string field_error_text(const FieldError& error) {
  if (error.field.empty()) return error_body(error);
  return error.field + ": " + error_body(error);
}

Cause field_error_cause(const FieldError& error) {
  return {std::string(kind_text(error.kind).cause), error_body(error), error.field};
}

Error invalid_error(std::string_view kind, std::string_view group, std::string_view name, const FieldErrors& errors) {
  auto details = std::make_shared<StatusDetails>();
  details->name = name;
  details->group = group;
  details->kind = kind;
  std::string text;
  std::set<std::string> seen;
  for (const FieldError& error : errors) {
    details->causes.push_back(field_error_cause(error));
    std::string one = field_error_text(error);
    if (!seen.insert(one).second) continue;
    if (!text.empty()) text += ", ";
    text += one;
  }
  if (errors.more() > 0) text += fmt::format(", and {} more errors", errors.more());
  if (seen.size() > 1) text = "[" + text + "]";
  std::string qualified = group.empty() ? std::string(kind) : fmt::format("{}.{}", kind, group);
  return Error{Reason::Invalid, fmt::format("{} \"{}\" is invalid: {}", qualified, name, text), std::move(details)};
}

void validate(const Type& type, const Value& tree, const Value* before, FieldErrors& errors) {
  if (type.rules != nullptr) return type.rules->validate(tree, before, errors);
  if (tree.is_object()) Validator(errors).object(type, tree.get_object(), "");
}

void validate_immutable(const Type& type, const Value& before, const Value& after, FieldErrors& errors) {
  if (before.is_object() && after.is_object()) compare_immutable(type, before.get_object(), after.get_object(), "", errors);
}

}  // namespace charon::schema
