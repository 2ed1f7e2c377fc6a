// Volumes: prepares, refreshes and removes all volumes of a pod, by their types.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/cri/v1/types.h"
#include "node/volumes/volume.h"

namespace charon::node {

// Path on the host of each volume, by its name.
using VolumePaths = std::map<std::string, std::string, std::less<>>;


class Volumes {
 public:
  explicit Volumes(std::vector<std::unique_ptr<VolumeType>> types) : types_(std::move(types)) {}

  // `pod_directory`: the pod's own. On failure the error's message is the kubelet's: MountVolume.SetUp failed for ...
  rt::Task<Result<VolumePaths>> prepare(std::shared_ptr<const core::v1::Pod> pod, std::string pod_directory,
                                        NodeAllocatable allocatable, Time now);
  // True when the pod has a volume whose content may change.
  bool follows_objects(const core::v1::Pod& pod) const;
  // Releases and removes everything under the pod's directory.
  rt::Task<Result<void>> remove(rt::Files& files, std::string pod_directory);

 private:
  VolumeType* type_of(const core::v1::VolumeSource& source) const;
  std::vector<std::unique_ptr<VolumeType>> types_;
};

// All types that there are.
std::vector<std::unique_ptr<VolumeType>> make_volume_types(rt::Files& files, rt::Process& process, PodObjects& objects);

// The mounts of a container. NotFound when it mounts a volume that is not there; subPath directories are made.
Result<std::vector<cri::v1::Mount>> container_mounts(rt::Files& files, const core::v1::Container& container,
                                                     const VolumePaths& paths, const Environment& environment);

}  // namespace charon::node
