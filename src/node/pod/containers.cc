#include "node/pod/containers.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/bytes.h"
#include "base/check.h"
#include "schema/convert.h"

namespace charon::node {

std::vector<ContainerView> containers_of(const core::v1::Pod& pod) {
  std::vector<ContainerView> out;
  out.reserve(pod.spec.initContainers.size() + pod.spec.containers.size());
  for (const auto& container : pod.spec.initContainers)
    out.push_back({&container, container.restartPolicy == "Always" ? Role::Sidecar : Role::Init});
  for (const auto& container : pod.spec.containers) out.push_back({&container, Role::Main});
  return out;
}

std::vector<EphemeralView> ephemeral_containers_of(const core::v1::Pod& pod) {
  std::vector<EphemeralView> out;
  for (const auto& container : pod.spec.ephemeralContainers) {
    // The two types have the same members, so that one reads the other's form.
    auto tree = schema::tree_from_struct(core::v1::EphemeralContainerCommon::table(), &container.ephemeralContainerCommon);
    auto spec = schema::from_tree<core::v1::Container>(tree);
    CHECK(spec.has_value());
    out.push_back({*std::move(spec), container.targetContainerName});
  }
  return out;
}

std::optional<core::v1::Container> find_container(const core::v1::Pod& pod, std::string_view name) {
  for (const ContainerView& view : containers_of(pod))
    if (view.spec->name == name) return *view.spec;
  for (EphemeralView& view : ephemeral_containers_of(pod))
    if (view.spec.name == name) return std::move(view.spec);
  return std::nullopt;
}

const core::v1::ContainerStatus* reported_status(const core::v1::Pod& pod, std::string_view name) {
  for (const auto* list :
       {&pod.status.initContainerStatuses, &pod.status.containerStatuses, &pod.status.ephemeralContainerStatuses})
    for (const auto& status : *list)
      if (status.name == name) return &status;
  return nullptr;
}

RestartPolicy restart_policy(const core::v1::Pod& pod, const ContainerView& container) {
  if (container.role == Role::Sidecar) return RestartPolicy::Always;
  if (container.role == Role::Ephemeral) return RestartPolicy::Never;
  std::string_view text = pod.spec.restartPolicy;
  if (container.spec->restartPolicy) text = *container.spec->restartPolicy;
  // An init container runs to its end: under Always it is repeated only when it failed.
  if (text == "Never") return RestartPolicy::Never;
  if (text == "OnFailure" || container.role == Role::Init) return RestartPolicy::OnFailure;
  return RestartPolicy::Always;
}

const ObservedContainer* newest(const ObservedPod& observed, std::string_view name) {
  for (const auto& container : observed.containers)
    if (container.name == name) return &container;
  return nullptr;
}

const ObservedContainer* previous(const ObservedPod& observed, std::string_view name) {
  bool skipped = false;
  for (const auto& container : observed.containers) {
    if (container.name != name) continue;
    if (skipped) return &container;
    skipped = true;
  }
  return nullptr;
}

std::string spec_hash(const core::v1::Container& container) {
  return std::to_string(fnv1a_32(container.name + "\n" + container.image));
}

std::string qos_class(const core::v1::Pod& pod) {
  bool any = false;
  bool guaranteed = true;
  for (const ContainerView& view : containers_of(pod)) {
    const auto& resources = view.spec->resources;
    for (std::string_view name : {"cpu", "memory"}) {
      auto request = resources.requests.find(name);
      auto limit = resources.limits.find(name);
      bool has_request = request != resources.requests.end() && !request->second.is_zero();
      bool has_limit = limit != resources.limits.end() && !limit->second.is_zero();
      any = any || has_request || has_limit;
      if (!has_limit || (has_request && request->second != limit->second)) guaranteed = false;
    }
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

}  // namespace charon::node
