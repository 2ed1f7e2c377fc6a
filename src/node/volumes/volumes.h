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
  // Brings those up to date that are made of API objects; the others stay as the pod's containers have them.
  rt::Task<Result<void>> refresh(std::shared_ptr<const core::v1::Pod> pod, VolumeRoots roots, NodeAllocatable allocatable,
                                 Time now);
  // Releases, unmounts and removes everything under both directories.
  rt::Task<Result<void>> remove(rt::Files& files, rt::Process& process, VolumeRoots roots);

 private:
  rt::Task<Result<PreparedVolume>> prepare_one(VolumeType* type, VolumeRequest request, VolumeRoots roots);
  rt::Task<Result<void>> remove_below(rt::Files& files, std::string pod_directory);
  VolumeType* type_of(const core::v1::VolumeSource& source) const;
  std::vector<std::unique_ptr<VolumeType>> types_;
};

// All types that there are.
std::vector<std::unique_ptr<VolumeType>> make_volume_types(rt::Files& files, rt::Process& process, PodObjects& objects);

// Where the subPath mounts of a pod's containers are, below the pod's own directory.
std::string sub_paths_directory(const VolumeRoots& roots);

// The mounts of a container. NotFound when it mounts a volume that is not there. A subPath is mounted below `sub_paths` first:
// what a container writes into its volumes must not lead the runtime elsewhere. Its missing directories are made; Forbidden
// when it leaves the volume.
Result<std::vector<cri::v1::Mount>> container_mounts(rt::Files& files, const core::v1::Container& container,
                                                     const PreparedVolumes& volumes, const Environment& environment,
                                                     const std::string& sub_paths);

}  // namespace charon::node
