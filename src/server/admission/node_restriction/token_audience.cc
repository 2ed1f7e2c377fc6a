#include "server/admission/node_restriction/token_audience.h"

#include <algorithm>

#include "api/storage/v1/types.h"
#include "model/kind.h"

namespace charon::server {
namespace {

using core::v1::Pod;
using core::v1::Volume;

// Null when there is none.
template <class T>
std::shared_ptr<const T> look_up(Caches& caches, model::GroupVersion gv, std::string_view kind, ObjectKey key) {
  DocumentPtr found = caches.of(*model::find_kind(gv, kind)).get(std::move(key));
  return found ? found->as<T>() : nullptr;
}

// The driver behind a claim; empty when it has no volume yet, or one of another sort.
std::string driver_of_claim(Caches& caches, const std::string& ns, std::string name) {
  auto claim = look_up<core::v1::PersistentVolumeClaim>(caches, {"", "v1"}, "PersistentVolumeClaim", {ns, std::move(name)});
  if (!claim || claim->spec.volumeName.empty()) return {};
  auto volume = look_up<core::v1::PersistentVolume>(caches, {"", "v1"}, "PersistentVolume", {"", claim->spec.volumeName});
  if (!volume || !volume->spec.persistentVolumeSource.csi) return {};
  return volume->spec.persistentVolumeSource.csi->driver;
}

std::string driver_of(Caches& caches, const Pod& pod, const Volume& volume) {
  const auto& source = volume.volumeSource;
  if (source.csi) return source.csi->driver;
  const std::string& ns = pod.metadata.namespace_;
  if (source.persistentVolumeClaim) return driver_of_claim(caches, ns, source.persistentVolumeClaim->claimName);
  if (source.ephemeral) return driver_of_claim(caches, ns, pod.metadata.name + "-" + volume.name);
  return {};
}

bool driver_asks_for(Caches& caches, std::string driver, std::string_view audience) {
  if (driver.empty()) return false;
  auto found = look_up<storage::v1::CSIDriver>(caches, {"storage.k8s.io", "v1"}, "CSIDriver", {"", std::move(driver)});
  return found && std::ranges::any_of(found->spec.tokenRequests, [&](const auto& asked) { return asked.audience == audience; });
}

bool is_projected(const Volume& volume, std::string_view audience) {
  if (!volume.volumeSource.projected) return false;
  return std::ranges::any_of(volume.volumeSource.projected->sources, [&](const auto& source) {
    return source.serviceAccountToken && source.serviceAccountToken->audience == audience;
  });
}

}  // namespace

bool references_audience(Caches& caches, const Pod& pod, std::string_view audience) {
  return std::ranges::any_of(pod.spec.volumes, [&](const Volume& volume) {
    return is_projected(volume, audience) || driver_asks_for(caches, driver_of(caches, pod, volume), audience);
  });
}

}  // namespace charon::server
