// What the table alone can say about a normalized tree: required members, enum values, bounds, formats, unique list keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/value.h"
#include "schema/type.h"

namespace charon::schema {

// field.Error of apimachinery. `detail` and `value` are printed as Kubernetes does:
//   spec.replicas: Invalid value: -1: must be greater than or equal to 0
//   spec.template.spec.containers[0].name: Required value
//   spec.type: Unsupported value: "x": supported values: "ClusterIP", "NodePort"
struct FieldError {
  enum class Kind : unsigned char {
    Required,
    Invalid,
    NotSupported,
    Duplicate,
    Forbidden,
    TooLong,
    TooMany,
    NotFound,
    TypeInvalid,
    InternalError
  };
  Kind kind = Kind::Invalid;
  std::string field;
  std::string value;  // as printed: quoted for strings; empty for Required and Forbidden
  std::string detail;
};
using FieldErrors = std::vector<FieldError>;

std::string field_error_text(const FieldError& error);  // with the field in front
Cause field_error_cause(const FieldError& error);
// The Invalid error for an object: `Deployment.apps "web" is invalid: ...`, with a cause per field.
Error invalid_error(std::string_view kind, std::string_view group, std::string_view name, const FieldErrors& errors);

// Keys of lists must be unique in custom resources only: Kubernetes lets duplicates into many lists of its own kinds (env,
// ports, hostAliases); where it does not, the kind's rules say so.
// `before`: what the tree replaces, of which custom resources may keep what was wrong already; null for a new object.
void validate(const Type& type, const codec::Value& tree, const codec::Value* before, FieldErrors& errors);
inline void validate(const Type& type, const codec::Value& tree, FieldErrors& errors) { validate(type, tree, nullptr, errors); }
// Members marked immutable that differ between two versions of an object.
void validate_immutable(const Type& type, const codec::Value& before, const codec::Value& after, FieldErrors& errors);

}  // namespace charon::schema
