// The type table: everything the engine knows about a message, in one runtime structure.
//
// For built-in kinds the tables are constants in the binary, written by tools/idl from api/**/*.proto. For custom resources the
// same structure is built at run time from the CRD's OpenAPI schema (schema/from_openapi.h). Decoding, pruning, defaulting,
// validation, patching, apply, diff, OpenAPI, `kubectl explain` and the generated structs all read it; nothing else
// describes a field.
//
// A Type and all it points to is immutable and outlives its users: constants live for ever, run-time types are held by the
// TypePtr of their CRD version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "codec/value.h"

namespace charon::schema {

struct Type;
struct Access;
class JsonSchema;

enum class Scalar : std::uint8_t {
  Bool,
  Int32,
  Int64,
  Uint32,
  Uint64,
  Float,  // 32 bit
  Double,
  String,
  Bytes,    // base64 text in JSON
  Message,  // `message` says which
  // Types with a JSON form of their own:
  Quantity,             // JSON string or number; wire: message { 1: string }
  IntOrString,          // JSON number or string; wire: message { 1: type, 2: int32, 3: string }
  Time,                 // RFC 3339 in seconds; null when zero; wire: message { 1: seconds, 2: nanos }
  MicroTime,            // RFC 3339 with six decimals; wire as Time
  Duration,             // Go duration text; wire: message { 1: int64 nanoseconds }
  RawExtension,         // any JSON object; wire: message { 1: bytes holding that JSON }
  FieldsV1,             // any JSON object; wire: message { 1: bytes holding that JSON }
  Json,                 // any JSON value; wire: message { 1: bytes holding that JSON } (apiextensions JSON)
  StringList,           // JSON list of strings; wire: message { 1: repeated string } (ExtraValue, Verbs)
  SchemaOrArray,        // apiextensions JSONSchemaPropsOrArray: a schema or a list of schemas
  SchemaOrBool,         // apiextensions JSONSchemaPropsOrBool
  SchemaOrStringArray,  // apiextensions JSONSchemaPropsOrStringArray
};

enum class Shape : std::uint8_t { Single, List, Map };  // a Map has string keys

enum class ListType : std::uint8_t { Atomic, Set, Map };  // server-side apply (KEP-555)
enum class PatchStrategy : std::uint8_t { None = 0, Merge = 1, RetainKeys = 2, MergeRetainKeys = 3, Replace = 4 };

struct Field {
  std::string_view name;     // in JSON
  std::string_view doc;      // one line for `kubectl explain`
  std::uint32_t number = 0;  // protobuf
  Scalar scalar = Scalar::String;
  Shape shape = Shape::Single;
  const Type* message = nullptr;  // of Scalar::Message, and of the SchemaOr* scalars
  // Of lists and maps of custom resources: the schema of an element, which may be a list or map itself, nullable, or have a
  // default of its own. `scalar` and `message` above are the element's where it is single, else Json. Null: they say it all.
  const Field* items = nullptr;

  bool presence : 1 = false;    // absent differs from the zero value (a Go pointer)
  bool omit_empty : 1 = false;  // left out of JSON when empty
  bool omit_zero : 1 = false;   // left out of JSON when the whole message is zero
  bool required : 1 = false;    // an object without it is Invalid
  bool optional : 1 = false;    // documented as such
  bool inlined : 1 = false;     // Scalar::Message whose fields stand in the parent's JSON object
  bool immutable : 1 = false;   // may not change after creation
  bool nullable : 1 = false;    // custom resources: an explicit null is kept
  bool atomic : 1 = false;      // maps and structs: replaced as a whole by server-side apply

  PatchStrategy patch = PatchStrategy::None;
  std::string_view patch_key;  // strategic merge key
  ListType list_type = ListType::Atomic;
  std::span<const std::string_view> list_keys;  // of ListType::Map

  std::string_view default_json;  // JSON text of the static default; empty: none
  std::span<const std::string_view> enum_values;
  std::string_view feature_gate;  // as marked upstream; empty: none
  std::string_view format;        // "dns1123-label", "label-key", ...; empty: none
  bool has_minimum = false;
  bool has_maximum = false;
  double minimum = 0;
  double maximum = 0;
  std::int64_t max_items = -1;   // of lists and maps; -1: none
  std::int64_t max_length = -1;  // of strings, in bytes; -1: none

  // Where the field is in the generated struct; null for run-time types.
  std::uint32_t offset = 0;
  const Access* access = nullptr;
};

// One entry of the JSON view of a type, where inlined messages are flattened.
struct JsonField {
  std::string_view name;
  const Field* field = nullptr;
  const Field* through = nullptr;  // the inlined field it stands in, or null
  const Field* within = nullptr;   // the inlined field of through's message that it stands in, or null
};

struct Type {
  std::string_view name;       // "Pod"
  std::string_view full_name;  // "io.k8s.api.core.v1.Pod", the OpenAPI definition name
  std::string_view doc;
  std::span<const Field> fields;           // by ascending number
  std::span<const JsonField> json_fields;  // in declaration order: the canonical order of JSON members
  std::span<const std::uint16_t> by_name;  // indices into json_fields, sorted by name
  bool preserve_unknown = false;           // custom resources: x-kubernetes-preserve-unknown-fields
  const Field* additional = nullptr;       // custom resources: schema of members that are not declared
  bool is_object = false;                  // has apiVersion, kind and metadata (top-level kinds and their lists)

  // Of the types that a CRD's schema was made into: what that schema says of values (schema/json_schema.h), and its text. Null
  // for constants, and for the types inside.
  const JsonSchema* rules = nullptr;
  const codec::Value* openapi = nullptr;

  // Of the generated struct; 0 and null for run-time types.
  std::uint32_t size_bytes = 0;
  void (*construct)(void*) = nullptr;  // placement default construction

  bool run_time() const { return construct == nullptr; }  // made from a CRD's schema
  // Null when there is no such JSON member. apiVersion and kind of objects are not in the table.
  const JsonField* find(std::string_view json_name) const;
};

// How the codec reaches into a generated struct's containers without knowing their types. `place` points at the member.
struct Access {
  // std::optional, Box
  const void* (*get)(const void* place) = nullptr;  // null when absent
  void* (*emplace)(void* place) = nullptr;          // default constructed
  // std::vector, std::map
  std::size_t (*size)(const void* place) = nullptr;
  void* (*append)(void* place) = nullptr;                             // vector
  const void* (*at)(const void* place, std::size_t index) = nullptr;  // vector
  void* (*insert)(void* place, std::string_view key) = nullptr;       // map
  void (*each)(const void* place, void* context,
               void (*visit)(void* context, std::string_view key, const void* value)) = nullptr;  // map, in key order
};

}  // namespace charon::schema
