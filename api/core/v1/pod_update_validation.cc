#include "api/core/v1/pod_update_validation.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "api/core/v1/pod_qos.h"
#include "api/meta/v1/cells.h"
#include "codec/tree.h"

namespace charon::core::v1 {

using codec::find;
using codec::find_path;
using codec::string_at;
using codec::Value;
using meta::v1::add_forbidden;
using meta::v1::add_invalid;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;

namespace {

constexpr std::string_view kMirrorAnnotation = "kubernetes.io/config.mirror";

const Value* mirror_annotation(const Value& pod) { return find_path(pod, {"metadata", "annotations", kMirrorAnnotation}); }

// A pod that its node runs by itself, and that stands here only to be seen.
bool is_mirror(const Value& pod) { return mirror_annotation(pod) != nullptr; }

bool is_mapped_ipv4(std::string_view text) {
  in6_addr address{};
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1 && IN6_IS_ADDR_V4MAPPED(&address);
}

std::vector<std::string_view> addresses_of(const Value& pod, std::string_view list) {
  std::vector<std::string_view> addresses;
  for (const Value& item : meta::v1::items_of(find_path(pod, {"status", list}))) addresses.push_back(string_at(item, "ip"));
  return addresses;
}

// `single` is the first of `list`, or stands alone.
void validate_addresses(Errors& errors, std::array<std::string_view, 2> members, const Value& before, const Value& after) {
  const auto [list, single] = members;
  const FieldPath status("status");
  const FieldPath path = status.child(list);
  std::vector<std::string_view> known = addresses_of(before, list);
  known.push_back(codec::string_at_path(before, {"status", single}));
  auto check = [&](std::size_t place, std::string_view address) {
    if (std::ranges::find(known, address) != known.end()) return;
    meta::v1::check_ip(errors, path.at(place), address);
    if (is_mapped_ipv4(address)) add_invalid(errors, path.at(place), Value(address), "must not be an IPv4-mapped IPv6 address");
  };
  const std::vector<std::string_view> addresses = addresses_of(after, list);
  for (std::size_t i = 0; i < addresses.size(); ++i) check(i, addresses[i]);
  const std::string_view alone = codec::string_at_path(after, {"status", single});
  if (!alone.empty() && (addresses.empty() || addresses.front() != alone)) check(0, alone);
  if (std::ranges::count_if(addresses, meta::v1::is_ipv4) > 1 || std::ranges::count_if(addresses, meta::v1::is_ipv6) > 1)
    add_invalid(errors, path, *find_path(after, {"status", list}), "may specify no more than one IP for each IP family");
}

// The spec with every field that may change in an existing pod taken from `before`.
Value with_old_mutable_fields(const Value& before, const Value& after, bool unscheduled) {
  Value out = after;
  codec::Object& spec = out.as_object();
  auto restore = [&](std::string_view member) {
    if (const Value* old = find(before, member)) {
      spec[member] = *old;
    } else {
      spec.erase(member);
    }
  };
  for (std::string_view member : {"activeDeadlineSeconds", "tolerations"}) restore(member);
  if (codec::int_at(after, "terminationGracePeriodSeconds") == 1 &&
      codec::int_at(before, "terminationGracePeriodSeconds").value_or(0) < 0)
    restore("terminationGracePeriodSeconds");
  // The binding sets the node; gates go, and narrow what nodes are fit, before it.
  if (string_at(before, "nodeName").empty()) restore("nodeName");
  if (unscheduled)
    for (std::string_view member : {"schedulingGates", "nodeSelector", "affinity"}) restore(member);
  for (std::string_view list : {"containers", "initContainers"}) {
    Value* containers = find(out, list);
    const codec::Array& old = items_at(before, list);
    if (containers == nullptr || !containers->is_array() || containers->get_array().size() != old.size()) continue;
    for (std::size_t i = 0; i < old.size(); ++i)
      if (const Value* image = find(old[i], "image"); image != nullptr && containers->get_array()[i].is_object())
        containers->get_array()[i].get_object()["image"] = *image;
  }
  return out;
}

void validate_toleration_update(Errors& errors, const FieldPath& path, const Value& before, const Value& after) {
  const codec::Array& now = items_at(after, "tolerations");
  for (const Value& old : items_at(before, "tolerations")) {
    bool kept = std::ranges::any_of(now, [&](const Value& toleration) {
      // Only the seconds of a toleration may change.
      Value left = old;
      Value right = toleration;
      left.as_object().erase("tolerationSeconds");
      right.as_object().erase("tolerationSeconds");
      return codec::equal(left, right);
    });
    if (!kept) return add_forbidden(errors, path, "existing toleration can not be modified except its tolerationSeconds");
  }
}

bool has_pod_resources(const Value& pod) {
  for (std::string_view side : {"requests", "limits"}) {
    const Value* amounts = find_path(pod, {"spec", "resources", side});
    if (amounts != nullptr && amounts->is_object() && !amounts->get_object().empty()) return true;
  }
  return false;
}

// Of pods that run, what their node reports says whether it resizes; of others nobody knows yet.
bool may_be_resized(const Value& pod) {
  for (const Value& status : meta::v1::items_of(find_path(pod, {"status", "containerStatuses"}))) {
    const Value* running = find_path(status, {"state", "running"});
    if (running != nullptr && !running->is_null()) return find(status, "resources") != nullptr;
  }
  return true;
}

void validate_nothing_removed(Errors& errors, const FieldPath& path, const Value& before, const Value& after) {
  for (std::string_view side : {"requests", "limits"}) {
    const Value* then = find_path(before, {"resources", side});
    const Value* now = find_path(after, {"resources", side});
    if (then == nullptr || !then->is_object()) continue;
    bool removed = std::ranges::any_of(then->get_object(), [now](const auto& member) {
      return now == nullptr || find(*now, {member.key().data(), member.key().size()}) == nullptr;
    });
    if (removed) add_forbidden(errors, path.child(side), fmt::format("resource {} cannot be removed", side));
  }
}

Value without_cpu_and_memory(const Value& container) {
  Value rest = container;
  Value* resources = find(rest, "resources");
  if (resources == nullptr || !resources->is_object()) return rest;
  for (std::string_view side : {"requests", "limits"}) {
    Value* amounts = find(*resources, side);
    if (amounts == nullptr || !amounts->is_object()) continue;
    for (std::string_view name : {"cpu", "memory"}) amounts->get_object().erase(name);
    if (amounts->get_object().empty()) resources->get_object().erase(side);
  }
  if (resources->get_object().empty()) rest.get_object().erase("resources");
  return rest;
}

bool same_names(const codec::Array& left, const codec::Array& right) {
  return std::ranges::equal(left, right,
                            [](const Value& a, const Value& b) { return string_at(a, "name") == string_at(b, "name"); });
}

void validate_list_resize(Errors& errors, std::string_view list, const Value& before, const Value& after) {
  FieldPath spec("spec");
  FieldPath path = spec.child(list);
  const codec::Array& then = items_at(before, list);
  const codec::Array& now = items_at(after, list);
  if (!same_names(then, now)) return add_forbidden(errors, path, "pod updates may not add or remove containers");
  for (std::size_t i = 0; i < then.size(); ++i) {
    bool init = list == "initContainers";
    bool sidecar = init && string_at(then[i], "restartPolicy") == "Always";
    FieldPath item = path.at(i);
    if (init && !sidecar) {
      if (!codec::equal(then[i], now[i]))
        add_forbidden(errors, spec, "resources for non-sidecar init containers are immutable");
      continue;
    }
    validate_nothing_removed(errors, item.child("resources"), then[i], now[i]);
    if (!codec::equal(without_cpu_and_memory(then[i]), without_cpu_and_memory(now[i])))
      add_forbidden(errors, spec,
                    sidecar ? "only cpu and memory resources for sidecar containers are mutable"
                            : "only cpu and memory resources are mutable");
  }
}

}  // namespace

void validate_pod_create(Errors& errors, const Value& pod) {
  const Value* spec = find(pod, "spec");
  if (spec == nullptr || !spec->is_object()) return;
  if (is_mirror(pod) && string_at(*spec, "nodeName").empty())
    add_invalid(errors, FieldPath("metadata").child("annotations").key(kMirrorAnnotation), *mirror_annotation(pod),
                "must set spec.nodeName if mirror pod annotation is set");
  FieldPath path("spec");
  if (!items_at(*spec, "ephemeralContainers").empty())
    add_forbidden(errors, path.child("ephemeralContainers"), "cannot be set on create");
  if (!string_at(*spec, "nodeName").empty() && !items_at(*spec, "schedulingGates").empty())
    add_forbidden(errors, path.child("nodeName"), "cannot be set until all schedulingGates have been cleared");
}

void validate_pod_annotations_update(Errors& errors, const Value& before, const Value& after) {
  const Value* then = mirror_annotation(before);
  const Value* now = mirror_annotation(after);
  if (meta::v1::same(then, now)) return;
  add_forbidden(errors, FieldPath("metadata").child("annotations").key(kMirrorAnnotation),
                then == nullptr ? "may not add mirror pod annotation" : "may not remove or update mirror pod annotation");
}

void validate_pod_ips(Errors& errors, const Value& before, const Value& after) {
  validate_addresses(errors, {"podIPs", "podIP"}, before, after);
  validate_addresses(errors, {"hostIPs", "hostIP"}, before, after);
}

void validate_pod_update(Errors& errors, const Value& before, const Value& after) {
  const Value* then = find(before, "spec");
  const Value* now = find(after, "spec");
  if (then == nullptr || now == nullptr || !then->is_object() || !now->is_object()) return;
  FieldPath path("spec");
  if (codec::equal(*then, *now)) return;
  if (items_at(*then, "containers").size() != items_at(*now, "containers").size())
    return add_forbidden(errors, path.child("containers"), "pod updates may not add or remove containers");
  if (items_at(*then, "initContainers").size() != items_at(*now, "initContainers").size())
    return add_forbidden(errors, path.child("initContainers"), "pod updates may not add or remove containers");
  std::optional<std::int64_t> old_deadline = codec::int_at(*then, "activeDeadlineSeconds");
  std::optional<std::int64_t> deadline = codec::int_at(*now, "activeDeadlineSeconds");
  if (old_deadline && !deadline)
    add_invalid(errors, path.child("activeDeadlineSeconds"), Value(nullptr),
                "must not update from a positive integer to nil value");
  if (old_deadline && deadline && *deadline > *old_deadline)
    add_invalid(errors, path.child("activeDeadlineSeconds"), Value(*deadline), "must be less than or equal to previous value");
  validate_toleration_update(errors, path.child("tolerations"), *then, *now);
  bool unscheduled = !items_at(*then, "schedulingGates").empty();
  if (codec::equal(*then, with_old_mutable_fields(*then, *now, unscheduled))) return;
  add_forbidden(errors, path,
                "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
                "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
                "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)");
}

void validate_ephemeral_containers_update(Errors& errors, const Value& before, const Value& after) {
  if (is_mirror(before)) return add_forbidden(errors, FieldPath(""), "static pods do not support ephemeral containers");
  FieldPath spec("spec");
  FieldPath path = spec.child("ephemeralContainers");
  const codec::Array& now = meta::v1::items_of(find_path(after, {"spec", "ephemeralContainers"}));
  for (const Value& old : meta::v1::items_of(find_path(before, {"spec", "ephemeralContainers"}))) {
    std::string_view name = string_at(old, "name");
    auto kept = std::ranges::find_if(now, [name](const Value& candidate) { return string_at(candidate, "name") == name; });
    if (kept == now.end())
      add_forbidden(errors, path, fmt::format("existing ephemeral containers \"{}\" may not be removed\n", name));
    else if (!codec::equal(old, *kept))
      add_forbidden(errors, path, fmt::format("existing ephemeral containers \"{}\" may not be changed\n", name));
  }
}

void validate_resize(Errors& errors, const Value& before, const Value& after) {
  if (has_pod_resources(before) || has_pod_resources(after))
    return add_forbidden(errors, FieldPath(""), "pods with pod-level resources cannot be resized");
  if (is_mirror(before)) return add_forbidden(errors, FieldPath(""), "static pods cannot be resized");
  if (codec::string_at_path(before, {"spec", "os", "name"}) == "windows")
    return add_forbidden(errors, FieldPath(""), "windows pods cannot be resized");
  const Value* then = find(before, "spec");
  const Value* now = find(after, "spec");
  if (then == nullptr || now == nullptr) return;
  std::string_view reported = codec::string_at_path(before, {"status", "qosClass"});
  if ((reported.empty() ? qos_class(before) : reported) != qos_class(after))
    add_invalid(errors, FieldPath("spec"), Value(reported), "Pod QOS Class may not change as a result of resizing");
  if (!may_be_resized(before)) add_forbidden(errors, FieldPath("spec"), "Pod running on node without support for resize");
  validate_list_resize(errors, "initContainers", *then, *now);
  validate_list_resize(errors, "containers", *then, *now);
}

}  // namespace charon::core::v1
