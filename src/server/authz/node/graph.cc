#include "server/authz/node/graph.h"

#include <algorithm>

#include "model/kind.h"
#include "server/pod_references.h"

namespace charon::server {
namespace {

using core::v1::PersistentVolume;
using core::v1::Pod;

constexpr std::string_view kMirrorAnnotation = "kubernetes.io/config.mirror";

Cache& core_cache(Caches& caches, std::string_view kind) { return caches.of(*model::find_kind({"", "v1"}, kind)); }

}  // namespace

NodeGraph::NodeGraph(Caches& caches) : volumes_(core_cache(caches, "PersistentVolume")) {
  Cache& pods = core_cache(caches, "Pod");
  auto watch = [](Cache& cache, auto&& change) {
    cache.each({}, nullptr, [&change](const DocumentPtr& document) {
      change(Change{nullptr, document, nullptr, document->revision()});
      return true;
    });
    return cache.observe(change);
  };
  observations_.push_back(watch(pods, [this](const Change& change) { change_pod(change); }));
  observations_.push_back(watch(volumes_, [this](const Change& change) { change_volume(change); }));
}

bool NodeGraph::uses(std::string_view node, Type type, std::string_view ns, std::string_view name) const {
  Object object{type, std::string(ns), std::string(name)};
  auto found = users_.find(object);
  if (found != users_.end() && found->second.contains(node)) return true;
  if (type != Type::Secret) return false;
  auto volumes = secret_volumes_.find(object);
  return volumes != secret_volumes_.end() &&
         std::ranges::any_of(volumes->second, [&](const std::string& volume) { return uses_volume(node, volume); });
}

bool NodeGraph::uses_volume(std::string_view node, const std::string& volume) const {
  DocumentPtr document = volumes_.get({"", volume});
  if (!document) return false;
  const auto claim = document->as<PersistentVolume>()->spec.claimRef;
  return claim && uses(node, Type::Claim, claim->namespace_, claim->name);
}

std::vector<NodeGraph::Object> NodeGraph::objects_of(const Pod& pod) {
  std::vector<Object> objects;
  if (pod.spec.nodeName.empty() || pod.metadata.annotations.contains(kMirrorAnnotation)) return objects;
  const std::string& ns = pod.metadata.namespace_;
  if (!pod.spec.serviceAccountName.empty()) objects.emplace_back(Type::ServiceAccount, ns, pod.spec.serviceAccountName);
  PodReferences named = references_of(pod);
  for (const std::string& name : named.secrets) objects.emplace_back(Type::Secret, ns, name);
  for (const std::string& name : named.config_maps) objects.emplace_back(Type::ConfigMap, ns, name);
  for (const std::string& name : named.claims) objects.emplace_back(Type::Claim, ns, name);
  for (const std::string& name : named.resource_claims) objects.emplace_back(Type::ResourceClaim, ns, name);
  return objects;
}

void NodeGraph::count(const Pod& pod, int step) {
  for (const Object& object : objects_of(pod)) {
    Counts& counts = users_[object];
    auto [place, added] = counts.try_emplace(pod.spec.nodeName, 0);
    place->second += step;
    if (place->second == 0) counts.erase(place);
    if (counts.empty()) users_.erase(object);
  }
}

void NodeGraph::change_pod(const Change& change) {
  if (change.after) count(*change.after->as<Pod>(), 1);
  if (change.before) count(*change.before->as<Pod>(), -1);
}

std::vector<NodeGraph::Object> NodeGraph::secrets_of(const PersistentVolume& volume) {
  std::vector<Object> secrets;
  const std::string& claim_ns = volume.spec.claimRef ? volume.spec.claimRef->namespace_ : std::string();
  auto add = [&](const std::string& ns, const std::string& name) {
    if (!name.empty()) secrets.emplace_back(Type::Secret, ns.empty() ? claim_ns : ns, name);
  };
  auto add_ref = [&add](const auto& reference) {
    if (reference) add(reference->namespace_, reference->name);
  };
  const core::v1::PersistentVolumeSource& source = volume.spec.persistentVolumeSource;
  if (source.azureFile) add(source.azureFile->secretNamespace.value_or(""), source.azureFile->secretName);
  if (source.cephfs) add_ref(source.cephfs->secretRef);
  if (source.cinder) add_ref(source.cinder->secretRef);
  if (source.flexVolume) add_ref(source.flexVolume->secretRef);
  if (source.iscsi) add_ref(source.iscsi->secretRef);
  if (source.rbd) add_ref(source.rbd->secretRef);
  if (source.scaleIO) add_ref(source.scaleIO->secretRef);
  if (source.storageos) add_ref(source.storageos->secretRef);
  if (source.csi) {
    // The controller's secrets are none of the node's business.
    add_ref(source.csi->nodeStageSecretRef);
    add_ref(source.csi->nodePublishSecretRef);
    add_ref(source.csi->nodeExpandSecretRef);
  }
  return secrets;
}

void NodeGraph::change_volume(const Change& change) {
  if (change.before)
    for (const Object& secret : secrets_of(*change.before->as<PersistentVolume>())) {
      auto found = secret_volumes_.find(secret);
      if (found == secret_volumes_.end()) continue;
      found->second.erase(change.before->key().name);
      if (found->second.empty()) secret_volumes_.erase(found);
    }
  if (change.after)
    for (const Object& secret : secrets_of(*change.after->as<PersistentVolume>()))
      secret_volumes_[secret].insert(change.after->key().name);
}

}  // namespace charon::server
