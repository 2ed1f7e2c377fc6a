#include "controllers/disruption/controller.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "api/apps/v1/types.h"
#include "control/ownership.h"
#include "control/pods.h"
#include "controllers/disruption/plan.h"
#include "model/scale.h"
#include "model/selector.h"

namespace charon::controllers::disruption {
namespace {

using apps::v1::Deployment;
using apps::v1::ReplicaSet;
using core::v1::Pod;
using policy::v1::PodDisruptionBudget;

constexpr std::chrono::seconds kUntilSynced{1};

// The budgets that select the pod, as it is and as it was.
void keys_of_pod(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  for (const auto& budget : view.list<PodDisruptionBudget>(change.latest()->key().ns)) {
    const auto selector = model::LabelSelector::of(budget->spec.selector);
    if (!selector) continue;
    if ((change.now && selector->matches(change.now->labels())) ||
        (change.before && selector->matches(change.before->labels())))
      keys.push_back({{budget->metadata.namespace_, budget->metadata.name}});
  }
  if (change.now && control::pod_condition(*change.now->as<Pod>(), "DisruptionTarget") != nullptr)
    keys.push_back({change.now->key(), &client::kind_of<Pod>()});
}

model::GroupVersion group_version_of(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {"", text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

bool is_of(const meta::v1::OwnerReference& owner, const model::Kind& kind) {
  return owner.kind == kind.kind && group_version_of(owner.apiVersion).group == kind.gv.group;
}

// Who decides how many pods there are: of a ReplicaSet that a Deployment controls, the Deployment.
meta::v1::OwnerReference scaled_owner(const meta::v1::OwnerReference& owner, const control::View& view, const std::string& ns) {
  if (!is_of(owner, client::kind_of<ReplicaSet>())) return owner;
  const auto set = view.get<ReplicaSet>({ns, owner.name});
  if (!set || set->metadata.uid != owner.uid) return owner;
  const meta::v1::OwnerReference* parent = control::controller_of(set->metadata);
  return parent != nullptr && is_of(*parent, client::kind_of<Deployment>()) ? *parent : owner;
}

// nullopt: the owner is not there.
Result<std::optional<Scale>> scale_of_owner(const model::Kind& kind, const meta::v1::OwnerReference& owner,
                                            const control::View& view, const std::string& ns) {
  if (!kind.has_subresource("scale"))
    return fail(Reason::NotFound, kind.group_resource() + " does not implement the scale subresource");
  const model::DocumentPtr document = view.of(kind).document({kind.namespaced ? ns : "", owner.name});
  if (!document || document->uid() != owner.uid) return std::nullopt;
  return Scale{owner.uid, model::replicas_of(model::scale_of(kind, document->tree()))};
}

}  // namespace

std::vector<control::Watch> DisruptionController::watches() const {
  return {control::watch_self<PodDisruptionBudget>(), {&client::kind_of<Pod>(), keys_of_pod}};
}

std::vector<const model::Kind*> DisruptionController::reads() const {
  return {&client::kind_of<ReplicaSet>(), &client::kind_of<Deployment>(), &client::kind_of<apps::v1::StatefulSet>(),
          &client::kind_of<core::v1::ReplicationController>()};
}

control::Plan DisruptionController::reconcile(const control::Request& request, const control::View& view, Time now) const {
  if (request.key.kind) {
    const auto pod = view.get<Pod>(request.key.object);
    return pod ? plan_stale_condition(*pod, now) : control::Plan();
  }
  State state;
  state.budget = view.get<PodDisruptionBudget>(request.key.object);
  if (!state.budget || state.budget->metadata.deletionTimestamp) return {};
  const std::string& ns = request.key.object.ns;
  const auto selector = model::LabelSelector::of(state.budget->spec.selector);
  if (selector) state.pods = view.list<Pod>(ns, *selector);
  for (const auto& pod : state.pods) {
    const meta::v1::OwnerReference* owner = control::controller_of(pod->metadata);
    if (owner == nullptr || state.scales.contains(owner->uid)) continue;
    const meta::v1::OwnerReference scaled = scaled_owner(*owner, view, ns);
    const model::Kind* kind = registry_.find_kind(group_version_of(scaled.apiVersion), scaled.kind);
    if (kind == nullptr) {
      state.scales.emplace(owner->uid, fail(Reason::NotFound, fmt::format("no matches for kind \"{}\" in version \"{}\"",
                                                                          scaled.kind, scaled.apiVersion)));
      continue;
    }
    if (kind->has_subresource("scale") && !view.of(*kind).synced()) {
      control::Plan later;
      later.requeue(kUntilSynced);
      return later;
    }
    Result<std::optional<Scale>> scale = scale_of_owner(*kind, scaled, view, ns);
    if (!scale) {
      state.scales.emplace(owner->uid, fail(std::move(scale.error())));
    } else if (*scale) {
      state.scales.emplace(owner->uid, **scale);
    }
  }
  return plan_budget(state, now);
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings) {
  return std::make_unique<DisruptionController>(*settings.kinds);
}

}  // namespace charon::controllers::disruption
