#include "controllers/endpoints/plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "control/controller.h"
#include "control/ownership.h"
#include "control/pods.h"

namespace charon::controllers::endpoints {
namespace {

using control::Plan;
using core::v1::Endpoints;
using core::v1::Pod;
using core::v1::Service;
using core::v1::ServicePort;
using discovery::v1::Endpoint;
using discovery::v1::EndpointSlice;
using PodPtr = std::shared_ptr<const Pod>;

struct Port {
  std::string name;
  std::string protocol;
  std::int32_t number = 0;
  std::optional<std::string> app_protocol;
  auto operator<=>(const Port&) const = default;
};

// Pods by the numbers that the service's ports have in them.
using Groups = std::map<std::vector<Port>, std::vector<PodPtr>>;

std::optional<std::int32_t> target_of(const ServicePort& port, const Pod& pod) {
  if (port.targetPort.is_int()) return port.targetPort.as_int() != 0 ? port.targetPort.as_int() : port.port;
  for (const core::v1::Container& container : pod.spec.containers)
    for (const core::v1::ContainerPort& candidate : container.ports)
      if (candidate.name == port.targetPort.as_string() && candidate.protocol == port.protocol) return candidate.containerPort;
  return std::nullopt;
}

std::vector<Port> ports_of(const Service& service, const Pod& pod) {
  std::vector<Port> ports;
  for (const ServicePort& port : service.spec.ports)
    if (const auto number = target_of(port, pod)) ports.push_back({port.name, port.protocol, *number, port.appProtocol});
  return ports;
}

bool wants_ipv6(const Service& service) { return !service.spec.ipFamilies.empty() && service.spec.ipFamilies[0] == "IPv6"; }

std::string address_of(const Pod& pod, bool ipv6) {
  for (const core::v1::PodIP& ip : pod.status.podIPs)
    if ((ip.ip.find(':') != std::string::npos) == ipv6) return ip.ip;
  return (pod.status.podIP.find(':') != std::string::npos) == ipv6 ? pod.status.podIP : std::string();
}

Groups group_pods(const State& state) {
  Groups groups;
  const bool ipv6 = wants_ipv6(*state.service);
  for (const PodPtr& pod : state.pods)
    if (!control::is_pod_terminal(*pod) && !address_of(*pod, ipv6).empty())
      groups[ports_of(*state.service, *pod)].push_back(pod);
  return groups;
}

core::v1::ObjectReference target_reference(const Pod& pod) {
  core::v1::ObjectReference reference;
  reference.kind = "Pod";
  reference.namespace_ = pod.metadata.namespace_;
  reference.name = pod.metadata.name;
  reference.uid = pod.metadata.uid;
  return reference;
}

bool has_host_name(const Service& service, const Pod& pod) {
  return !pod.spec.hostname.empty() && pod.spec.subdomain == service.metadata.name;
}

Endpoint endpoint_of(const Service& service, const Pod& pod) {
  const bool terminating = pod.metadata.deletionTimestamp.has_value();
  const bool serving = control::is_pod_ready(pod);
  Endpoint endpoint;
  endpoint.addresses = {address_of(pod, wants_ipv6(service))};
  endpoint.conditions.ready = service.spec.publishNotReadyAddresses || (serving && !terminating);
  endpoint.conditions.serving = serving;
  endpoint.conditions.terminating = terminating;
  endpoint.targetRef = target_reference(pod);
  if (!pod.spec.nodeName.empty()) endpoint.nodeName = pod.spec.nodeName;
  if (has_host_name(service, pod)) endpoint.hostname = pod.spec.hostname;
  return endpoint;
}

EndpointSlice slice_of(const Service& service, const std::vector<Port>& ports) {
  EndpointSlice slice;
  slice.metadata.namespace_ = service.metadata.namespace_;
  slice.metadata.labels = service.metadata.labels;
  slice.metadata.labels[std::string(kServiceLabel)] = service.metadata.name;
  slice.metadata.labels[std::string(kManagedBy)] = kManager;
  if (service.spec.clusterIP == "None") slice.metadata.labels["service.kubernetes.io/headless"] = "";
  slice.metadata.ownerReferences.push_back(control::controller_reference(service));
  slice.addressType = wants_ipv6(service) ? "IPv6" : "IPv4";
  for (const Port& port : ports) {
    discovery::v1::EndpointPort& entry = slice.ports.emplace_back();
    entry.name = port.name;
    entry.protocol = port.protocol;
    entry.port = port.number;
    entry.appProtocol = port.app_protocol;
  }
  return slice;
}

// A service without pods has one empty slice, so that readers see that it is known.
std::vector<EndpointSlice> wanted_slices(const State& state, const Groups& groups) {
  const Service& service = *state.service;
  std::vector<EndpointSlice> slices;
  for (const auto& [ports, pods] : groups) {
    for (std::size_t i = 0; i < pods.size(); ++i) {
      if (i % kSliceSize == 0) slices.push_back(slice_of(service, ports));
      slices.back().endpoints.push_back(endpoint_of(service, *pods[i]));
    }
  }
  if (slices.empty()) slices.push_back(slice_of(service, {}));
  for (std::size_t i = 0; i < slices.size(); ++i)
    slices[i].metadata.name = service.metadata.name + "-" + control::stable_suffix(service.metadata.uid, i);
  return slices;
}

void sync_slices(const State& state, const Groups& groups, Plan& plan) {
  std::map<std::string, std::shared_ptr<const EndpointSlice>> there;
  for (const auto& slice : state.slices) there[slice->metadata.name] = slice;
  for (EndpointSlice& wanted : wanted_slices(state, groups)) {
    const auto place = there.find(wanted.metadata.name);
    if (place == there.end()) {
      plan.create(wanted).owner_uid = state.service->metadata.uid;
      continue;
    }
    EndpointSlice updated = *place->second;
    updated.metadata.labels = wanted.metadata.labels;
    updated.endpoints = std::move(wanted.endpoints);
    updated.ports = std::move(wanted.ports);
    // The address type cannot change: such a slice is made anew.
    if (updated.addressType != wanted.addressType) {
      plan.remove(*place->second);
    } else if (updated != *place->second) {
      plan.update(updated);
    }
    there.erase(place);
  }
  for (const auto& [name, slice] : there) plan.remove(*slice);
}

core::v1::EndpointAddress legacy_address(const Service& service, const Pod& pod) {
  core::v1::EndpointAddress address;
  address.ip = address_of(pod, wants_ipv6(service));
  if (!pod.spec.nodeName.empty()) address.nodeName = pod.spec.nodeName;
  if (has_host_name(service, pod)) address.hostname = pod.spec.hostname;
  address.targetRef = target_reference(pod);
  return address;
}

std::vector<core::v1::EndpointSubset> wanted_subsets(const Service& service, const Groups& groups) {
  std::vector<core::v1::EndpointSubset> subsets;
  for (const auto& [ports, pods] : groups) {
    core::v1::EndpointSubset subset;
    for (const PodPtr& pod : pods) {
      const bool published = service.spec.publishNotReadyAddresses;
      if (pod->metadata.deletionTimestamp && !published) continue;
      auto& list = published || control::is_pod_ready(*pod) ? subset.addresses : subset.notReadyAddresses;
      list.push_back(legacy_address(service, *pod));
    }
    if (subset.addresses.empty() && subset.notReadyAddresses.empty()) continue;
    for (auto* list : {&subset.addresses, &subset.notReadyAddresses})
      std::ranges::sort(*list, {}, [](const auto& address) { return std::tuple(address.ip, address.targetRef->uid); });
    for (const Port& port : ports) {
      core::v1::EndpointPort& entry = subset.ports.emplace_back();
      entry.name = port.name;
      entry.protocol = port.protocol;
      entry.port = port.number;
      entry.appProtocol = port.app_protocol;
    }
    subsets.push_back(std::move(subset));
  }
  return subsets;
}

void sync_endpoints(const State& state, const Groups& groups, Plan& plan) {
  const Service& service = *state.service;
  Endpoints wanted = state.endpoints ? *state.endpoints : Endpoints{};
  wanted.metadata.name = service.metadata.name;
  wanted.metadata.namespace_ = service.metadata.namespace_;
  wanted.metadata.labels = service.metadata.labels;
  wanted.metadata.labels["endpoints.kubernetes.io/managed-by"] = "endpoint-controller";
  if (service.spec.clusterIP == "None") wanted.metadata.labels["service.kubernetes.io/headless"] = "";
  wanted.subsets = wanted_subsets(service, groups);
  if (!state.endpoints) {
    plan.create(wanted).exists_is_fine = true;
  } else if (wanted != *state.endpoints) {
    plan.update(wanted).missing_is_fine = true;
  }
}

}  // namespace

Plan plan_endpoints(const State& state) {
  Plan plan;
  const Service& service = *state.service;
  // Without a selector the endpoints are somebody else's.
  if (service.spec.selector.empty() || service.spec.type == "ExternalName" || service.metadata.deletionTimestamp) return plan;
  const Groups groups = group_pods(state);
  sync_slices(state, groups, plan);
  sync_endpoints(state, groups, plan);
  return plan;
}

}  // namespace charon::controllers::endpoints
