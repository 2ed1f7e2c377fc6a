// What a job knows of one of its pods: its completion index, its failures so far, when it ended, whether it is still to count.
//
// Source: k8s.io/kubernetes pkg/controller/job (indexed_job_utils, backoff_utils).
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "api/batch/v1/types.h"
#include "api/core/v1/types.h"
#include "base/time.h"

namespace charon::controllers::job {

using PodPtr = std::shared_ptr<const core::v1::Pod>;
using Pods = std::vector<PodPtr>;

// Holds a pod until its job has counted it.
inline constexpr std::string_view kTrackingFinalizer = "batch.kubernetes.io/job-tracking";
inline constexpr std::string_view kIndexAnnotation = "batch.kubernetes.io/job-completion-index";
inline constexpr std::string_view kFailureCountAnnotation = "batch.kubernetes.io/job-index-failure-count";
inline constexpr std::string_view kIgnoredFailureCountAnnotation = "batch.kubernetes.io/job-index-ignored-failure-count";
// What spec.managedBy says of jobs that are this controller's own.
inline constexpr std::string_view kManager = "kubernetes.io/job-controller";

bool is_indexed(const batch::v1::Job& job);
bool is_suspended(const batch::v1::Job& job);
// Another controller takes care of it.
bool is_managed_elsewhere(const batch::v1::Job& job);
// Pods that are being deleted are not replaced before they have ended.
bool replaces_ended_pods_only(const batch::v1::Job& job);

bool is_tracked(const core::v1::Pod& pod);
// Of an indexed job's pod; empty when the annotation is missing or wrong.
std::optional<int> index_of(const core::v1::Pod& pod);
// Failures at its index before it, those that count and those that a policy ignores.
int counted_failures_before(const core::v1::Pod& pod);
int failures_before(const core::v1::Pod& pod);

// Ended in failure. Of most jobs also a pod that is being deleted: it may never get to report its end.
bool has_failed(const core::v1::Pod& pod, const batch::v1::Job& job);
// The end of its last container; else when it ceased to be ready; else when it was deleted; else its creation.
Time end_of(const core::v1::Pod& pod);

// Those whose loss costs least in front: not on a node, pending, not ready, ready for the shortest time, often restarted,
// young.
void sort_for_removal(Pods& pods);

}  // namespace charon::controllers::job
