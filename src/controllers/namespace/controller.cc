#include "controllers/namespace/controller.h"

#include "control/kinds.h"
#include "controllers/namespace/plan.h"

namespace charon::controllers::namespaces {
namespace {

using core::v1::Namespace;

// The end of an object may be the last that a namespace waits for.
void keys_of_gone(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  if (change.now) return;
  const auto space = view.get<Namespace>({"", change.before->key().ns});
  if (space && space->metadata.deletionTimestamp) keys.push_back({{"", space->metadata.name}});
}

}  // namespace

NamespaceController::NamespaceController() {
  for (const model::Kind* kind : control::deletable_kinds())
    if (kind->namespaced) kinds_.push_back(kind);
}

std::vector<control::Watch> NamespaceController::watches() const {
  std::vector<control::Watch> watches{control::watch_self<Namespace>()};
  for (const model::Kind* kind : kinds_) watches.push_back({kind, keys_of_gone});
  return watches;
}

control::Plan NamespaceController::reconcile(const control::Request& request, const control::View& view, Time now) const {
  State state;
  state.space = view.get<Namespace>(request.key.object);
  if (!state.space || !state.space->metadata.deletionTimestamp) return {};
  state.kinds = kinds_;
  for (const model::Kind* kind : kinds_)
    for (auto& document : view.of(*kind).documents(state.space->metadata.name)) state.content.push_back(std::move(document));
  state.failure = request.failure;
  return plan_namespace(state, now);
}

}  // namespace charon::controllers::namespaces
