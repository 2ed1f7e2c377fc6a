// The requests of a claim by name: what constraints, configuration and allocations may refer to.
#pragma once

#include <map>
#include <set>
#include <string_view>

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::resource::v1 {

// Views of the claim that it was made of.
class RequestNames {
 public:
  explicit RequestNames(const codec::Value* spec);  // of a claim; null: none

  // "request", or "request/subrequest".
  void check(meta::v1::Errors& errors, const meta::v1::FieldPath& path, std::string_view reference) const;
  // The member `requests`: such references, each once.
  void check_list(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& of) const;

 private:
  bool has(std::string_view reference) const;

  std::map<std::string_view, std::set<std::string_view>> subrequests_;
};

}  // namespace charon::resource::v1
