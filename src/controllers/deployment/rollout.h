// The arithmetic of rollouts: how many pods may be added or missing, and how replica sets share a change of size.
//
// Source: k8s.io/kubernetes pkg/controller/deployment/util.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/apps/v1/types.h"

namespace charon::controllers::deployment {

using apps::v1::Deployment;
using apps::v1::ReplicaSet;

inline constexpr std::string_view kHashLabel = "pod-template-hash";
inline constexpr std::string_view kRevision = "deployment.kubernetes.io/revision";
inline constexpr std::string_view kRevisionHistory = "deployment.kubernetes.io/revision-history";
inline constexpr std::string_view kDesiredReplicas = "deployment.kubernetes.io/desired-replicas";
inline constexpr std::string_view kMaxReplicas = "deployment.kubernetes.io/max-replicas";

std::int32_t replicas_of(const Deployment& deployment);
std::int32_t replicas_of(const ReplicaSet& set);
bool is_rolling(const Deployment& deployment);
bool has_progress_deadline(const Deployment& deployment);

// Both 0 unless rolling. Percentages of the wanted replicas, surge rounded up, unavailable down; never both 0.
std::int32_t max_surge(const Deployment& deployment);
std::int32_t max_unavailable(const Deployment& deployment);

// The revision annotation; 0 when absent or no number.
std::int64_t revision_of(const ReplicaSet& set);

// A name suffix and label value that depends on the template and on how often its hash collided.
std::string template_hash(const core::v1::PodTemplateSpec& pod_template, std::int32_t collisions);
// Equal but for the hash label.
bool same_template(const core::v1::PodTemplateSpec& left, const core::v1::PodTemplateSpec& right);

// How many of `to_add` replicas (negative: to remove) fall to `set`, when `added` have been given out already.
std::int32_t proportion(const ReplicaSet& set, const Deployment& deployment, std::int32_t to_add, std::int32_t added);

// Sets the annotations that say for which size of the deployment the set was scaled.
void annotate_size(ReplicaSet& set, const Deployment& deployment);
// Copies the deployment's annotations (without the controller's own and kubectl's last-applied) and raises the revision to
// `revision`, keeping the one before in the history.
void annotate_revision(ReplicaSet& set, const Deployment& deployment, std::int64_t revision);

// Oldest first, then by name.
void sort_by_age(std::vector<ReplicaSet*>& sets);

}  // namespace charon::controllers::deployment
