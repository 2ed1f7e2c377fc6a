#include "api/core/v1/pod_validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "api/meta/v1/cells.h"
#include "base/names.h"
#include "codec/tree.h"
#include "model/selector.h"

namespace charon::core::v1 {

using codec::find;
using codec::find_path;
using codec::string_at;
using codec::Value;
using meta::v1::add_duplicate;
using meta::v1::add_forbidden;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::check_name;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;

namespace {

constexpr std::int64_t kMaxInt32 = std::numeric_limits<std::int32_t>::max();

// The members of a volume source that must not be empty.
struct SourceMember {
  std::string_view source;
  std::string_view member;
};
constexpr SourceMember kSourceMembers[] = {
    {"secret", "secretName"}, {"configMap", "name"}, {"persistentVolumeClaim", "claimName"},
    {"nfs", "server"},        {"nfs", "path"},       {"csi", "driver"}};

void validate_volume(Errors& errors, const FieldPath& path, const Value& volume) {
  int sources = 0;
  for (const auto& [key, source] : volume.get_object()) {
    std::string_view type(key.data(), key.size());
    if (type == "name" || !source.is_object()) continue;
    FieldPath here = path.child(type);
    if (++sources > 1) {
      add_forbidden(errors, here, "may not specify more than 1 volume type");
      continue;
    }
    for (const SourceMember& required : kSourceMembers)
      if (required.source == type && string_at(source, required.member).empty())
        add_required(errors, here.child(required.member));
    std::optional<std::int64_t> mode = codec::int_at(source, "defaultMode");
    if (mode && (*mode < 0 || *mode > 0777))
      add_invalid(errors, here.child("defaultMode"), Value(*mode),
                  "must be a number between 0 and 0777 (octal), both inclusive");
  }
}

void validate_volumes(Errors& errors, const FieldPath& path, const Value& spec, ContainerScope& scope) {
  const codec::Array& volumes = items_at(spec, "volumes");
  FieldPath list = path.child("volumes");
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    std::string_view name = string_at(volumes[i], "name");
    if (!name.empty() && !scope.volumes.insert(name).second) add_duplicate(errors, list.at(i).child("name"), name);
    if (volumes[i].is_object()) validate_volume(errors, list.at(i), volumes[i]);
  }
}

void validate_tolerations(Errors& errors, const FieldPath& path, const Value& spec) {
  const codec::Array& tolerations = items_at(spec, "tolerations");
  for (std::size_t i = 0; i < tolerations.size(); ++i) {
    const Value& toleration = tolerations[i];
    FieldPath here = path.at(i);
    std::string_view key = string_at(toleration, "key");
    std::string_view op = string_at(toleration, "operator");
    check_name(errors, here.child("key"), key, qualified_name_errors);
    if (key.empty() && op != "Exists")
      add_invalid(errors, here.child("operator"), Value(op),
                  "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
    if (op == "Exists" && !string_at(toleration, "value").empty())
      add_invalid(errors, here.child("operator"), toleration, "value must be empty when `operator` is 'Exists'");
    if (codec::int_at(toleration, "tolerationSeconds") && string_at(toleration, "effect") != "NoExecute")
      add_invalid(errors, here.child("effect"), Value(string_at(toleration, "effect")),
                  "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
}

void validate_network(Errors& errors, const FieldPath& path, const Value& spec) {
  if (string_at(spec, "dnsPolicy") == "None" && meta::v1::items_of(find_path(spec, {"dnsConfig", "nameservers"})).empty())
    add_required(errors, path.child("dnsConfig").child("nameservers"),
                 "must provide at least one DNS nameserver when `dnsPolicy` is None");
  const codec::Array& aliases = items_at(spec, "hostAliases");
  FieldPath list = path.child("hostAliases");
  for (std::size_t i = 0; i < aliases.size(); ++i)
    if (std::string_view ip = string_at(aliases[i], "ip"); !ip.empty() && !meta::v1::is_ip(ip))
      add_invalid(errors, list.at(i).child("ip"), Value(ip), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
}

void validate_names(Errors& errors, const FieldPath& path, const Value& spec) {
  for (std::string_view member : {"serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName", "schedulerName"})
    check_name(errors, path.child(member), string_at(spec, member), dns1123_subdomain_errors);
  for (std::string_view member : {"hostname", "subdomain"})
    check_name(errors, path.child(member), string_at(spec, member), dns1123_label_errors);
  meta::v1::check_labels(errors, path.child("nodeSelector"), find(spec, "nodeSelector"));
  const codec::Array& spreads = items_at(spec, "topologySpreadConstraints");
  FieldPath list = path.child("topologySpreadConstraints");
  for (std::size_t i = 0; i < spreads.size(); ++i) {
    std::int64_t skew = codec::int_at(spreads[i], "maxSkew").value_or(0);
    if (skew <= 0) add_invalid(errors, list.at(i).child("maxSkew"), Value(skew), "must be greater than zero");
    meta::v1::check_selector(errors, list.at(i).child("labelSelector"), find(spreads[i], "labelSelector"));
  }
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

model::LabelMap labels_of(const Value* labels) {
  model::LabelMap map;
  if (labels == nullptr || !labels->is_object()) return map;
  for (const auto& [key, value] : labels->get_object())
    if (value.is_string()) map.emplace(std::string(key.data(), key.size()), std::string(codec::view(value.get_string())));
  return map;
}

}  // namespace

void validate_pod_spec(Errors& errors, const FieldPath& path, const Value* spec, PodSpecOwner owner) {
  if (spec == nullptr || !spec->is_object()) return;
  ContainerScope scope;
  scope.owner = owner;
  scope.host_network = codec::bool_at(*spec, "hostNetwork").value_or(false);
  validate_volumes(errors, path, *spec, scope);
  validate_containers(errors, path.child("containers"), find(*spec, "containers"), ContainerRole::Main, scope);
  // An init container may use a host port that a main one uses later.
  scope.host_ports.clear();
  validate_containers(errors, path.child("initContainers"), find(*spec, "initContainers"), ContainerRole::Init, scope);
  validate_containers(errors, path.child("ephemeralContainers"), find(*spec, "ephemeralContainers"), ContainerRole::Ephemeral,
                      scope);
  validate_resources(errors, path.child("resources"), find(*spec, "resources"));
  std::optional<std::int64_t> deadline = codec::int_at(*spec, "activeDeadlineSeconds");
  if (deadline && (*deadline < 1 || *deadline > kMaxInt32))
    add_invalid(errors, path.child("activeDeadlineSeconds"), Value(*deadline), "must be between 1 and 2147483647, inclusive");
  if (codec::bool_at(*spec, "hostPID").value_or(false) && codec::bool_at(*spec, "shareProcessNamespace").value_or(false))
    add_invalid(errors, path.child("shareProcessNamespace"), Value(true),
                "ShareProcessNamespace and HostPID cannot both be enabled");
  validate_names(errors, path, *spec);
  validate_tolerations(errors, path.child("tolerations"), *spec);
  validate_network(errors, path, *spec);
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

void validate_template(Errors& errors, const FieldPath& path, const Value* pod_template, const TemplateOwner& owner) {
  if (pod_template == nullptr || !pod_template->is_object()) return;
  meta::v1::check_labels(errors, path.child("labels"), find_path(*pod_template, {"metadata", "labels"}));
  FieldPath spec_path = path.child("spec");
  const Value* spec = find(*pod_template, "spec");
  validate_pod_spec(errors, spec_path, spec, PodSpecOwner::Template);
  if (!owner.always_restarts || spec == nullptr) return;
  std::string_view restart = string_at(*spec, "restartPolicy");
  if (restart == "OnFailure" || restart == "Never")
    meta::v1::add_not_supported(errors, spec_path.child("restartPolicy"), restart, {"Always"});
  if (find(*spec, "activeDeadlineSeconds") != nullptr)
    add_forbidden(errors, spec_path.child("activeDeadlineSeconds"),
                  fmt::format("activeDeadlineSeconds in {} is not Supported", owner.kind));
}

void validate_workload(Errors& errors, const Value& workload, const TemplateOwner& owner) {
  FieldPath spec("spec");
  const Value* selector = find_path(workload, {"spec", "selector"});
  const Value* pod_template = find_path(workload, {"spec", "template"});
  const Value* labels = find_path(workload, {"spec", "template", "metadata", "labels"});
  if (selector != nullptr && selector->is_object()) {
    meta::v1::check_selector(errors, spec.child("selector"), selector);
    if (meta::v1::is_empty_selector(selector))
      add_invalid(errors, spec.child("selector"), *selector, fmt::format("empty selector is invalid for {}", owner.kind));
    Result<model::LabelSelector> parsed = model::LabelSelector::of_tree(selector);
    FieldPath template_path = spec.child("template");
    FieldPath meta_path = template_path.child("metadata");
    static const Value kNone = codec::Object();
    if (parsed && !parsed->matches(labels_of(labels)))
      add_invalid(errors, meta_path.child("labels"), labels == nullptr ? kNone : *labels,
                  "`selector` does not match template `labels`");
  }
  validate_template(errors, spec.child("template"), pod_template, owner);
}

}  // namespace charon::core::v1
