#include "controllers/statefulset/identity.h"

#include <algorithm>
#include <charconv>

#include "control/history.h"
#include "control/ownership.h"
#include "controllers/statefulset/claims.h"

namespace charon::controllers::statefulset {
namespace {

// The claims come first, and take the place of the template's volumes of the same name.
void put_claims(const StatefulSet& set, std::int64_t ordinal, Pod& pod) {
  std::vector<core::v1::Volume> volumes;
  for (const PersistentVolumeClaim& claim : set.spec.volumeClaimTemplates) {
    core::v1::Volume& volume = volumes.emplace_back();
    volume.name = claim.metadata.name;
    volume.volumeSource.persistentVolumeClaim.emplace().claimName = claim_name(set, claim, ordinal);
  }
  for (core::v1::Volume& volume : pod.spec.volumes) {
    const bool replaced = std::ranges::any_of(set.spec.volumeClaimTemplates,
                                              [&](const auto& claim) { return claim.metadata.name == volume.name; });
    if (!replaced) volumes.push_back(std::move(volume));
  }
  pod.spec.volumes = std::move(volumes);
}

}  // namespace

std::int64_t start_of(const StatefulSet& set) { return set.spec.ordinals ? set.spec.ordinals->start : 0; }

std::int64_t end_of(const StatefulSet& set) { return start_of(set) + set.spec.replicas.value_or(1); }

std::optional<std::int64_t> ordinal_of(const StatefulSet& set, std::string_view pod_name) {
  const std::string prefix = set.metadata.name + "-";
  if (!pod_name.starts_with(prefix)) return std::nullopt;
  pod_name.remove_prefix(prefix.size());
  std::int32_t ordinal = 0;
  const auto [end, error] = std::from_chars(pod_name.data(), pod_name.data() + pod_name.size(), ordinal);
  if (error != std::errc() || end != pod_name.data() + pod_name.size() || ordinal < 0) return std::nullopt;
  // "web-01" is not the pod web-1.
  if (std::to_string(ordinal) != pod_name) return std::nullopt;
  return ordinal;
}

std::string pod_name(const StatefulSet& set, std::int64_t ordinal) { return set.metadata.name + "-" + std::to_string(ordinal); }

std::string revision_of(const Pod& pod) {
  const auto label = pod.metadata.labels.find(control::kRevisionLabel);
  return label == pod.metadata.labels.end() ? "" : label->second;
}

Pod make_pod(const StatefulSet& set, const PodSource& source, std::int64_t ordinal) {
  Pod pod;
  pod.metadata.name = pod_name(set, ordinal);
  pod.metadata.generateName = set.metadata.name + "-";
  pod.metadata.namespace_ = set.metadata.namespace_;
  pod.metadata.labels = source.pod_template.metadata.labels;
  pod.metadata.annotations = source.pod_template.metadata.annotations;
  pod.metadata.finalizers = source.pod_template.metadata.finalizers;
  pod.metadata.ownerReferences.push_back(control::controller_reference(set));
  pod.metadata.labels[std::string(control::kRevisionLabel)] = source.revision;
  pod.spec = source.pod_template.spec;
  pod.spec.hostname = pod.metadata.name;
  pod.spec.subdomain = set.spec.serviceName;
  put_claims(set, ordinal, pod);
  return with_identity(pod, ordinal);
}

Pod with_identity(const Pod& pod, std::int64_t ordinal) {
  Pod known = pod;
  known.metadata.labels[std::string(kPodNameLabel)] = pod.metadata.name;
  known.metadata.labels[std::string(kPodIndexLabel)] = std::to_string(ordinal);
  return known;
}

}  // namespace charon::controllers::statefulset
