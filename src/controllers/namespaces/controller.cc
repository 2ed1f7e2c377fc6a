#include "controllers/namespaces/controller.h"

#include <algorithm>
#include <string>

#include "api/apiregistration/v1/types.h"
#include "control/kinds.h"
#include "controllers/namespaces/plan.h"

namespace charon::controllers::namespaces {
namespace {

using apiregistration::v1::APIService;
using core::v1::Namespace;

// The end of an object may be the last that a namespace waits for.
void keys_of_gone(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  if (change.now) return;
  const auto space = view.get<Namespace>({"", change.before->key().ns});
  if (space && space->metadata.deletionTimestamp) keys.push_back({{"", space->metadata.name}});
}

bool is_available(const APIService& service) {
  return std::ranges::any_of(service.status.conditions,
                             [](const auto& condition) { return condition.type == "Available" && condition.status == "True"; });
}

// "example.com/v1" of each aggregated server that cannot be asked.
std::vector<std::string> unavailable_groups(const control::View& view) {
  std::vector<std::string> list;
  for (const auto& service : view.list<APIService>())
    if (service->spec.service && !is_available(*service)) list.push_back(service->spec.group + "/" + service->spec.version);
  return list;
}

// A server that answers again may be what namespaces wait for.
void keys_of_waiting(const control::Change&, const control::View& view, std::vector<control::Key>& keys) {
  for (const auto& space : view.list<Namespace>())
    if (space->metadata.deletionTimestamp) keys.push_back({{"", space->metadata.name}});
}

std::vector<model::KindRef> kinds_within(const model::KindRegistry& registry) {
  std::vector<model::KindRef> kinds = control::deletable_kinds(registry);
  std::erase_if(kinds, [](const model::KindRef& kind) { return !kind->namespaced; });
  return kinds;
}

}  // namespace

std::vector<control::Watch> NamespaceController::watches() const {
  std::vector<control::Watch> watches{control::watch_self<Namespace>(), {&client::kind_of<APIService>(), keys_of_waiting}};
  for (model::KindRef& kind : kinds_within(registry_)) watches.push_back({std::move(kind), keys_of_gone});
  return watches;
}

control::Plan NamespaceController::reconcile(const control::Request& request, const control::View& view, Time now) const {
  State state;
  state.space = view.get<Namespace>(request.key.object);
  if (!state.space || !state.space->metadata.deletionTimestamp) return {};
  state.kinds = kinds_within(registry_);
  for (const model::KindRef& kind : state.kinds)
    for (auto& document : view.of(*kind).documents(state.space->metadata.name)) state.content.push_back(std::move(document));
  state.unavailable = unavailable_groups(view);
  state.failure = request.failure;
  return plan_namespace(state, now);
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings) {
  return std::make_unique<NamespaceController>(*settings.kinds);
}

}  // namespace charon::controllers::namespaces
