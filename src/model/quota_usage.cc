#include "model/quota_usage.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace charon::model {
namespace {

using namespace core::v1;

using Names = std::set<std::string, std::less<>>;

constexpr std::string_view kRequests = "requests.";
constexpr std::string_view kLimits = "limits.";
constexpr std::string_view kClassSuffix = ".storageclass.storage.k8s.io/";

const Quantity kOne = Quantity::of(1);

bool is_native(std::string_view resource) {
  return resource.find('/') == std::string_view::npos || resource.find("kubernetes.io/") != std::string_view::npos;
}

bool is_extended(std::string_view resource) { return !is_native(resource) && !resource.starts_with(kRequests); }

bool is_compute(std::string_view resource) {
  return resource == "cpu" || resource == "memory" || resource == "ephemeral-storage";
}

std::string_view without(std::string_view name, std::string_view prefix) {
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return name;
}

// --------------------------------------------------------------------------------------------------------------- pods

ResourceList compute_usage(const ResourceList& requests, const ResourceList& limits) {
  ResourceList usage;
  for (const auto& [name, amount] : requests) {
    if (is_compute(name) || name.starts_with("hugepages-")) {
      usage[name] = amount;
      usage[std::string(kRequests) + name] = amount;
    } else if (is_extended(name)) {
      usage[std::string(kRequests) + name] = amount;
    }
  }
  for (const auto& [name, amount] : limits)
    if (is_compute(name)) usage[std::string(kLimits) + name] = amount;
  return usage;
}

bool still_counts(const Pod& pod, Time now) {
  if (pod.status.phase == "Failed" || pod.status.phase == "Succeeded") return false;
  // A pod that is stuck, as on a node that is lost, is not charged for ever.
  if (!pod.metadata.deletionTimestamp || !pod.metadata.deletionGracePeriodSeconds) return true;
  Time end = *pod.metadata.deletionTimestamp;
  end.seconds += *pod.metadata.deletionGracePeriodSeconds;
  return now <= end;
}

ResourceList pod_usage(const Pod& pod, Time now) {
  ResourceList usage{{"count/pods", kOne}};
  if (!still_counts(pod, now)) return usage;
  usage["pods"] = kOne;
  usage.merge(compute_usage(pod_requests(pod.spec), pod_limits(pod.spec)));
  return usage;
}

bool pod_counts(std::string_view name) {
  if (name == "pods" || name == "count/pods") return true;
  if (is_compute(name) || is_compute(without(name, kRequests)) || is_compute(without(name, kLimits))) return true;
  if (without(name, kRequests).starts_with("hugepages-")) return true;
  return name.starts_with(kRequests) && !is_native(name);
}

bool asks_for_compute(const ResourceList& list) {
  return std::ranges::any_of(
      list, [](const auto& entry) { return (entry.first == "cpu" || entry.first == "memory") && !entry.second.is_zero(); });
}

bool is_best_effort(const PodSpec& pod) {
  if (pod.resources) {
    if (asks_for_compute(pod.resources->requests) || asks_for_compute(pod.resources->limits)) return false;
  }
  for (const auto* containers : {&pod.containers, &pod.initContainers})
    for (const Container& container : *containers)
      if (asks_for_compute(container.resources.requests) || asks_for_compute(container.resources.limits)) return false;
  return true;
}

bool crosses(const PodAffinityTerm& term) { return !term.namespaces.empty() || term.namespaceSelector.has_value(); }

template <class Affinity>
bool crosses(const Affinity& affinity) {
  for (const PodAffinityTerm& term : affinity.requiredDuringSchedulingIgnoredDuringExecution)
    if (crosses(term)) return true;
  for (const WeightedPodAffinityTerm& term : affinity.preferredDuringSchedulingIgnoredDuringExecution)
    if (crosses(term.podAffinityTerm)) return true;
  return false;
}

bool has_foreign_affinity(const PodSpec& pod) {
  if (!pod.affinity) return false;
  return (pod.affinity->podAffinity && crosses(*pod.affinity->podAffinity)) ||
         (pod.affinity->podAntiAffinity && crosses(*pod.affinity->podAntiAffinity));
}

// A selector's requirement over a member that may be empty: nothing.
bool requirement_holds(const ScopedResourceSelectorRequirement& scope, const std::string& value) {
  bool listed = std::ranges::find(scope.values, value) != scope.values.end();
  if (scope.operator_ == "In") return !value.empty() && listed;
  if (scope.operator_ == "NotIn") return value.empty() || !listed;
  if (scope.operator_ == "DoesNotExist") return value.empty();
  return !value.empty();  // Exists
}

bool pod_in_scope(const ScopedResourceSelectorRequirement& scope, const PodSpec& pod) {
  if (scope.scopeName == "Terminating") return pod.activeDeadlineSeconds.has_value();
  if (scope.scopeName == "NotTerminating") return !pod.activeDeadlineSeconds.has_value();
  if (scope.scopeName == "BestEffort") return is_best_effort(pod);
  if (scope.scopeName == "NotBestEffort") return !is_best_effort(pod);
  if (scope.scopeName == "PriorityClass") return requirement_holds(scope, pod.priorityClassName);
  if (scope.scopeName == "CrossNamespacePodAffinity") return has_foreign_affinity(pod);
  return false;
}

// --------------------------------------------------------------------------------------------------- services, claims

ResourceList service_usage(const Service& service) {
  std::int64_t node_ports = 0;
  std::int64_t balancers = 0;
  if (service.spec.type == "NodePort") node_ports = static_cast<std::int64_t>(service.spec.ports.size());
  if (service.spec.type == "LoadBalancer") {
    balancers = 1;
    bool all = service.spec.allocateLoadBalancerNodePorts.value_or(true);
    node_ports = all ? static_cast<std::int64_t>(service.spec.ports.size())
                     : std::ranges::count_if(service.spec.ports, [](const ServicePort& port) { return port.nodePort != 0; });
  }
  return {{"count/services", kOne},
          {"services", kOne},
          {"services.nodeports", Quantity::of(node_ports)},
          {"services.loadbalancers", Quantity::of(balancers)}};
}

std::string class_of(const PersistentVolumeClaim& claim) {
  auto old = claim.metadata.annotations.find("volume.beta.kubernetes.io/storage-class");
  return old != claim.metadata.annotations.end() ? old->second : claim.spec.storageClassName.value_or("");
}

ResourceList claim_usage(const PersistentVolumeClaim& claim) {
  ResourceList usage{{"count/persistentvolumeclaims", kOne}, {"persistentvolumeclaims", kOne}};
  std::string prefix = class_of(claim);
  if (!prefix.empty()) prefix += kClassSuffix;
  if (!prefix.empty()) usage[prefix + "persistentvolumeclaims"] = kOne;
  auto asked = claim.spec.resources.requests.find("storage");
  if (asked == claim.spec.resources.requests.end()) return usage;
  Quantity size = asked->second;
  if (auto given = claim.status.allocatedResources.find("storage");
      given != claim.status.allocatedResources.end() && size < given->second)
    size = given->second;
  usage["requests.storage"] = size;
  if (!prefix.empty()) usage[prefix + "requests.storage"] = size;
  return usage;
}

bool claim_counts(std::string_view name) {
  if (name == "persistentvolumeclaims" || name == "requests.storage") return true;
  std::size_t place = name.find(kClassSuffix);
  if (place == std::string_view::npos) return false;
  std::string_view what = name.substr(place + kClassSuffix.size());
  return what == "persistentvolumeclaims" || what == "requests.storage";
}

// Kinds that could be bounded by their number before there was "count/...".
constexpr std::array<std::string_view, 4> kPlainNames = {"configmaps", "resourcequotas", "replicationcontrollers", "secrets"};

}  // namespace

ResourceList quota_usage(const QuotaObject& object, Time now) {
  if (object.pod) return pod_usage(*object.pod, now);
  if (object.service) return service_usage(*object.service);
  if (object.claim) return claim_usage(*object.claim);
  ResourceList usage{{"count/" + object.resource, kOne}};
  if (std::ranges::find(kPlainNames, object.resource) != kPlainNames.end()) usage[object.resource] = kOne;
  return usage;
}

bool quota_counts(std::string_view resource, std::string_view name) {
  if (name.starts_with("count/")) return name.substr(6) == resource;
  if (resource == "pods") return pod_counts(name);
  if (resource == "services") return name == "services" || name == "services.nodeports" || name == "services.loadbalancers";
  if (resource == "persistentvolumeclaims") return claim_counts(name);
  return name == resource && std::ranges::find(kPlainNames, name) != kPlainNames.end();
}

bool in_quota_scope(const ResourceQuotaSpec& quota, const QuotaObject& object) {
  auto holds = [&object](const ScopedResourceSelectorRequirement& scope) {
    if (object.pod) return pod_in_scope(scope, object.pod->spec);
    if (object.claim && scope.scopeName == "VolumeAttributesClass")
      return requirement_holds(scope, object.claim->spec.volumeAttributesClassName.value_or(""));
    return false;
  };
  for (const std::string& name : quota.scopes) {
    ScopedResourceSelectorRequirement scope;
    scope.scopeName = name;
    scope.operator_ = "Exists";
    if (!holds(scope)) return false;
  }
  return !quota.scopeSelector || std::ranges::all_of(quota.scopeSelector->matchExpressions, holds);
}

std::string unsaid_amounts(const std::vector<std::string>& bounded, const QuotaObject& object) {
  if (!object.pod || object.pod->spec.resources) return {};
  Names required;
  for (const std::string& name : bounded) {
    std::string_view plain = name.starts_with(kLimits) ? without(name, kLimits) : without(name, kRequests);
    if (plain == "cpu" || plain == "memory") required.insert(name);
  }
  std::map<std::string, Names> missing;  // containers by resource
  for (const auto* containers : {&object.pod->spec.containers, &object.pod->spec.initContainers})
    for (const Container& container : *containers) {
      ResourceList said = compute_usage(container.resources.requests, container.resources.limits);
      for (const std::string& name : required)
        if (!said.contains(name)) missing[name].insert(container.name);
    }
  std::string text;
  for (const auto& [name, containers] : missing) {
    text += (text.empty() ? "must specify " : "; ") + name + " for: ";
    bool first = true;
    for (const std::string& container : containers) {
      if (!first) text += ",";
      text += container;
      first = false;
    }
  }
  return text;
}

}  // namespace charon::model
