#include "server/support.h"

#include <algorithm>
#include <array>

namespace charon::server {
namespace {

constexpr std::array<std::string_view, 6> kRefused = {
    "CustomResourceDefinition",     "APIService",
    "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",    "MutatingAdmissionPolicy",
};

constexpr std::array<std::string_view, 12> kStored = {
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "ReplicationController",
    "HorizontalPodAutoscaler",
    "PersistentVolumeClaim",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "Ingress",
    "PodDisruptionBudget",
};

}  // namespace

Support support_of(const model::Kind& kind) {
  if (std::ranges::find(kRefused, kind.kind) != kRefused.end()) return Support::Refused;
  if (std::ranges::find(kStored, kind.kind) != kStored.end()) return Support::Stored;
  return Support::Full;
}

}  // namespace charon::server
