// Volumes: prepares, refreshes and removes all volumes of a pod, by their types.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/cri/v1/types.h"
#include "node/volumes/volume.h"

namespace charon::node {

// Where a pod's volumes lie. Nothing that is made of API objects (secrets and tokens are) is written to a disk.
struct VolumeRoots {
  std::string disk;    // the pod's own directory
  std::string memory;  // the pod's own directory on a tmpfs
};

struct PreparedVolume {
  std::string path;  // on the host
  bool read_only = false;
};
using PreparedVolumes = std::map<std::string, PreparedVolume, std::less<>>;  // by the volume's name

class Volumes {
 public:
  explicit Volumes(std::vector<std::unique_ptr<VolumeType>> types) : types_(std::move(types)) {}

  // On failure the error's message is the kubelet's: MountVolume.SetUp failed for ...
  rt::Task<Result<PreparedVolumes>> prepare(std::shared_ptr<const core::v1::Pod> pod, VolumeRoots roots,
                                            NodeAllocatable allocatable, Time now);
  // Releases and removes everything under both directories.
  rt::Task<Result<void>> remove(rt::Files& files, VolumeRoots roots);

 private:
  rt::Task<Result<void>> remove_below(rt::Files& files, std::string pod_directory);
  VolumeType* type_of(const core::v1::VolumeSource& source) const;
  std::vector<std::unique_ptr<VolumeType>> types_;
};

// All types that there are.
std::vector<std::unique_ptr<VolumeType>> make_volume_types(rt::Files& files, rt::Process& process, PodObjects& objects);

// The mounts of a container. NotFound when it mounts a volume that is not there; subPath directories are made.
Result<std::vector<cri::v1::Mount>> container_mounts(rt::Files& files, const core::v1::Container& container,
                                                     const PreparedVolumes& volumes, const Environment& environment);

}  // namespace charon::node
