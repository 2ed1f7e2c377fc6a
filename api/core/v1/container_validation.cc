#include "api/core/v1/container_validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "api/core/v1/environment_validation.h"
#include "api/core/v1/security_validation.h"
#include "api/meta/v1/cells.h"
#include "base/names.h"
#include "base/quantity.h"
#include "codec/tree.h"

namespace charon::core::v1 {

using codec::find;
using codec::string_at;
using codec::Value;
using meta::v1::add_duplicate;
using meta::v1::add_forbidden;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;
using meta::v1::object_at;

namespace {

void validate_ports(Errors& errors, const FieldPath& path, const Value& container, ContainerScope& scope) {
  const codec::Array& ports = items_at(container, "ports");
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const Value& port = ports[i];
    FieldPath here = path.at(i);
    std::string_view name = string_at(port, "name");
    if (!name.empty() && !names.insert(name).second) add_duplicate(errors, here.child("name"), name);
    std::int64_t number = codec::int_at(port, "containerPort").value_or(0);
    std::int64_t host = codec::int_at(port, "hostPort").value_or(0);
    if (find(port, "containerPort") == nullptr) add_required(errors, here.child("containerPort"));
    bool open = scope.owner == PodSpecOwner::Template && host == 0;
    if (scope.host_network && host != number && !open)
      add_invalid(errors, here.child("hostPort"), Value(host), "must match `containerPort` when `hostNetwork` is true");
    if (host == 0) continue;
    std::string taken = fmt::format("{}/{}/{}", string_at(port, "protocol"), string_at(port, "hostIP"), host);
    if (!scope.host_ports.insert(taken).second) add_duplicate(errors, here.child("hostPort"), taken);
  }
}

std::string_view volume_type(const Value& volume) {
  for (const auto& [key, source] : volume.get_object())
    if (key != "name" && source.is_object()) return {key.data(), key.size()};
  return {};
}

// Of the volumes the one that a mount or device names; null when there is none, which is an error.
const Value* check_volume(Errors& errors, const FieldPath& path, std::string_view name, const ContainerScope& scope) {
  if (name.empty()) return nullptr;
  auto found = scope.volumes.find(name);
  if (found != scope.volumes.end()) return found->second;
  meta::v1::add_not_found(errors, path, name);
  return nullptr;
}

// What the items of a list have under `member`, where it is not empty.
std::set<std::string_view> texts_of(const codec::Array& list, std::string_view member) {
  std::set<std::string_view> texts;
  for (const Value& item : list)
    if (std::string_view text = string_at(item, member); !text.empty()) texts.insert(text);
  return texts;
}

// Paths of what is wrong within a mount are the list's, as in Kubernetes.
void check_propagation(Errors& errors, const FieldPath& list, const Value& mount, const Value& container) {
  std::string_view propagation = string_at(mount, "mountPropagation");
  const Value* context = object_at(container, "securityContext");
  bool privileged = context != nullptr && codec::bool_at(*context, "privileged").value_or(false);
  if (propagation == "Bidirectional" && !privileged)
    add_forbidden(errors, list.child("mountPropagation"),
                  "Bidirectional mount propagation is available only to privileged containers");
  std::string_view recursive = string_at(mount, "recursiveReadOnly");
  FieldPath here = list.child("recursiveReadOnly");
  if (recursive.empty() || recursive == "Disabled") return;
  if (recursive != "Enabled" && recursive != "IfPossible")
    return meta::v1::add_not_supported(errors, here, recursive, {"Disabled", "Enabled", "IfPossible"});
  if (!codec::bool_at(mount, "readOnly").value_or(false))
    add_forbidden(errors, here, "may only be specified when readOnly is true");
  if (!propagation.empty() && propagation != "None")
    add_forbidden(errors, here, "may only be specified when mountPropagation is None or not specified");
}

void check_sub_paths(Errors& errors, const FieldPath& list, const FieldPath& item, const Value& mount, const Value* volume) {
  std::string_view plain = string_at(mount, "subPath");
  std::string_view expanded = string_at(mount, "subPathExpr");
  if (volume != nullptr && volume_type(*volume) == "image")
    for (std::string_view member : {"subPath", "subPathExpr"})
      if (std::string_view text = string_at(mount, member); !text.empty())
        add_invalid(errors, item.child(member), Value(text), "not allowed in image volume sources");
  meta::v1::check_descending_path(errors, list.child("subPath"), plain);
  if (!plain.empty() && !expanded.empty())
    add_invalid(errors, item.child("subPathExpr"), Value(expanded), "subPathExpr and subPath are mutually exclusive");
  meta::v1::check_descending_path(errors, list.child("subPathExpr"), expanded);
}

void validate_mounts(Errors& errors, const FieldPath& path, const Value& container, const ContainerScope& scope) {
  const codec::Array& mounts = items_at(container, "volumeMounts");
  const codec::Array& devices = items_at(container, "volumeDevices");
  const std::set<std::string_view> device_names = texts_of(devices, "name");
  const std::set<std::string_view> device_paths = texts_of(devices, "devicePath");
  FieldPath list = path.child("volumeMounts");
  std::set<std::string_view> places;
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    FieldPath here = list.at(i);
    std::string_view name = string_at(mounts[i], "name");
    std::string_view place = string_at(mounts[i], "mountPath");
    const Value* volume = check_volume(errors, here.child("name"), name, scope);
    if (!place.empty() && !places.insert(place).second)
      add_invalid(errors, here.child("mountPath"), Value(place), "must be unique");
    if (device_names.contains(name))
      add_invalid(errors, here.child("name"), Value(name), "must not already exist in volumeDevices");
    if (device_paths.contains(place))
      add_invalid(errors, here.child("mountPath"), Value(place), "must not already exist as a path in volumeDevices");
    check_sub_paths(errors, list, here, mounts[i], volume);
    check_propagation(errors, list, mounts[i], container);
  }
}

void validate_devices(Errors& errors, const FieldPath& path, const Value& container, const ContainerScope& scope) {
  const codec::Array& mounts = items_at(container, "volumeMounts");
  const codec::Array& devices = items_at(container, "volumeDevices");
  const std::set<std::string_view> mount_names = texts_of(mounts, "name");
  const std::set<std::string_view> mount_paths = texts_of(mounts, "mountPath");
  FieldPath list = path.child("volumeDevices");
  std::set<std::string_view> names;
  std::set<std::string_view> places;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    FieldPath here = list.at(i);
    std::string_view name = string_at(devices[i], "name");
    std::string_view place = string_at(devices[i], "devicePath");
    if (!name.empty() && !names.insert(name).second) add_invalid(errors, here.child("name"), Value(name), "must be unique");
    const Value* volume = check_volume(errors, here.child("name"), name, scope);
    std::string_view type = volume == nullptr ? std::string_view() : volume_type(*volume);
    if (volume != nullptr && type != "persistentVolumeClaim" && type != "ephemeral")
      add_invalid(errors, here.child("name"), Value(name),
                  "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
    if (!place.empty() && !places.insert(place).second)
      add_invalid(errors, here.child("devicePath"), Value(place), "must be unique");
    meta::v1::check_no_backsteps(errors, here.child("devicePath"), place);
    if (mount_names.contains(name))
      add_invalid(errors, here.child("name"), Value(name), "must not already exist in volumeMounts");
    if (mount_paths.contains(place))
      add_invalid(errors, here.child("devicePath"), Value(place), "must not already exist as a path in volumeMounts");
  }
}

void validate_resize_policy(Errors& errors, const FieldPath& path, const Value& container, const ContainerScope& scope) {
  const codec::Array& policies = items_at(container, "resizePolicy");
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    std::string_view resource = string_at(policies[i], "resourceName");
    std::string_view restart = string_at(policies[i], "restartPolicy");
    if (!seen.insert(resource).second) add_duplicate(errors, path.at(i), resource);
    if (resource.empty())
      add_required(errors, path);
    else if (resource != "cpu" && resource != "memory")
      meta::v1::add_not_supported(errors, path, resource, {"cpu", "memory"});
    if (restart.empty())
      add_required(errors, path);
    else if (restart != "NotRequired" && restart != "RestartContainer")
      meta::v1::add_not_supported(errors, path, restart, {"NotRequired", "RestartContainer"});
    if (scope.never_restarts && restart != "NotRequired")
      add_invalid(errors, path, Value(restart), "must be 'NotRequired' when `restartPolicy` is 'Never'");
  }
}

// A container's own restart policy and its rules (KEP-5307).
void validate_restarts(Errors& errors, const FieldPath& path, const Value& container) {
  constexpr std::size_t kMaxRules = 20;
  std::string_view policy = string_at(container, "restartPolicy");
  const codec::Array& rules = items_at(container, "restartPolicyRules");
  if (!policy.empty() && policy != "Always" && policy != "OnFailure" && policy != "Never")
    meta::v1::add_not_supported(errors, path.child("restartPolicy"), policy, {"Always", "Never", "OnFailure"});
  if (policy.empty() && !rules.empty())
    add_required(errors, path.child("restartPolicy"), "must specify restartPolicy when restart rules are used");
  FieldPath list = path.child("restartPolicyRules");
  if (rules.size() > kMaxRules) meta::v1::add_too_many(errors, list, rules.size(), kMaxRules);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    FieldPath here = list.at(i);
    std::string_view action = string_at(rules[i], "action");
    if (action != "Restart" && action != "RestartAllContainers")
      meta::v1::add_not_supported(errors, here.child("action"), action, {"Restart", "RestartAllContainers"});
    const Value* codes = object_at(rules[i], "exitCodes");
    FieldPath codes_path = here.child("exitCodes");
    if (codes == nullptr) {
      add_required(errors, codes_path, "must be specified");
      continue;
    }
    std::string_view op = string_at(*codes, "operator");
    if (op != "In" && op != "NotIn") meta::v1::add_not_supported(errors, codes_path.child("operator"), op, {"In", "NotIn"});
    if (items_at(*codes, "values").empty())
      add_invalid(errors, codes_path.child("values"), Value(codec::Array()), "must specify at least one value");
  }
}

// What only containers that a pod depends on can have, in the order of their fields.
constexpr std::string_view kNotEphemeral[] = {"ports",          "resources",          "resizePolicy",
                                              "restartPolicy",  "restartPolicyRules", "livenessProbe",
                                              "readinessProbe", "startupProbe",       "lifecycle"};

bool is_given(const Value* member) {
  if (member == nullptr || member->is_null()) return false;
  if (member->is_array()) return !member->get_array().empty();
  return !member->is_object() || !member->get_object().empty();
}

void validate_ephemeral(Errors& errors, const FieldPath& path, const Value& container, const ContainerScope& scope) {
  constexpr std::string_view kWhy = "cannot be set for an Ephemeral Container";
  std::string_view target = string_at(container, "targetContainerName");
  if (!target.empty() && !scope.lasting.contains(target))
    meta::v1::add_not_found(errors, path.child("targetContainerName"), target);
  for (std::string_view member : kNotEphemeral)
    if (is_given(find(container, member))) add_forbidden(errors, path.child(member), kWhy);
  // The bind mounts behind sub-paths would stay when the container is gone.
  const codec::Array& mounts = items_at(container, "volumeMounts");
  FieldPath list = path.child("volumeMounts");
  for (std::size_t i = 0; i < mounts.size(); ++i)
    for (std::string_view member : {"subPath", "subPathExpr"})
      if (!string_at(mounts[i], member).empty()) add_forbidden(errors, list.at(i).child(member), kWhy);
}

// cpu, memory, ephemeral-storage and huge pages; all others are counted devices, named with a domain.
bool is_native(std::string_view resource) {
  return resource == "cpu" || resource == "memory" || resource == "ephemeral-storage" || resource.starts_with("hugepages-");
}
bool may_overcommit(std::string_view resource) { return is_native(resource) && !resource.starts_with("hugepages-"); }

void validate_quantities(Errors& errors, const FieldPath& path, const Value* quantities) {
  if (quantities == nullptr || !quantities->is_object()) return;
  for (const auto& [key, value] : quantities->get_object()) {
    std::string_view name(key.data(), key.size());
    FieldPath here = path.key(name);
    Result<Quantity> quantity = Quantity::parse(value.is_string() ? codec::view(value.get_string()) : "");
    if (!quantity) continue;  // the table has said so
    if (name.find('/') == std::string_view::npos && !is_native(name)) {
      add_invalid(errors, here, Value(name), "must be a standard resource type or fully qualified");
      add_invalid(errors, here, Value(name), "must be a standard resource for containers");
      continue;
    }
    meta::v1::check_name(errors, here, name, qualified_name_errors);
    if (quantity->sign() < 0) add_invalid(errors, here, value, "must be greater than or equal to 0");
    if (!is_native(name) && quantity->milli_value() % 1000 != 0) add_invalid(errors, here, value, "must be an integer");
  }
}

void validate_claims(Errors& errors, const FieldPath& path, const Value& container, const ContainerScope& scope) {
  const Value* resources = object_at(container, "resources");
  if (resources == nullptr) return;
  const codec::Array& claims = items_at(*resources, "claims");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    std::string_view name = string_at(claims[i], "name");
    std::string_view request = string_at(claims[i], "request");
    if (name.empty()) {
      add_required(errors, path.at(i).child("name"));
      continue;
    }
    std::string key = request.empty() ? std::string(name) : fmt::format("{}/{}", name, request);
    if (!seen.insert(key).second) add_duplicate(errors, path.at(i), key);
    if (!scope.claims.contains(name)) meta::v1::add_not_found(errors, path.at(i), name);
  }
}

// Memory in huge pages is no memory to run in.
bool is_huge_alone(const Value* requests, const Value* limits) {
  bool huge = false;
  for (const Value* side : {requests, limits}) {
    if (side == nullptr || !side->is_object()) continue;
    for (const auto& entry : side->get_object()) {
      std::string_view name(entry.key().data(), entry.key().size());
      if (name == "cpu" || name == "memory") return false;
      huge = huge || name.starts_with("hugepages-");
    }
  }
  return huge;
}

}  // namespace

void validate_resources(Errors& errors, const FieldPath& path, const Value* resources) {
  if (resources == nullptr || !resources->is_object()) return;
  const Value* limits = find(*resources, "limits");
  const Value* requests = find(*resources, "requests");
  validate_quantities(errors, path.child("limits"), limits);
  validate_quantities(errors, path.child("requests"), requests);
  if (is_huge_alone(requests, limits)) add_forbidden(errors, path, "HugePages require cpu or memory");
  if (requests == nullptr || !requests->is_object()) return;
  FieldPath here = path.child("requests");
  for (const auto& [key, value] : requests->get_object()) {
    std::string_view name(key.data(), key.size());
    std::string_view limit_text = limits == nullptr ? std::string_view() : string_at(*limits, name);
    Result<Quantity> request = Quantity::parse(value.is_string() ? codec::view(value.get_string()) : "");
    if (!request) continue;
    if (limit_text.empty()) {
      if (!may_overcommit(name))
        add_required(errors, path.child("limits"), "Limit must be set for non overcommitable resources");
      continue;
    }
    Result<Quantity> limit = Quantity::parse(limit_text);
    if (!limit) continue;
    if (!may_overcommit(name) && *request != *limit)
      add_invalid(errors, here, value, fmt::format("must be equal to {} limit of {}", name, limit_text));
    else if (*request > *limit)
      add_invalid(errors, here, value, fmt::format("must be less than or equal to {} limit of {}", name, limit_text));
  }
}

void validate_containers(Errors& errors, const FieldPath& path, const Value* list, ContainerRole role, ContainerScope& scope) {
  const codec::Array& containers = meta::v1::items_of(list);
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const Value& container = containers[i];
    FieldPath here = path.at(i);
    std::string_view name = string_at(container, "name");
    if (!name.empty() && !scope.containers.insert(name).second) add_duplicate(errors, here.child("name"), name);
    if (string_at(container, "image").empty()) add_required(errors, here.child("image"));
    validate_environment(errors, here, container);
    validate_mounts(errors, here, container, scope);
    validate_devices(errors, here, container, scope);
    validate_container_security(errors, here.child("securityContext"), {container, scope.host_users});
    if (role == ContainerRole::Ephemeral) {
      validate_ephemeral(errors, here, container, scope);
      continue;
    }
    if (!name.empty()) scope.lasting.insert(name);
    validate_ports(errors, here.child("ports"), container, scope);
    bool runs_on = role == ContainerRole::Main || string_at(container, "restartPolicy") == "Always";
    if (runs_on)
      validate_probes(errors, here, container, scope.probes);
    else
      forbid_probes(errors, here, container);
    validate_resources(errors, here.child("resources"), find(container, "resources"));
    validate_claims(errors, here.child("resources").child("claims"), container, scope);
    validate_resize_policy(errors, here.child("resizePolicy"), container, scope);
    validate_restarts(errors, here, container);
  }
}

}  // namespace charon::core::v1
