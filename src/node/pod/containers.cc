#include "node/pod/containers.h"

#include <algorithm>

#include "base/bytes.h"

namespace charon::node {

std::vector<ContainerView> containers_of(const core::v1::Pod& pod) {
  std::vector<ContainerView> out;
  out.reserve(pod.spec.initContainers.size() + pod.spec.containers.size());
  for (const auto& container : pod.spec.initContainers)
    out.push_back({&container, container.restartPolicy == "Always" ? Role::Sidecar : Role::Init});
  for (const auto& container : pod.spec.containers) out.push_back({&container, Role::Main});
  return out;
}

const core::v1::Container* find_container(const core::v1::Pod& pod, std::string_view name) {
  for (const ContainerView& view : containers_of(pod))
    if (view.spec->name == name) return view.spec;
  return nullptr;
}

RestartPolicy restart_policy(const core::v1::Pod& pod, const ContainerView& container) {
  if (container.role == Role::Sidecar) return RestartPolicy::Always;
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
