// Which other objects of its namespace a pod names, by its containers, volumes and pull secrets.
#pragma once

#include <string>
#include <vector>

#include "api/core/v1/types.h"

namespace charon::server {

struct PodReferences {
  std::vector<std::string> secrets;
  std::vector<std::string> config_maps;
  std::vector<std::string> claims;           // PersistentVolumeClaims, also those of ephemeral volumes
  std::vector<std::string> resource_claims;  // those that exist already
};

// Sorted, each once.
PodReferences references_of(const core::v1::Pod& pod);

}  // namespace charon::server
