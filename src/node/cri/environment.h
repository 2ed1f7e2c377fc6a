// A container's environment: env, envFrom, references, service variables, $(VAR) expansion.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/core/v1/types.h"
#include "base/result.h"
#include "node/downward/fields.h"

namespace charon::node {

// Objects that a pod refers to, fetched beforehand. An absent object is a null pointer.
struct PodReferences {
  std::map<std::string, std::shared_ptr<const core::v1::ConfigMap>, std::less<>> config_maps;
  std::map<std::string, std::shared_ptr<const core::v1::Secret>, std::less<>> secrets;
  std::vector<std::shared_ptr<const core::v1::Service>> services;  // of the pod's namespace, and default/kubernetes
};

// Names of the ConfigMaps and Secrets that the environment of this container reads.
struct ReferenceNames {
  std::set<std::string> config_maps;
  std::set<std::string> secrets;
};
void add_environment_references(const core::v1::Container& container, ReferenceNames& names);

using Environment = std::vector<std::pair<std::string, std::string>>;

// In order; a later entry replaces an earlier one of the same name. BadRequest in the kubelet's words when a required
// object or key is missing (the container waits with CreateContainerConfigError).
Result<Environment> container_environment(const core::v1::Pod& pod, const core::v1::Container& container,
                                          const PodReferences& references, const NodeAllocatable& node);

// $(NAME) by the environment; unknown names stay as they are and are added to `missing`, where there is one. $$ is a dollar.
std::string expand(std::string_view text, const Environment& environment, std::vector<std::string>* missing = nullptr);

}  // namespace charon::node
