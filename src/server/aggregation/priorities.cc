#include "server/aggregation/priorities.h"

namespace charon::server {
namespace {

struct Line {
  std::string_view group;
  std::string_view version;
  ApiPriority priority;
};

// Source: kube-apiserver's API priorities (pkg/controlplane/apiserver and cmd/kube-apiserver).
constexpr Line kLines[] = {
    {"", "v1", {18000, 1}},
    {"apiregistration.k8s.io", "v1", {18000, 10}},
    {"apps", "v1", {17800, 15}},
    {"events.k8s.io", "v1", {17750, 15}},
    {"authentication.k8s.io", "v1", {17700, 15}},
    {"authorization.k8s.io", "v1", {17600, 15}},
    {"autoscaling", "v2", {17500, 30}},
    {"autoscaling", "v1", {17500, 15}},
    {"batch", "v1", {17400, 15}},
    {"certificates.k8s.io", "v1", {17300, 15}},
    {"networking.k8s.io", "v1", {17200, 15}},
    {"policy", "v1", {17100, 15}},
    {"rbac.authorization.k8s.io", "v1", {17000, 15}},
    {"storage.k8s.io", "v1", {16800, 15}},
    {"apiextensions.k8s.io", "v1", {16700, 15}},
    {"admissionregistration.k8s.io", "v1", {16700, 15}},
    {"scheduling.k8s.io", "v1", {16600, 15}},
    {"coordination.k8s.io", "v1", {16500, 15}},
    {"node.k8s.io", "v1", {16300, 15}},
    {"discovery.k8s.io", "v1", {16200, 15}},
    {"resource.k8s.io", "v1", {16200, 15}},
    {"flowcontrol.apiserver.k8s.io", "v1", {16100, 21}},
};
constexpr ApiPriority kOtherBuiltin{16000, 15};
constexpr ApiPriority kCustom{1000, 100};

}  // namespace

ApiPriority local_priority(const model::Kind& kind) {
  if (kind.custom) return kCustom;
  for (const Line& line : kLines)
    if (line.group == kind.gv.group && line.version == kind.gv.version) return line.priority;
  return kOtherBuiltin;
}

}  // namespace charon::server
