// The status of a deployment: counts, and the conditions Available, Progressing and ReplicaFailure.
//
// Source: k8s.io/kubernetes pkg/controller/deployment (progress.go, sync.go).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/apps/v1/types.h"
#include "base/time.h"
#include "rt/loop.h"

namespace charon::controllers::deployment {

using apps::v1::Deployment;
using apps::v1::DeploymentCondition;
using apps::v1::DeploymentStatus;
using apps::v1::ReplicaSet;

// Null when there is none of the type.
const DeploymentCondition* condition_of(const DeploymentStatus& status, std::string_view type);
// Kept as it is when status and reason do not change; lastTransitionTime changes only with the status.
void set_condition(DeploymentStatus& status, DeploymentCondition condition);
void remove_condition(DeploymentStatus& status, std::string_view type);
DeploymentCondition make_condition(std::string_view type, std::string_view status, std::string_view reason, std::string message,
                                   Time now);

// Counts and Available, from the deployment's sets; `newest` (one of them) may be null.
DeploymentStatus count(const Deployment& deployment, const std::vector<ReplicaSet*>& sets, const ReplicaSet* newest, Time now);
// The same with Progressing and ReplicaFailure, during a rollout.
DeploymentStatus follow_rollout(const Deployment& deployment, const std::vector<ReplicaSet*>& sets, const ReplicaSet* newest,
                                Time now);

// All replicas are of the newest template and available, and no other pod is left.
bool is_complete(const Deployment& deployment, const DeploymentStatus& status);
// When to look whether the progress deadline has passed.
std::optional<rt::Duration> until_deadline(const Deployment& deployment, const DeploymentStatus& status, Time now);

}  // namespace charon::controllers::deployment
