// What makes a pod of a StatefulSet that pod and no other: ordinal, name, host name, labels, claims.
//
// Source: k8s.io/kubernetes pkg/controller/statefulset (stateful_set_utils.go).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"

namespace charon::controllers::statefulset {

using apps::v1::StatefulSet;
using core::v1::PersistentVolumeClaim;
using core::v1::Pod;

inline constexpr std::string_view kPodNameLabel = "statefulset.kubernetes.io/pod-name";
inline constexpr std::string_view kPodIndexLabel = "apps.kubernetes.io/pod-index";

// The ordinals that the set wants: from start, and less than end.
std::int64_t start_of(const StatefulSet& set);
std::int64_t end_of(const StatefulSet& set);
inline bool in_range(const StatefulSet& set, std::int64_t ordinal) { return ordinal >= start_of(set) && ordinal < end_of(set); }

// The number in a pod's name "<set>-<number>"; absent when the pod is no member of the set by its name.
std::optional<std::int64_t> ordinal_of(const StatefulSet& set, std::string_view pod_name);
std::string pod_name(const StatefulSet& set, std::int64_t ordinal);

// The revision by which the pod was made; empty when its label is missing.
std::string revision_of(const Pod& pod);

// A pod as the set makes it. `revision`: the name of the revision that `pod_template` is of.
struct PodSource {
  const core::v1::PodTemplateSpec& pod_template;
  const std::string& revision;
};
Pod make_pod(const StatefulSet& set, const PodSource& source, std::int64_t ordinal);

// The pod with the labels that tell who it is; the same when it has them.
Pod with_identity(const Pod& pod, std::int64_t ordinal);

}  // namespace charon::controllers::statefulset
