// What one object uses of the ResourceQuotas of its namespace, and which of them it concerns. Pure.
//
// Source: Kubernetes' pkg/quota/v1/evaluator/core and the quota documentation. Used by admission, which charges new objects,
// and by the quota controller, which adds all up.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/v1/types.h"
#include "base/time.h"
#include "model/pod_resources.h"

namespace charon::model {

// An object as quotas see it: pods, services and claims by what they say, others by their number.
struct QuotaObject {
  std::string resource;  // "pods", "deployments.apps"
  std::shared_ptr<const core::v1::Pod> pod;
  std::shared_ptr<const core::v1::Service> service;
  std::shared_ptr<const core::v1::PersistentVolumeClaim> claim;
};

// By the names that quotas bound: "pods", "requests.cpu", "count/deployments.apps",
// "gold.storageclass.storage.k8s.io/requests.storage". A pod that has ended, or whose grace is over at `now`, counts as an
// object only.
ResourceList quota_usage(const QuotaObject& object, Time now);

// Whether objects of this resource use what the quota calls `name`.
bool quota_counts(std::string_view resource, std::string_view name);

// All scopes and scope selectors hold for the object.
bool in_quota_scope(const core::v1::ResourceQuotaSpec& quota, const QuotaObject& object);

// A pod whose cpu or memory is bounded must say how much it needs: "must specify limits.cpu for: c; requests.memory for: c,d".
// Empty when it does.
std::string unsaid_amounts(const std::vector<std::string>& bounded, const QuotaObject& object);

}  // namespace charon::model
