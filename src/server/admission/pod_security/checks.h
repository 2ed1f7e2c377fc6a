// The single checks of the Pod Security Standards. Each returns whether the pod violates it, and fills in how.
#pragma once

#include "server/admission/pod_security/standards.h"

namespace charon::server {

struct CheckedPod {
  const Annotations& annotations;
  const core::v1::PodSpec& spec;
  int version = kLatestStandards;
};

using CheckFunction = bool (*)(const CheckedPod& pod, Violation& violation);

// Baseline.
bool forbids_app_armor(const CheckedPod& pod, Violation& violation);
bool forbids_added_capabilities(const CheckedPod& pod, Violation& violation);
bool forbids_host_namespaces(const CheckedPod& pod, Violation& violation);
bool forbids_host_paths(const CheckedPod& pod, Violation& violation);
bool forbids_host_ports(const CheckedPod& pod, Violation& violation);
bool forbids_probe_hosts(const CheckedPod& pod, Violation& violation);
bool forbids_privileged(const CheckedPod& pod, Violation& violation);
bool forbids_proc_mount(const CheckedPod& pod, Violation& violation);
bool forbids_proc_mount_outside_user_namespaces(const CheckedPod& pod, Violation& violation);
bool forbids_selinux_options(const CheckedPod& pod, Violation& violation);
bool forbids_seccomp_annotations(const CheckedPod& pod, Violation& violation);
bool forbids_seccomp_profiles(const CheckedPod& pod, Violation& violation);
bool forbids_sysctls(const CheckedPod& pod, Violation& violation);
bool forbids_host_processes(const CheckedPod& pod, Violation& violation);

// Restricted.
bool demands_no_escalation(const CheckedPod& pod, Violation& violation);
bool demands_dropped_capabilities(const CheckedPod& pod, Violation& violation);
bool demands_plain_volumes(const CheckedPod& pod, Violation& violation);
bool demands_non_root(const CheckedPod& pod, Violation& violation);
bool demands_non_root_user(const CheckedPod& pod, Violation& violation);
bool demands_seccomp_profile(const CheckedPod& pod, Violation& violation);

// Of all containers, as Kubernetes visits them. Ephemeral ones have the same security members.
template <class Visit>
void each_container(const core::v1::PodSpec& pod, Visit visit) {
  for (const auto& container : pod.initContainers) visit(container);
  for (const auto& container : pod.containers) visit(container);
  for (const auto& container : pod.ephemeralContainers) visit(container.ephemeralContainerCommon);
}

}  // namespace charon::server
