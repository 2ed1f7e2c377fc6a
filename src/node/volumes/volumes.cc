#include "node/volumes/volumes.h"

#include <utility>

#include "node/volumes/config_map/config_map.h"
#include "node/volumes/downward_api/downward_api.h"
#include "node/volumes/empty_dir/empty_dir.h"
#include "node/volumes/host_path/host_path.h"
#include "node/volumes/mounts.h"
#include "node/volumes/payload.h"
#include "node/volumes/projected/projected.h"
#include "node/volumes/secret/secret.h"

namespace charon::node {

rt::Task<Result<void>> VolumeType::release(std::string) { co_return Result<void>(); }

std::vector<std::unique_ptr<VolumeType>> make_volume_types(rt::Files& files, rt::Process& process, PodObjects& objects) {
  std::vector<std::unique_ptr<VolumeType>> types;
  types.push_back(make_empty_dir_volume(files, process));
  types.push_back(make_host_path_volume(files));
  types.push_back(make_config_map_volume(files, objects));
  types.push_back(make_secret_volume(files, objects));
  types.push_back(make_downward_api_volume(files));
  types.push_back(make_projected_volume(files, objects));
  return types;
}

VolumeType* Volumes::type_of(const core::v1::VolumeSource& source) const {
  for (const auto& type : types_)
    if (type->handles(source)) return type.get();
  return nullptr;
}

rt::Task<Result<PreparedVolume>> Volumes::prepare_one(VolumeType* type, VolumeRequest request, VolumeRoots roots) {
  const core::v1::Volume& volume = *request.volume;
  const bool made = type->made_of_objects();
  request.directory = (made ? roots.memory : roots.disk) + "/volumes/" + type->plugin() + "/" + volume.name;
  auto path = co_await type->prepare(std::move(request));
  if (!path) co_return fail_with("MountVolume.SetUp failed for volume \"" + volume.name + "\" ", std::move(path.error()));
  co_return PreparedVolume{std::move(*path), made};
}

rt::Task<Result<PreparedVolumes>> Volumes::prepare(std::shared_ptr<const core::v1::Pod> pod, VolumeRoots roots,
                                                   NodeAllocatable allocatable, Time now) {
  PreparedVolumes volumes;
  for (const auto& volume : pod->spec.volumes) {
    VolumeType* type = type_of(volume.volumeSource);
    if (type == nullptr)
      co_return fail(Reason::NotImplemented,
                     "MountVolume.SetUp failed for volume \"" + volume.name + "\" : no volume plugin matched");
    CO_TRY_ASSIGN(volumes[volume.name], co_await prepare_one(type, {pod, &volume, "", allocatable, now}, roots));
  }
  co_return volumes;
}

rt::Task<Result<void>> Volumes::refresh(std::shared_ptr<const core::v1::Pod> pod, VolumeRoots roots,
                                        NodeAllocatable allocatable, Time now) {
  Result<void> all;
  for (const auto& volume : pod->spec.volumes) {
    VolumeType* type = type_of(volume.volumeSource);
    if (type == nullptr || !type->made_of_objects()) continue;
    auto done = co_await prepare_one(type, {pod, &volume, "", allocatable, now}, roots);
    if (!done && all) all = fail(std::move(done.error()));
  }
  co_return all;
}

std::string sub_paths_directory(const VolumeRoots& roots) { return roots.disk + "/volume-subpaths"; }

rt::Task<Result<void>> Volumes::remove(rt::Files& files, rt::Process& process, VolumeRoots roots) {
  CO_TRY(co_await unmount_below(files, process, sub_paths_directory(roots)));
  CO_TRY(co_await remove_below(files, std::move(roots.disk)));
  co_return co_await remove_below(files, std::move(roots.memory));
}

rt::Task<Result<void>> Volumes::remove_below(rt::Files& files, std::string pod_directory) {
  auto plugins = files.list(pod_directory + "/volumes");
  if (plugins) {
    for (const auto& plugin : *plugins) {
      std::string folder = pod_directory + "/volumes/" + plugin;
      auto names = files.list(folder);
      if (!names) continue;
      for (const auto& type : types_) {
        if (type->plugin() != plugin) continue;
        for (const auto& name : *names) CO_TRY(co_await type->release(folder + "/" + name));
      }
    }
  }
  co_return files.remove_all(pod_directory);
}

namespace {

// The subPath that is meant; empty for the whole volume.
Result<std::string> sub_path(const core::v1::VolumeMount& mount, const Environment& environment) {
  if (mount.subPathExpr.empty()) return mount.subPath;
  std::vector<std::string> missing;
  std::string path = expand(mount.subPathExpr, environment, &missing);
  if (!missing.empty()) return fail(Reason::BadRequest, "missing value for \"" + missing.front() + "\"");
  return path;
}

}  // namespace

Result<std::vector<cri::v1::Mount>> container_mounts(rt::Files& files, const core::v1::Container& container,
                                                     const PreparedVolumes& volumes, const Environment& environment,
                                                     const std::string& sub_paths) {
  std::vector<cri::v1::Mount> out;
  for (const auto& mount : container.volumeMounts) {
    auto found = volumes.find(mount.name);
    if (found == volumes.end()) return fail(Reason::NotFound, "volume \"" + mount.name + "\" is not mounted");
    cri::v1::Mount entry;
    entry.host_path = found->second.path;
    // A host path without a type is made as a directory, as Docker did and the kubelet does.
    if (!files.exists(entry.host_path)) TRY(files.make_dirs(entry.host_path, 0755));
    TRY_ASSIGN(std::string sub, sub_path(mount, environment));
    if (!sub.empty()) {
      const std::string target = sub_paths + "/" + container.name + "/" + std::to_string(out.size());
      if (auto bound = files.bind_below(entry.host_path, sub, target); !bound)
        return fail_with(
            "failed to prepare subPath for volumeMount \"" + mount.name + "\" of container \"" + container.name + "\"",
            std::move(bound.error()));
      entry.host_path = target;
    }
    entry.container_path = mount.mountPath.starts_with("/") ? mount.mountPath : "/" + mount.mountPath;
    entry.readonly = mount.readOnly || found->second.read_only;
    if (mount.mountPropagation == "HostToContainer")
      entry.propagation = cri::v1::MountPropagation::PROPAGATION_HOST_TO_CONTAINER;
    if (mount.mountPropagation == "Bidirectional") entry.propagation = cri::v1::MountPropagation::PROPAGATION_BIDIRECTIONAL;
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace charon::node
