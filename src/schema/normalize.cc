// Trees checked against their types, with every value in its canonical form.
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "base/bytes.h"
#include "base/int_or_string.h"
#include "base/limits.h"
#include "base/quantity.h"
#include "base/time.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/convert.h"
#include "schema/erase_members.h"
#include "schema/scalar.h"

namespace charon::schema {

using codec::Value;

namespace {

// Of unknown fields.
constexpr std::size_t kMostUnknown = 100;
constexpr std::size_t kLongestPath = 1024;

// Where in the document we are: a chain on the stack, printed only when something is wrong.
struct Place {
  const Place* parent = nullptr;
  std::string_view name;
  std::int64_t index = -1;  // of a list's element
  int depth = 0;

  Place member(std::string_view child) const { return {this, child, -1, depth + 1}; }
  Place element(std::size_t child) const { return {this, {}, static_cast<std::int64_t>(child), depth + 1}; }

  void append(std::string& out, bool indices) const {
    if (parent == nullptr) return;
    parent->append(out, indices);
    if (index >= 0) {
      if (indices) out += fmt::format("[{}]", index);
      return;
    }
    if (!out.empty()) out += '.';
    out += name;
  }
  std::string path() const {
    std::string out;
    append(out, true);
    return out;
  }
};

std::string_view go_kind(const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::bool_:
      return "bool";
    case boost::json::kind::string:
      return "string";
    case boost::json::kind::array:
      return "array";
    case boost::json::kind::object:
      return "object";
    case boost::json::kind::null:
      return "null";
    default:
      return "number";
  }
}

// Go's name of a scalar's type.
std::string go_type(const Field& field) {
  switch (field.scalar) {
    case Scalar::Bool:
      return "bool";
    case Scalar::Int32:
      return "int32";
    case Scalar::Int64:
      return "int64";
    case Scalar::Uint32:
      return "uint32";
    case Scalar::Uint64:
      return "uint64";
    case Scalar::Float:
      return "float32";
    case Scalar::Double:
      return "float64";
    case Scalar::String:
      return "string";
    case Scalar::Bytes:
      return "[]uint8";
    case Scalar::StringList:
      return "[]string";
    case Scalar::Message: {
      // io.k8s.api.core.v1.Container -> v1.Container
      std::string_view name = field.message->full_name;
      std::size_t dot = name.rfind('.');
      if (dot != std::string_view::npos && dot > 0) dot = name.rfind('.', dot - 1);
      return std::string(dot == std::string_view::npos ? name : name.substr(dot + 1));
    }
    default:
      return "string";
  }
}

class Normalizer {
 public:
  explicit Normalizer(UnknownFields* unknown) : unknown_(unknown) {}

  Result<void> object(const Type& type, Value& tree, const Place& place) {
    if (!tree.is_object()) return mismatch(type, tree, place, std::string(type.name));
    if (place.depth > limits::kDocumentDepth) return fail(Reason::BadRequest, "exceeded max depth");
    codec::Object& members = tree.get_object();
    std::set<std::string_view> dropped;
    for (auto& member : members) {
      std::string_view name(member.key().data(), member.key().size());
      Place here = place.member(name);
      const Field* field = nullptr;
      if (const JsonField* found = type.find(name)) {
        field = found->field;
      } else if (type.is_object && (name == "apiVersion" || name == "kind")) {
        bool text = member.value().is_string() || member.value().is_null();
        if (!text && !type.run_time()) return mismatch(type, member.value(), here, "string");
        continue;
      } else if (type.additional != nullptr) {
        field = type.additional;
      } else if (type.preserve_unknown) {
        continue;
      } else {
        // Their number and length are the client's.
        if (unknown_ != nullptr && unknown_->paths.size() < kMostUnknown)
          unknown_->paths.push_back(here.path().substr(0, kLongestPath));
        dropped.insert(name);
        continue;
      }
      if (member.value().is_null() && !field->nullable) {
        dropped.insert(name);
        continue;
      }
      TRY(type.run_time() ? loose(*field, member.value(), here) : shaped(type, *field, member.value(), here));
    }
    erase_members(members, dropped);
    return {};
  }

 private:
  // Of custom resources: what a value of another type than the schema's means is validation's matter, and stays as it is.
  Result<void> loose(const Field& field, Value& value, const Place& place) {
    if (field.shape == Shape::Single) {
      if (field.scalar != Scalar::Message || !value.is_object()) return {};
      return object(*field.message, value, place);
    }
    if (field.items == nullptr) return {};
    if (place.depth > limits::kDocumentDepth) return fail(Reason::BadRequest, "exceeded max depth");
    if (field.shape == Shape::List && value.is_array()) {
      std::size_t index = 0;
      for (Value& item : value.get_array()) {
        Place here = place.element(index++);
        TRY(loose(*field.items, item, here));
      }
    } else if (field.shape == Shape::Map && value.is_object()) {
      codec::Object& entries = value.get_object();
      std::set<std::string_view> dropped;
      for (auto& entry : entries) {
        std::string_view name(entry.key().data(), entry.key().size());
        if (entry.value().is_null() && !field.items->nullable && field.items->default_json.empty()) {
          dropped.insert(name);
          continue;
        }
        Place here = place.member(name);
        TRY(loose(*field.items, entry.value(), here));
      }
      erase_members(entries, dropped);
    }
    return {};
  }

  Result<void> shaped(const Type& owner, const Field& field, Value& value, const Place& place) {
    if (value.is_null()) return {};
    if (field.shape == Shape::Single) return single(owner, field, value, place);
    if (field.shape == Shape::List) {
      if (!value.is_array()) return mismatch(owner, value, place, "[]" + go_type(field));
      std::size_t index = 0;
      for (Value& item : value.get_array()) {
        Place here = place.element(index++);
        TRY(element(owner, field, item, here));
      }
      return {};
    }
    if (!value.is_object()) return mismatch(owner, value, place, "map[string]" + go_type(field));
    for (auto& entry : value.get_object()) {
      Place here = place.member({entry.key().data(), entry.key().size()});
      TRY(element(owner, field, entry.value(), here));
    }
    return {};
  }

  // An element of a list or map: null is the zero value, as in Go.
  Result<void> element(const Type& owner, const Field& field, Value& value, const Place& place) {
    if (!value.is_null()) return single(owner, field, value, place);
    if (field.nullable || field.scalar == Scalar::Json || field.scalar == Scalar::RawExtension) return {};
    if (field.scalar == Scalar::Message) {
      value.emplace_object();
      return {};
    }
    TRY_ASSIGN(value, codec::parse_json(zero_json(field.scalar)));
    return {};
  }

  Result<void> single(const Type& owner, const Field& field, Value& value, const Place& place) {
    switch (field.scalar) {
      case Scalar::Message:
        if (!value.is_object()) return mismatch(owner, value, place, go_type(field));
        return object(*field.message, value, place);
      case Scalar::Bool:
        return value.is_bool() ? Result<void>() : mismatch(owner, value, place, go_type(field));
      case Scalar::String:
        return value.is_string() ? Result<void>() : mismatch(owner, value, place, go_type(field));
      case Scalar::Int32:
      case Scalar::Int64:
      case Scalar::Uint32:
      case Scalar::Uint64:
        return integer(owner, field, value, place);
      case Scalar::Float:
      case Scalar::Double:
        return value.is_number() ? Result<void>() : mismatch(owner, value, place, go_type(field));
      case Scalar::Bytes: {
        if (!value.is_string()) return mismatch(owner, value, place, go_type(field));
        if (Result<std::string> bytes = base64_decode(codec::view(value.get_string())); !bytes) return fail(bytes.error());
        return {};
      }
      case Scalar::RawExtension:
      case Scalar::FieldsV1:
      case Scalar::Json:
        return {};
      case Scalar::StringList: {
        if (!value.is_array()) return mismatch(owner, value, place, go_type(field));
        for (Value& item : value.get_array())
          if (!item.is_string()) return mismatch(owner, item, place, "string");
        return {};
      }
      case Scalar::SchemaOrArray:
      case Scalar::SchemaOrBool:
      case Scalar::SchemaOrStringArray:
        return schema_or(owner, field, value, place);
      default:
        return formatted(owner, field, value, place);
    }
  }

  Result<void> integer(const Type& owner, const Field& field, Value& value, const Place& place) {
    if (!value.is_number()) return mismatch(owner, value, place, go_type(field));
    // A float that is a whole number small enough to be exact is an integer (YAML readers make such).
    if (value.is_double() && std::trunc(value.get_double()) == value.get_double() && std::abs(value.get_double()) < 9e15)
      value = static_cast<std::int64_t>(value.get_double());
    bool fits = false;
    if (value.is_int64()) {
      std::int64_t number = value.get_int64();
      switch (field.scalar) {
        case Scalar::Int32:
          fits = number >= INT32_MIN && number <= INT32_MAX;
          break;
        case Scalar::Uint32:
          fits = number >= 0 && number <= UINT32_MAX;
          break;
        case Scalar::Uint64:
          fits = number >= 0;
          break;
        default:
          fits = true;
      }
    } else if (value.is_uint64()) {
      fits = field.scalar == Scalar::Uint64;
    }
    return fits ? Result<void>() : mismatch(owner, value, place, go_type(field));
  }

  // Scalars whose text has a canonical form.
  Result<void> formatted(const Type& owner, const Field& field, Value& value, const Place& place) {
    switch (field.scalar) {
      case Scalar::Quantity: {
        if (!value.is_string() && !value.is_number()) return mismatch(owner, value, place, "resource.Quantity");
        std::string text = value.is_string() ? std::string(codec::view(value.get_string())) : codec::write_json(value);
        TRY_ASSIGN(Quantity quantity, Quantity::parse(text));
        value = quantity.text();
        return {};
      }
      case Scalar::IntOrString: {
        if (value.is_string()) return {};
        if (!value.is_int64()) return mismatch(owner, value, place, "int32");
        std::int64_t number = value.get_int64();
        return number >= INT32_MIN && number <= INT32_MAX ? Result<void>() : mismatch(owner, value, place, "int32");
      }
      case Scalar::Time:
      case Scalar::MicroTime: {
        if (!value.is_string()) return mismatch(owner, value, place, "string");
        TRY_ASSIGN(Time time, parse_rfc3339(codec::view(value.get_string())));
        value = field.scalar == Scalar::Time ? format_rfc3339(time) : format_rfc3339_micro(time);
        return {};
      }
      case Scalar::Duration: {
        if (!value.is_string()) return mismatch(owner, value, place, "string");
        TRY_ASSIGN(std::chrono::nanoseconds duration, parse_go_duration(codec::view(value.get_string())));
        value = format_go_duration(duration);
        return {};
      }
      default:
        return {};
    }
  }

  Result<void> schema_or(const Type& owner, const Field& field, Value& value, const Place& place) {
    const Type& schema = schema_behind(field);
    if (value.is_object()) return object(schema, value, place);
    if (field.scalar == Scalar::SchemaOrBool)
      return value.is_bool() ? Result<void>() : fail(Reason::BadRequest, "boolean or JSON schema expected");
    if (!value.is_array()) return mismatch(owner, value, place, std::string(schema.name));
    std::size_t index = 0;
    for (Value& item : value.get_array()) {
      Place here = place.element(index++);
      if (field.scalar == Scalar::SchemaOrArray) {
        TRY(object(schema, item, here));
      } else if (!item.is_string()) {
        return mismatch(owner, item, here, "string");
      }
    }
    return {};
  }

  Result<void> mismatch(const Type& owner, const Value& value, const Place& place, std::string type) {
    std::string kind(go_kind(value));
    if (value.is_number()) kind += " " + codec::write_json(value);
    if (place.parent == nullptr)
      return fail(Reason::BadRequest, fmt::format("json: cannot unmarshal {} into Go value of type {}", kind, type));
    std::string path;
    place.append(path, false);
    return fail(Reason::BadRequest,
                fmt::format("json: cannot unmarshal {} into Go struct field {}.{} of type {}", kind, owner.name, path, type));
  }

  UnknownFields* unknown_;
};

}  // namespace

Result<void> normalize(const Type& type, Value& tree, UnknownFields* unknown) {
  return Normalizer(unknown).object(type, tree, Place{});
}

}  // namespace charon::schema
