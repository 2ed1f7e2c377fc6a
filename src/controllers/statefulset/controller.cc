#include "controllers/statefulset/controller.h"

#include <algorithm>

#include "control/ownership.h"
#include "controllers/statefulset/plan.h"
#include "model/selector.h"

namespace charon::controllers::statefulset {
namespace {

using apps::v1::ControllerRevision;
using apps::v1::StatefulSet;
using core::v1::PersistentVolumeClaim;
using core::v1::Pod;

void keys_of_orphan(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  if (!change.now || control::controller_of(change.now->as<Pod>()->metadata) != nullptr) return;
  for (const auto& set : view.list<StatefulSet>(change.now->key().ns)) {
    const auto selector = model::LabelSelector::of(set->spec.selector);
    if (selector && !selector->empty() && selector->matches(change.now->labels()))
      keys.push_back({{set->metadata.namespace_, set->metadata.name}});
  }
}

// A pod waits for the claim of the pod before it to go.
void keys_of_gone_claim(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  if (change.now) return;
  const model::ObjectKey& claim = change.before->key();
  for (const auto& set : view.list<StatefulSet>(claim.ns)) {
    const bool its = std::ranges::any_of(set->spec.volumeClaimTemplates, [&](const PersistentVolumeClaim& from) {
      return claim.name.starts_with(from.metadata.name + "-" + set->metadata.name + "-");
    });
    if (its) keys.push_back({{set->metadata.namespace_, set->metadata.name}});
  }
}

}  // namespace

std::vector<control::Watch> StatefulSetController::watches() const {
  return {control::watch_self<StatefulSet>(), control::watch_controlled<Pod, StatefulSet>(),
          control::watch_controlled<ControllerRevision, StatefulSet>(), control::Watch{&client::kind_of<Pod>(), keys_of_orphan},
          control::Watch{&client::kind_of<PersistentVolumeClaim>(), keys_of_gone_claim}};
}

std::vector<control::Index> StatefulSetController::indexes() const {
  return {{&client::kind_of<Pod>(), std::string(control::kOrphanIndex), control::orphan_namespace},
          {&client::kind_of<ControllerRevision>(), std::string(control::kOrphanIndex), control::orphan_namespace}};
}

control::Plan StatefulSetController::reconcile(const control::Request& request, const control::View& view, Time now) const {
  State state;
  state.set = view.get<StatefulSet>(request.key.object);
  if (!state.set) return {};
  const std::string& ns = request.key.object.ns;
  state.pods = view.owned_by<Pod>(state.set->metadata.uid);
  for (auto& pod : view.by<Pod>(control::kOrphanIndex, ns)) state.pods.push_back(std::move(pod));
  state.revisions = view.owned_by<ControllerRevision>(state.set->metadata.uid);
  for (auto& revision : view.by<ControllerRevision>(control::kOrphanIndex, ns)) state.revisions.push_back(std::move(revision));
  if (!state.set->spec.volumeClaimTemplates.empty())
    for (auto& claim : view.list<PersistentVolumeClaim>(ns)) state.claims[claim->metadata.name] = std::move(claim);
  state.failure = request.failure;
  return plan_stateful_set(state, now);
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) {
  return std::make_unique<StatefulSetController>();
}

}  // namespace charon::controllers::statefulset
