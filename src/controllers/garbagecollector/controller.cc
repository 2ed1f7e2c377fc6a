#include "controllers/garbagecollector/controller.h"

#include <algorithm>

#include "api/core/v1/types.h"
#include "control/kinds.h"
#include "controllers/garbagecollector/plan.h"

namespace charon::controllers::garbagecollector {
namespace {

// Objects refer to their owners in any version; all versions of a resource are watched in one.
const model::Kind* kind_of(const meta::v1::OwnerReference& reference, const model::KindRegistry& registry) {
  const std::size_t slash = reference.apiVersion.find('/');
  const std::string_view text = reference.apiVersion;
  const model::GroupVersion gv = slash == std::string::npos
                                     ? model::GroupVersion{"", text}
                                     : model::GroupVersion{text.substr(0, slash), text.substr(slash + 1)};
  const model::Kind* kind = registry.find_kind(gv, reference.kind);
  return kind == nullptr ? nullptr : &registry.canonical(*kind);
}

control::Key key_of(const model::Document& document) { return {document.key(), &document.kind()}; }

std::vector<model::KindRef> collected_kinds(const model::KindRegistry& registry) {
  std::vector<model::KindRef> kinds = control::deletable_kinds(registry);
  std::erase_if(kinds, [](const model::KindRef& kind) { return kind->kind == "Event" && !kind->custom; });
  return kinds;
}

// Whether an object of another namespace is meant.
bool is_elsewhere(const Owner& owner, const std::string& own_ns, const control::View& view) {
  if (!owner.kind->namespaced) return false;
  return std::ranges::any_of(view.of<core::v1::Namespace>().documents(), [&](const model::DocumentPtr& space) {
    if (space->key().name == own_ns) return false;
    const model::DocumentPtr found = view.of(*owner.kind).document({space->key().name, owner.reference.name});
    return found && found->uid() == owner.reference.uid;
  });
}

Owner judge(const meta::v1::OwnerReference& reference, const model::Document& dependent,
            const std::vector<model::KindRef>& kinds, const model::KindRegistry& registry, const control::View& view) {
  Owner owner{reference, Owner::Standing::Unknown, kind_of(reference, registry)};
  if (!owner.kind || std::ranges::find(kinds, owner.kind) == kinds.end()) return owner;
  // A cluster-scoped object cannot be owned by one of a namespace.
  if (owner.kind->namespaced && dependent.key().ns.empty()) return owner;
  const std::string ns = owner.kind->namespaced ? dependent.key().ns : "";
  const model::DocumentPtr found = view.of(*owner.kind).document({ns, reference.name});
  if (!found || found->uid() != reference.uid) {
    owner.standing = Owner::Standing::Absent;
    owner.elsewhere = is_elsewhere(owner, ns, view);
    return owner;
  }
  owner.standing = Owner::Standing::Present;
  const meta::v1::ObjectMeta metadata = control::deletion_metadata(*found);
  if (metadata.deletionTimestamp && std::ranges::find(metadata.finalizers, "foregroundDeletion") != metadata.finalizers.end())
    owner.standing = Owner::Standing::DeletingForeground;
  return owner;
}

// The references that the object had, and has no more as they were. `metadata`: of its latest state.
std::vector<meta::v1::OwnerReference> lost_references(const control::Change& change, const meta::v1::ObjectMeta& metadata) {
  if (!change.now) return metadata.ownerReferences;
  if (!change.before) return {};
  std::vector<meta::v1::OwnerReference> lost = control::deletion_metadata(*change.before).ownerReferences;
  std::erase_if(lost, [&](const meta::v1::OwnerReference& reference) {
    return std::ranges::find(metadata.ownerReferences, reference) != metadata.ownerReferences.end();
  });
  return lost;
}

}  // namespace

std::vector<control::Watch> GarbageCollector::watches() const {
  const control::KeyMapping map = [this](const control::Change& change, const control::View& view,
                                         std::vector<control::Key>& keys) {
    const meta::v1::ObjectMeta metadata = control::deletion_metadata(*change.latest());
    // Most updates touch nothing that matters here.
    if (change.now && change.before && control::deletion_metadata(*change.before) == metadata) return;
    if (change.now && (!metadata.ownerReferences.empty() || metadata.deletionTimestamp)) keys.push_back(key_of(*change.now));
    // What its owner waits for may be the end of a dependent, or that it does not refer to it any more.
    for (const meta::v1::OwnerReference& reference : lost_references(change, metadata)) {
      const model::Kind* kind = kind_of(reference, registry_);
      if (kind == nullptr || !kind->has_verb("delete")) continue;
      keys.push_back({{kind->namespaced ? change.latest()->key().ns : "", reference.name}, kind});
    }
    // The end of an owner ends its dependents.
    const bool going = !change.now || metadata.deletionTimestamp.has_value();
    if (!going) return;
    for (const model::KindRef& kind : collected_kinds(registry_))
      for (const model::DocumentPtr& dependent : view.of(*kind).documents_owned_by(change.latest()->uid()))
        keys.push_back(key_of(*dependent));
  };
  std::vector<control::Watch> watches;
  for (model::KindRef& kind : collected_kinds(registry_)) watches.push_back({std::move(kind), map});
  return watches;
}

control::Plan GarbageCollector::reconcile(const control::Request& request, const control::View& view, Time) const {
  const std::vector<model::KindRef> kinds = collected_kinds(registry_);
  if (std::ranges::find(kinds, request.key.kind) == kinds.end()) return {};  // its definition is gone
  State state;
  state.object = view.of(*request.key.kind).document(request.key.object);
  if (!state.object) return {};
  state.metadata = control::deletion_metadata(*state.object);
  for (const meta::v1::OwnerReference& reference : state.metadata.ownerReferences)
    state.owners.push_back(judge(reference, *state.object, kinds, registry_, view));
  const bool dependents_matter = state.metadata.deletionTimestamp || std::ranges::any_of(state.owners, [](const Owner& owner) {
                                   return owner.standing == Owner::Standing::DeletingForeground;
                                 });
  if (!dependents_matter) return plan_collection(state);
  for (const model::KindRef& kind : kinds)
    for (auto& dependent : view.of(*kind).documents_owned_by(state.object->uid())) {
      meta::v1::ObjectMeta metadata = control::deletion_metadata(*dependent);
      state.dependents.push_back({std::move(dependent), std::move(metadata)});
    }
  return plan_collection(state);
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings) {
  return std::make_unique<GarbageCollector>(*settings.kinds);
}

}  // namespace charon::controllers::garbagecollector
