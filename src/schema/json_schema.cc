#include "schema/json_schema.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/names.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/formats.h"
#include "schema/type.h"

namespace charon::schema {

using codec::Value;
using Kind = FieldError::Kind;

struct JsonSchema::Node {
  using Children = std::vector<std::unique_ptr<const Node>>;

  std::string type;  // empty: any
  bool int_or_string = false;
  bool nullable = false;
  bool embedded_resource = false;
  std::string format;  // only those that strings are checked by, and those of numbers

  std::optional<double> minimum, maximum, multiple_of;
  bool exclusive_minimum = false, exclusive_maximum = false;
  std::optional<std::int64_t> min_length, max_length, min_items, max_items, min_properties, max_properties;
  std::string pattern;
  std::shared_ptr<const re2::RE2> compiled;
  std::vector<Value> enum_values;

  std::vector<std::string> required;
  std::map<std::string, std::unique_ptr<const Node>, std::less<>> properties;
  std::unique_ptr<const Node> items, additional, none_of;
  Children all_of, any_of, one_of;
  ListType list_type = ListType::Atomic;
  std::vector<std::string> list_keys;
};

namespace {

using Node = JsonSchema::Node;

std::optional<double> number_at(const Value& schema, std::string_view name) {
  const Value* found = codec::find(schema, name);
  return found != nullptr && found->is_number() ? std::optional(found->to_number<double>()) : std::nullopt;
}

bool flag_at(const Value& schema, std::string_view name) { return codec::bool_at(schema, name).value_or(false); }

std::vector<std::string> strings_at(const Value& schema, std::string_view name) {
  std::vector<std::string> texts;
  if (const Value* found = codec::find(schema, name); found != nullptr && found->is_array())
    for (const Value& text : found->get_array())
      if (text.is_string()) texts.emplace_back(codec::view(text.get_string()));
  return texts;
}

class Compiler {
 public:
  std::unique_ptr<const Node> compile(const Value& schema);

 private:
  std::unique_ptr<const Node> member(const Value& schema, std::string_view name) {
    const Value* found = codec::find(schema, name);
    return found != nullptr && found->is_object() ? compile(*found) : nullptr;
  }
  Node::Children list(const Value& schema, std::string_view name) {
    Node::Children children;
    if (const Value* found = codec::find(schema, name); found != nullptr && found->is_array())
      for (const Value& child : found->get_array()) children.push_back(compile(child));
    return children;
  }
  void bounds(const Value& schema, Node& node);
  std::shared_ptr<const re2::RE2> pattern(const std::string& text);

  // Generated schemas have the same few patterns (those of quantities) hundreds of times.
  std::map<std::string, std::shared_ptr<const re2::RE2>> patterns_;
};

std::shared_ptr<const re2::RE2> Compiler::pattern(const std::string& text) {
  std::shared_ptr<const re2::RE2>& place = patterns_[text];
  if (place) return place;
  re2::RE2::Options quiet;
  quiet.set_log_errors(false);
  place = std::make_shared<const re2::RE2>(text, quiet);
  return place;
}

void Compiler::bounds(const Value& schema, Node& node) {
  node.minimum = number_at(schema, "minimum");
  node.maximum = number_at(schema, "maximum");
  node.multiple_of = number_at(schema, "multipleOf");
  node.exclusive_minimum = flag_at(schema, "exclusiveMinimum");
  node.exclusive_maximum = flag_at(schema, "exclusiveMaximum");
  node.min_length = codec::int_at(schema, "minLength");
  node.max_length = codec::int_at(schema, "maxLength");
  node.min_items = codec::int_at(schema, "minItems");
  node.max_items = codec::int_at(schema, "maxItems");
  node.min_properties = codec::int_at(schema, "minProperties");
  node.max_properties = codec::int_at(schema, "maxProperties");
  node.pattern = codec::string_at(schema, "pattern");
  if (!node.pattern.empty()) node.compiled = pattern(node.pattern);
  if (const Value* values = codec::find(schema, "enum"); values != nullptr && values->is_array())
    for (const Value& value : values->get_array()) node.enum_values.push_back(value);
}

std::unique_ptr<const Node> Compiler::compile(const Value& schema) {
  auto node = std::make_unique<Node>();
  node->type = codec::string_at(schema, "type");
  node->int_or_string = flag_at(schema, "x-kubernetes-int-or-string");
  node->nullable = flag_at(schema, "nullable");
  node->embedded_resource = flag_at(schema, "x-kubernetes-embedded-resource");
  std::string_view format = codec::string_at(schema, "format");
  if (is_known_format(format) || format == "int32" || format == "int64" || format == "float" || format == "double")
    node->format = format;
  bounds(schema, *node);
  node->required = strings_at(schema, "required");
  if (const Value* properties = codec::find(schema, "properties"); properties != nullptr && properties->is_object())
    for (const auto& property : properties->get_object())
      node->properties[std::string(property.key())] = compile(property.value());
  node->items = member(schema, "items");
  node->additional = member(schema, "additionalProperties");
  node->none_of = member(schema, "not");
  node->all_of = list(schema, "allOf");
  node->any_of = list(schema, "anyOf");
  node->one_of = list(schema, "oneOf");
  std::string_view list_type = codec::string_at(schema, "x-kubernetes-list-type");
  node->list_type = list_type == "set" ? ListType::Set : list_type == "map" ? ListType::Map : ListType::Atomic;
  node->list_keys = strings_at(schema, "x-kubernetes-list-map-keys");
  return node;
}

std::string_view type_name(const Value& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "boolean";
  if (value.is_string()) return "string";
  if (value.is_array()) return "array";
  if (value.is_object()) return "object";
  return value.is_double() ? "number" : "integer";
}

bool is_whole(const Value& value) { return value.is_double() && std::trunc(value.get_double()) == value.get_double(); }

// Whether a value may be of a schema's type: whole numbers are integers however they are written.
bool has_type(std::string_view type, const Value& value) {
  std::string_view is = type_name(value);
  return is == type || (type == "integer" && is_whole(value)) || (type == "number" && is == "integer");
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string printed(const Value& value) { return codec::write_json(value); }

// What tells an item of a list from the others: its keys, or all of it.
std::string identity_of(const Node& node, const Value& item) {
  if (node.list_type != ListType::Map) return printed(item);
  codec::Object keys;
  for (const std::string& key : node.list_keys)
    if (const Value* value = codec::find(item, key)) keys[key] = *value;
  return printed(keys);
}

// The items of the list that is being replaced, by identity; of those that share one the first.
std::unordered_map<std::string, const Value*> index_of(const Node& node, const Value* before) {
  std::unordered_map<std::string, const Value*> index;
  if (before == nullptr || !before->is_array() || node.list_type != ListType::Map) return index;
  for (const Value& item : before->get_array()) index.emplace(identity_of(node, item), &item);
  return index;
}

// A path that is too long to be shown grows no further.
bool is_long(std::string_view path) { return path.size() > FieldErrors::kLongestText; }

class Checker {
 public:
  explicit Checker(FieldErrors& errors) : errors_(errors) {}

  void check(const Node& node, const Value& value, const Value* before, const std::string& path) {
    if (before != nullptr && codec::equal(*before, value)) return;
    type(node, value, path);
    alternatives(node, value, path);
    if (value.is_string()) text(node, codec::view(value.get_string()), path);
    if (value.is_number()) number(node, value, path);
    if (value.is_array()) list(node, value.get_array(), before, path);
    one_of_values(node, value, path);
    if (value.is_object()) object(node, value.get_object(), before, path);
  }

 private:
  void add(Kind kind, const std::string& path, std::string value, std::string detail) {
    if (!errors_.counts_only()) errors_.push_back({kind, path, std::move(value), std::move(detail)});
  }
  void invalid(const std::string& path, std::string value, std::string_view rest) {
    add(Kind::Invalid, path, std::move(value), fmt::format("{} in body {}", path, rest));
  }
  // An error that has no field of its own.
  void composite(const std::string& path, std::string_view rest) {
    add(Kind::Invalid, "<nil>", "\"\"", fmt::format("\"{}\" {}", path, rest));
  }
  void wrong_type(const std::string& path, std::string_view wanted, std::string_view found) {
    add(Kind::TypeInvalid, path, fmt::format("\"{}\"", found),
        fmt::format("{} in body must be of type {}: \"{}\"", path, wanted, found));
  }

  void type(const Node& node, const Value& value, const std::string& path) {
    if (value.is_null()) {
      if ((!node.type.empty() || node.int_or_string) && !node.nullable)
        wrong_type(path, node.int_or_string ? "integer,string" : node.type, "null");
      return;
    }
    if (node.int_or_string) {
      if (!value.is_string() && !has_type("integer", value)) wrong_type(path, "integer,string", type_name(value));
      return;
    }
    if (node.type.empty() || has_type(node.type, value)) return;
    bool formatted = !node.format.empty() && !value.is_string() && !value.is_array();
    if (!formatted) return wrong_type(path, node.type, type_name(value));
    std::string_view found = value.is_double() ? "float64" : value.is_number() ? "int64" : "";
    wrong_type(path, node.format, found);
  }

  void text(const Node& node, std::string_view value, const std::string& path) {
    auto length = static_cast<std::int64_t>(count_code_points(value));
    if (node.max_length && length > *node.max_length)
      add(Kind::TooLong, path, "", fmt::format("may not be more than {} bytes", *node.max_length));
    std::string quoted = printed(Value(value));
    if (node.min_length && length < *node.min_length)
      invalid(path, quoted, fmt::format("should be at least {} chars long", *node.min_length));
    if (node.compiled && !re2::RE2::PartialMatch(re2::StringPiece(value.data(), value.size()), *node.compiled))
      invalid(path, quoted, fmt::format("should match '{}'", node.pattern));
    if (is_known_format(node.format) && !has_format(value, node.format))
      add(Kind::TypeInvalid, path, quoted, fmt::format("{} in body must be of type {}: {}", path, node.format, quoted));
  }

  void number(const Node& node, const Value& value, const std::string& path) {
    double real = value.to_number<double>();
    if (node.multiple_of && *node.multiple_of > 0) {
      // As Kubernetes computes it: 0.3 is three times 0.1, whatever binary fractions make of it.
      double quotient = *node.multiple_of < 1 ? 1 / *node.multiple_of * real : real / *node.multiple_of;
      double difference = std::abs(quotient - std::trunc(quotient));
      if (difference > 1e-9 * (std::abs(quotient) + std::abs(std::trunc(quotient))))
        invalid(path, printed(value), fmt::format("should be a multiple of {}", *node.multiple_of));
    }
    if (node.maximum && (real > *node.maximum || (node.exclusive_maximum && real == *node.maximum)))
      invalid(path, printed(value),
              fmt::format("should be less than {}{}", node.exclusive_maximum ? "" : "or equal to ", *node.maximum));
    if (node.minimum && (real < *node.minimum || (node.exclusive_minimum && real == *node.minimum)))
      invalid(path, printed(value),
              fmt::format("should be greater than {}{}", node.exclusive_minimum ? "" : "or equal to ", *node.minimum));
    bool small = node.format == "int32" && (node.type == "integer" || node.type == "number");
    if (small && (real > INT32_MAX || real < INT32_MIN))
      invalid(path, printed(value), fmt::format("must be of type {} with format int32", node.type));
  }

  void one_of_values(const Node& node, const Value& value, const std::string& path) {
    if (node.enum_values.empty()) return;
    std::string supported;
    for (const Value& allowed : node.enum_values) {
      if (codec::equal(allowed, value)) return;
      std::string text = allowed.is_string() ? std::string(codec::view(allowed.get_string())) : printed(allowed);
      supported += fmt::format("{}{}", supported.empty() ? "" : ", ", printed(Value(std::string_view(text))));
    }
    add(Kind::NotSupported, path, printed(value), "supported values: " + supported);
  }

  void list(const Node& node, const codec::Array& values, const Value* before, const std::string& path) {
    auto size = static_cast<std::int64_t>(values.size());
    const std::unordered_map<std::string, const Value*> index = index_of(node, before);
    if (node.items != nullptr)
      for (std::size_t i = 0; i < values.size(); ++i) {
        auto old = index.empty() ? index.end() : index.find(identity_of(node, values[i]));
        check(*node.items, values[i], old == index.end() ? nullptr : old->second, item_path(path, i));
      }
    if (node.min_items && size < *node.min_items)
      invalid(path, std::to_string(size), fmt::format("should have at least {} items", *node.min_items));
    if (node.max_items && size > *node.max_items)
      add(Kind::TooMany, path, std::to_string(size), fmt::format("must have at most {} items", *node.max_items));
    duplicates(node, values, path);
  }

  void duplicates(const Node& node, const codec::Array& values, const std::string& path) {
    if (node.list_type == ListType::Atomic) return;
    std::unordered_set<std::string> seen;
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::string text = identity_of(node, values[i]);
      if (!seen.insert(text).second) add(Kind::Duplicate, item_path(path, i), text, "");
    }
  }

  static std::string join(const std::string& path, std::string_view name) {
    if (path.empty()) return std::string(name);
    return is_long(path) ? path.substr(0, FieldErrors::kLongestText + 1) : fmt::format("{}.{}", path, name);
  }
  static std::string item_path(const std::string& path, std::size_t index) {
    return is_long(path) ? path.substr(0, FieldErrors::kLongestText + 1) : fmt::format("{}[{}]", path, index);
  }

  void object(const Node& node, const codec::Object& members, const Value* before, const std::string& path) {
    auto size = static_cast<std::int64_t>(members.size());
    if (node.min_properties && size < *node.min_properties)
      return invalid(path, std::to_string(size), fmt::format("should have at least {} properties", *node.min_properties));
    if (node.max_properties && size > *node.max_properties)
      return add(Kind::TooMany, path, std::to_string(size), fmt::format("must have at most {} items", *node.max_properties));
    for (const auto& member : members) {
      std::string_view name(member.key().data(), member.key().size());
      auto property = node.properties.find(name);
      const Node* schema = property != node.properties.end() ? property->second.get() : node.additional.get();
      const Value* old = before != nullptr ? codec::find(*before, name) : nullptr;
      if (schema != nullptr) check(*schema, member.value(), old, join(path, name));
    }
    for (const std::string& name : node.required)
      if (!members.contains(name)) add(Kind::Required, join(path, name), "", "");
    if (!node.embedded_resource) return;
    for (std::string_view name : {"apiVersion", "kind"}) {
      const Value* found = members.if_contains(name);
      if (found == nullptr || !found->is_string() || found->get_string().empty())
        add(Kind::Required, join(path, name), "", "must not be empty");
    }
    const Value* kind = members.if_contains("kind");
    if (kind == nullptr || !kind->is_string() || kind->get_string().empty()) return;
    std::string lower(codec::view(kind->get_string()));
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    for (const std::string& text : dns1035_label_errors(lower))
      invalid(join(path, "kind"), printed(*kind), "may have mixed case, but should otherwise match: " + text);
  }

  // What is wrong with the value by one alternative; empty: nothing.
  static FieldErrors judge(const Node& node, const Value& value, const std::string& path) {
    FieldErrors errors;
    Checker(errors).check(node, value, nullptr, path);
    return errors;
  }

  void alternatives(const Node& node, const Value& value, const std::string& path) {
    if (value.is_null()) return;
    if (!node.any_of.empty()) at_least_one(node.any_of, value, path);
    if (!node.one_of.empty()) exactly_one(node.one_of, value, path);
    if (!node.all_of.empty()) all(node.all_of, value, path);
    if (node.none_of != nullptr && judge(*node.none_of, value, path).empty())
      composite(path, "must not validate the schema (not)");
  }

  void at_least_one(const Node::Children& schemas, const Value& value, const std::string& path) {
    std::optional<FieldErrors> nearest;
    for (const auto& schema : schemas) {
      FieldErrors errors = judge(*schema, value, path);
      if (errors.empty()) return;
      if (!nearest || errors.size() < nearest->size()) nearest = std::move(errors);
    }
    composite(path, "must validate at least one schema (anyOf)");
    errors_.append(*std::move(nearest));
  }

  void exactly_one(const Node::Children& schemas, const Value& value, const std::string& path) {
    std::optional<FieldErrors> nearest;
    int valid = 0;
    for (const auto& schema : schemas) {
      FieldErrors errors = judge(*schema, value, path);
      if (errors.empty()) {
        ++valid;
      } else if (!nearest || errors.size() < nearest->size()) {
        nearest = std::move(errors);
      }
    }
    if (valid == 1) return;
    std::string found = valid == 0 ? "Found none valid" : fmt::format("Found {} valid alternatives", valid);
    composite(path, "must validate one and only one schema (oneOf). " + found);
    if (valid == 0) errors_.append(*std::move(nearest));
  }

  void all(const Node::Children& schemas, const Value& value, const std::string& path) {
    std::size_t valid = 0;
    for (const auto& schema : schemas) {
      FieldErrors errors = judge(*schema, value, path);
      valid += errors.empty() ? 1 : 0;
      errors_.append(std::move(errors));
    }
    if (valid == schemas.size()) return;
    composite(path,
              valid == 0 ? "must validate all the schemas (allOf). None validated" : "must validate all the schemas (allOf)");
  }

  FieldErrors& errors_;
};

}  // namespace

std::string pattern_error(std::string_view pattern) {
  re2::RE2::Options quiet;
  quiet.set_log_errors(false);
  re2::RE2 compiled(re2::StringPiece(pattern.data(), pattern.size()), quiet);
  return compiled.ok() ? "" : compiled.error();
}

JsonSchema::JsonSchema(const Value& schema) : root_(Compiler().compile(schema)) {}

JsonSchema::~JsonSchema() = default;

void JsonSchema::validate(const Value& value, const Value* before, FieldErrors& errors) const {
  Checker(errors).check(*root_, value, before, "");
}

}  // namespace charon::schema
