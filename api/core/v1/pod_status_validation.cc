#include "api/core/v1/pod_status_validation.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

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

// The exit code of one that has ended.
std::optional<std::int64_t> exit_code_of(const Value& status) {
  const Value* terminated = codec::find_path(status, {"state", "terminated"});
  if (terminated == nullptr || !terminated->is_object()) return std::nullopt;
  return codec::int_at(*terminated, "exitCode").value_or(0);
}

const Value* named(const codec::Array& list, std::string_view name) {
  auto found = std::ranges::find_if(list, [name](const Value& each) { return codec::string_at(each, "name") == name; });
  return found == list.end() ? nullptr : &*found;
}

bool rule_concerns(const Value& rule, std::int64_t exit_code) {
  const Value* codes = codec::find(rule, "exitCodes");
  if (codes == nullptr) return false;
  const codec::Array& values = items_at(*codes, "values");
  bool listed = std::ranges::any_of(values, [exit_code](const Value& value) { return value == Value(exit_code); });
  return codec::string_at(*codes, "operator") == "NotIn" ? !listed : listed;
}

// Whether a container may run again after it has ended so: by its own rules and policy, or else by the pod's.
bool may_restart(const Value& container, const Value& pod, std::int64_t exit_code) {
  std::string_view policy = codec::string_at(container, "restartPolicy");
  if (!policy.empty() && std::ranges::any_of(items_at(container, "restartPolicyRules"),
                                             [&](const Value& rule) { return rule_concerns(rule, exit_code); }))
    return true;
  if (policy.empty()) policy = codec::string_at_path(pod, {"spec", "restartPolicy"});
  if (policy == "OnFailure") return exit_code != 0;
  return policy != "Never";
}

// Some rule of the pod has all its containers begin anew.
bool restarts_as_a_whole(const Value& pod) {
  const Value* spec = codec::find(pod, "spec");
  if (spec == nullptr) return false;
  for (std::string_view list : {"initContainers", "containers"})
    for (const Value& container : items_at(*spec, list))
      for (const Value& rule : items_at(container, "restartPolicyRules"))
        if (codec::string_at(rule, "action") == "RestartAllContainers") return true;
  return false;
}

}  // namespace

void validate_container_states(meta::v1::Errors& errors, const Value& before, const Value& after) {
  const Value* was = meta::v1::object_at(before, "status");
  const Value* is = meta::v1::object_at(after, "status");
  const Value* spec = meta::v1::object_at(before, "spec");
  if (was == nullptr || is == nullptr || spec == nullptr || restarts_as_a_whole(before)) return;
  FieldPath root("status");
  for (auto [statuses, containers] :
       {std::pair("containerStatuses", "containers"), std::pair("initContainerStatuses", "initContainers"),
        std::pair("ephemeralContainerStatuses", "ephemeralContainers")}) {
    FieldPath list = root.child(statuses);
    const codec::Array& old = items_at(*was, statuses);
    for (std::size_t i = 0; i < old.size(); ++i) {
      std::optional<std::int64_t> exit_code = exit_code_of(old[i]);
      std::string_view name = codec::string_at(old[i], "name");
      const Value* now = exit_code ? named(items_at(*is, statuses), name) : nullptr;
      if (now == nullptr || exit_code_of(*now)) continue;
      const Value* container = named(items_at(*spec, containers), name);
      bool once = container == nullptr || std::string_view(containers) == "ephemeralContainers";
      if (once || !may_restart(*container, before, *exit_code)) {
        FieldPath place = list.at(i);
        meta::v1::add_forbidden(errors, place.child("state"), "may not be transitioned to non-terminated state");
      }
    }
  }
}

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
