#include "controllers/endpoints/controller.h"

#include "controllers/endpoints/plan.h"
#include "model/selector.h"

namespace charon::controllers::endpoints {
namespace {

using core::v1::Endpoints;
using core::v1::Pod;
using core::v1::Service;
using discovery::v1::EndpointSlice;

// The services that select the pod, before or after the change.
void keys_of_pod(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  for (const auto& service : view.list<Service>(change.latest()->key().ns)) {
    if (service->spec.selector.empty()) continue;
    const model::LabelSelector selector = model::LabelSelector::of(service->spec.selector);
    if ((change.now && selector.matches(change.now->labels())) || (change.before && selector.matches(change.before->labels())))
      keys.push_back({{service->metadata.namespace_, service->metadata.name}});
  }
}

void keys_of_slice(const control::Change& change, const control::View&, std::vector<control::Key>& keys) {
  for (const auto& [name, value] : change.latest()->labels())
    if (name == kServiceLabel) keys.push_back({{change.latest()->key().ns, value}});
}

// Endpoints that were made here go with their service; slices have it as their owner.
control::Plan remove_endpoints(const Endpoints& endpoints) {
  control::Plan plan;
  const auto place = endpoints.metadata.labels.find("endpoints.kubernetes.io/managed-by");
  if (place != endpoints.metadata.labels.end() && place->second == "endpoint-controller") plan.remove(endpoints);
  return plan;
}

}  // namespace

std::vector<control::Watch> EndpointsController::watches() const {
  return {control::watch_self<Service>(), control::Watch{&client::kind_of<Pod>(), keys_of_pod},
          control::Watch{&client::kind_of<EndpointSlice>(), keys_of_slice}, control::watch_self<Endpoints>()};
}

control::Plan EndpointsController::reconcile(const control::Request& request, const control::View& view, Time) const {
  const model::ObjectKey& key = request.key.object;
  State state;
  state.service = view.get<Service>(key);
  state.endpoints = view.get<Endpoints>(key);
  if (!state.service) return state.endpoints ? remove_endpoints(*state.endpoints) : control::Plan{};
  state.pods = view.list<Pod>(key.ns, model::LabelSelector::of(state.service->spec.selector));
  for (auto& slice : view.owned_by<EndpointSlice>(state.service->metadata.uid)) {
    const auto manager = slice->metadata.labels.find(kManagedBy);
    if (manager != slice->metadata.labels.end() && manager->second == kManager) state.slices.push_back(std::move(slice));
  }
  return plan_endpoints(state);
}

}  // namespace charon::controllers::endpoints
