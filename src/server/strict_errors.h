// What a body says that its type does not know, or says twice: read over, told as warnings or refused, as the request asks
// (fieldValidation, KEP-2885). Every decoder adds what it meets; it is judged once, when all of the body has been read.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"
#include "codec/value.h"
#include "codec/yaml.h"
#include "schema/convert.h"
#include "server/request.h"

namespace charon::server {

class StrictErrors {
 public:
  // As Kubernetes has it: nobody reads more.
  static constexpr std::size_t kMost = 100;

  // `what`: put before each.
  void add(const codec::JsonNotes& notes, std::string_view what = "");
  void add(const codec::YamlNotes& notes);
  void add(const schema::UnknownFields& unknown, std::string_view what = "");

  bool empty() const { return yaml_.empty() && fields_.empty(); }
  // In Kubernetes' words: `duplicate field "data.a", unknown field "x"`.
  std::string text() const;
  void warn(Warnings& warnings) const;

 private:
  void add(std::string_view what, std::string_view problem, const std::string& path);

  std::vector<std::string> yaml_;
  std::vector<std::string> fields_;
};

// Makes the error of what is wrong.
using Refusal = std::function<Error(const std::string& why)>;

// Of what is to be refused, `refusal` gets text(). `warnings` may be null.
Result<void> judge(const StrictErrors& errors, FieldValidation validation, Warnings* warnings, const Refusal& refusal);

// Normalizes the tree (schema/convert.h) and judges what `errors` has of its text and what its type does not know.
Result<void> normalize_and_judge(const schema::Type& type, codec::Value& tree, StrictErrors errors, FieldValidation validation,
                                 Warnings* warnings, const Refusal& refusal);

// BadRequest for a body that is no `kind`: `Pod in version "v1" cannot be handled as a Pod: ...`. `given` and `version`: what
// it says it is.
Error cannot_handle(std::string_view given, std::string_view version, std::string_view kind, std::string_view why);
// Invalid, with a cause for the field "patch": then `kubectl edit` lets the user try again. `patched`: what the patch makes of
// the object, or the patch.
Error invalid_patch(const codec::Value& patched, std::string_view why);

inline constexpr std::string_view kStrictDecoding = "strict decoding error: ";

}  // namespace charon::server
