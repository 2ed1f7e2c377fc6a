// What must hold for containers beyond the table: references to volumes, unique names, requests within limits, probes
// (Kubernetes' pkg/apis/core/validation).
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "api/core/v1/probe_validation.h"
#include "api/core/v1/volume_validation.h"
#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::core::v1 {

// Whose spec it is: a template may leave open what only a pod must say.
enum class PodSpecOwner : unsigned char { Pod, Template };

struct ContainerScope {
  PodSpecOwner owner = PodSpecOwner::Pod;
  bool host_network = false;
  bool host_users = true;       // the users of its containers are those of the node
  bool never_restarts = false;  // restartPolicy Never
  ProbeScope probes;
  VolumesByName volumes;
  std::set<std::string_view> claims;      // names of the pod's resource claims
  std::set<std::string> host_ports;       // taken so far: "TCP//80"
  std::set<std::string_view> containers;  // names so far
  std::set<std::string_view> lasting;     // of these, what an ephemeral container may join
};

enum class ContainerRole : unsigned char { Main, Init, Ephemeral };

// One list of containers; `scope` collects names and host ports over all lists of the pod.
void validate_containers(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value* list,
                         ContainerRole role, ContainerScope& scope);
// Requests and limits of a container or of a pod.
void validate_resources(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value* resources);

}  // namespace charon::core::v1
