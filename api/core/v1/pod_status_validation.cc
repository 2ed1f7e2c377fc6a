#include "api/core/v1/pod_status_validation.h"

#include <cstdint>
#include <limits>

#include "api/meta/v1/cells.h"
#include "codec/tree.h"

namespace charon::core::v1 {

using codec::Value;
using meta::v1::FieldPath;
using meta::v1::items_at;

namespace {

constexpr std::int64_t kLastId = std::numeric_limits<std::int32_t>::max();

void validate_user(meta::v1::Errors& errors, const FieldPath& path, const Value& user) {
  for (std::string_view member : {"uid", "gid"})
    meta::v1::check_range(errors, path.child(member), codec::int_at(user, member).value_or(0), 0, kLastId);
  FieldPath list = path.child("supplementalGroups");
  const codec::Array& groups = items_at(user, "supplementalGroups");
  for (std::size_t i = 0; i < groups.size(); ++i)
    if (groups[i].is_int64()) meta::v1::check_range(errors, list.at(i), groups[i].get_int64(), 0, kLastId);
}

}  // namespace

void validate_container_users(meta::v1::Errors& errors, const Value& pod) {
  static const Value kNothing = codec::Object();
  FieldPath root("status");
  const Value* found = meta::v1::object_at(pod, "status");
  const Value& status = found == nullptr ? kNothing : *found;
  bool windows = codec::string_at_path(pod, {"spec", "os", "name"}) == "windows";
  for (std::string_view member : {"initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"}) {
    FieldPath list = root.child(member);
    const codec::Array& containers = items_at(status, member);
    for (std::size_t i = 0; i < containers.size(); ++i) {
      const Value* user = codec::find_path(containers[i], {"user", "linux"});
      if (user == nullptr || !user->is_object()) continue;
      FieldPath here = list.at(i);
      if (windows)
        meta::v1::add_forbidden(errors, here.child("linux"), "cannot be set for a windows pod");
      else
        validate_user(errors, here.child("linux"), *user);
    }
  }
}

}  // namespace charon::core::v1
