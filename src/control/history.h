// ControllerRevisions: the numbered snapshots of a workload's template, by which it is rolled out and back.
//
// The data of a revision is the strategic merge patch {"spec": {"template": {..., "$patch": "replace"}}}: what Kubernetes'
// controllers store, and what `kubectl rollout undo` sends. A template that was there before takes its old revision again, with
// the next number. Source: k8s.io/kubernetes pkg/controller/history.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "base/result.h"
#include "control/ownership.h"
#include "control/plan.h"

namespace charon::control {

using RevisionPtr = std::shared_ptr<const apps::v1::ControllerRevision>;

// The label of pods that names the revision they were made from.
inline constexpr std::string_view kRevisionLabel = "controller-revision-hash";

// By number, then by age, then by name.
void sort_revisions(std::vector<RevisionPtr>& revisions);

schema::RawJson template_patch(const core::v1::PodTemplateSpec& pod_template);
// The template in a revision's data; absent when there is none, or a malformed one.
std::optional<core::v1::PodTemplateSpec> template_of(const apps::v1::ControllerRevision& revision);

// The workload whose revisions they are.
struct RevisionOwner {
  const meta::v1::ObjectMeta& metadata;
  meta::v1::OwnerReference reference;
  const core::v1::PodTemplateSpec& pod_template;
  std::string_view hash_label;   // of its revisions
  std::int32_t collisions = 0;   // status.collisionCount
  std::optional<Error> failure;  // of its last plan
};

struct UpdateRevision {
  RevisionPtr revision;         // of the template as it is now, perhaps yet to be created
  std::int32_t collisions = 0;  // the new status.collisionCount: names that others had
};

// `revisions`: all that the owner controls, sorted. Adds to the plan the creation of the template's revision, or its new
// number.
UpdateRevision plan_update_revision(const RevisionOwner& owner, const std::vector<RevisionPtr>& revisions, int stage,
                                    Plan& plan);

// Which revisions are not needed for what runs, and how many of these are kept.
struct HistoryLimit {
  std::set<std::string> live;  // names
  std::int32_t kept = 10;
};

// Deletes those that are not live and too many, the lowest numbers first. `revisions`: sorted.
void truncate_history(const std::vector<RevisionPtr>& revisions, const HistoryLimit& limit, int stage, Plan& plan);

}  // namespace charon::control
