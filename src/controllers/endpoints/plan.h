// Endpoints: the EndpointSlices and the older Endpoints object of each Service with a selector, from the pods that it selects.
//
// Slices hold at most kSliceSize endpoints, of pods with the same numbers for the service's ports. Slice names follow from the
// service, so a slice is changed in place. Zones and topology hints are not set.
// Source: k8s.io/kubernetes pkg/controller/endpointslice and pkg/controller/endpoint, KEP-752.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "api/core/v1/types.h"
#include "api/discovery/v1/types.h"
#include "control/plan.h"

namespace charon::controllers::endpoints {

inline constexpr std::size_t kSliceSize = 100;
inline constexpr std::string_view kServiceLabel = "kubernetes.io/service-name";
inline constexpr std::string_view kManagedBy = "endpointslice.kubernetes.io/managed-by";
inline constexpr std::string_view kManager = "endpointslice-controller.k8s.io";

struct State {
  std::shared_ptr<const core::v1::Service> service;
  std::vector<std::shared_ptr<const core::v1::Pod>> pods;                   // that it selects, by name
  std::vector<std::shared_ptr<const discovery::v1::EndpointSlice>> slices;  // of this service, made here
  std::shared_ptr<const core::v1::Endpoints> endpoints;                     // null when there is none
};

control::Plan plan_endpoints(const State& state);

}  // namespace charon::controllers::endpoints
