// The names of dynamic resource allocation, and what its lists have in common (Kubernetes' pkg/apis/resource/validation).
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"
#include "codec/value.h"

namespace charon::resource::v1 {

// Subdomains joined by slashes, 253 bytes at most.
void check_pool_name(meta::v1::Errors& errors, const meta::v1::FieldPath& path, std::string_view name);
// A C identifier of at most 32 bytes, after a domain and a slash if it is not the driver's own.
void check_attribute_name(meta::v1::Errors& errors, const meta::v1::FieldPath& path, std::string_view name);
// The same where the domain must be there.
void check_full_attribute_name(meta::v1::Errors& errors, const meta::v1::FieldPath& path, std::string_view name);
void check_uid(meta::v1::Errors& errors, const meta::v1::FieldPath& path, std::string_view uid);
// What only a driver understands: a JSON object of at most 10 KiB.
void check_opaque_object(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value* object);
// bindingConditions and bindingFailureConditions of a device or of what was allocated of it.
void check_binding_conditions(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& device);
void check_tolerations(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Array& tolerations);

// A list of at most `most` items, each checked by `check(item, path)`, whose keys differ; too long a list is not looked into.
template <class Check, class Key>
void check_set(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Array& list, std::size_t most,
               Check check, Key key) {
  if (list.size() > most) return meta::v1::add_too_many(errors, path, list.size(), most);
  std::set<std::string> seen;
  for (std::size_t i = 0; i < list.size(); ++i) check(list[i], path.at(i));
  for (std::size_t i = 0; i < list.size(); ++i)
    if (std::string text(key(list[i])); !seen.insert(text).second) meta::v1::add_duplicate(errors, path.at(i), text);
}

}  // namespace charon::resource::v1
