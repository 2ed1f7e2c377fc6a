// The type table of a custom resource, built at run time from the structural OpenAPI v3 schema of its CRD version.
//
// It is the same structure that tools/idl writes for built-in kinds, so pruning, defaulting, canonical JSON and apply work on
// it as they do on those; what only OpenAPI can say (alternatives, patterns, formats) is in Type::rules.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/value.h"
#include "schema/json_schema.h"
#include "schema/type.h"

namespace charon::schema {

struct OpenApiNames {
  std::string_view name;       // "CronTab"
  std::string_view full_name;  // "com.example.v1.CronTab"
};

// Owns the table and all that it points to. The schema must have been found structural; of one that is not, what makes no sense
// is left out.
class OpenApiType {
 public:
  // `object_meta` is the table of metav1.ObjectMeta, `list_meta` that of ListMeta; both outlive this.
  OpenApiType(const codec::Value& schema, OpenApiNames names, const Type& object_meta, const Type& list_meta);
  ~OpenApiType();
  OpenApiType(const OpenApiType&) = delete;

  const Type& type() const { return *type_; }
  const Type& list_type() const { return *list_type_; }  // "CronTabList"

 private:
  const Type* object(const codec::Value& schema, OpenApiNames names, bool is_object);
  Field field(std::string_view name, const codec::Value& schema);
  void add_elements(Field& place, const codec::Value& schema);
  const Type* finish(Type type, std::vector<Field> fields);
  std::string_view keep(std::string_view text);

  const Type& object_meta_;
  std::unique_ptr<const codec::Value> schema_;
  std::unique_ptr<const JsonSchema> rules_;
  std::deque<std::string> texts_;
  std::deque<Type> types_;
  std::deque<Field> elements_;
  std::deque<std::vector<Field>> fields_;
  std::deque<std::vector<JsonField>> json_fields_;
  std::deque<std::vector<std::uint16_t>> by_name_;
  std::deque<std::vector<std::string_view>> lists_;
  const Type* type_ = nullptr;
  const Type* list_type_ = nullptr;
};

// More properties than a table can have in one object are refused (Type::by_name counts in 16 bits).
inline constexpr std::size_t kMaxProperties = 65535;

}  // namespace charon::schema
