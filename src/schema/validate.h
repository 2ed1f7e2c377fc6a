// What the table alone can say about a normalized tree: required members, enum values, bounds, formats, unique list keys.
#pragma once

#include <cstddef>
#include <initializer_list>
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

// What is wrong with an object. A hostile one can be wrong in as many places as it has bytes, and an error is longer than a
// byte: what goes beyond what anybody reads is only counted, and long values are cut.
class FieldErrors {
 public:
  static constexpr std::size_t kMost = 100;
  static constexpr std::size_t kMostBytes = 64 << 10;   // of all together
  static constexpr std::size_t kLongestText = 4 << 10;  // of a path, a value or a detail

  FieldErrors() = default;
  FieldErrors(std::initializer_list<FieldError> errors) {
    for (const FieldError& error : errors) push_back(error);
  }

  void push_back(FieldError error);
  void append(FieldErrors&& errors);
  // For whoever would have to put another error together: true when it is only counted, which is done herewith.
  bool counts_only() {
    if (full()) ++more_;
    return full();
  }

  bool empty() const { return kept_.empty(); }
  std::size_t size() const { return kept_.size() + more_; }
  std::size_t more() const { return more_; }  // that are not kept
  auto begin() { return kept_.begin(); }
  auto end() { return kept_.end(); }
  auto begin() const { return kept_.begin(); }
  auto end() const { return kept_.end(); }
  const FieldError& operator[](std::size_t index) const { return kept_[index]; }
  const FieldError& front() const { return kept_.front(); }

 private:
  bool full() const { return kept_.size() >= kMost || bytes_ >= kMostBytes; }

  std::vector<FieldError> kept_;
  std::size_t bytes_ = 0;
  std::size_t more_ = 0;
};

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
