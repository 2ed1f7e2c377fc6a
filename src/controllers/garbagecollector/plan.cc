#include "controllers/garbagecollector/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/tree.h"

namespace charon::controllers::garbagecollector {
namespace {

using control::Plan;
using Standing = Owner::Standing;

constexpr std::string_view kForeground = "foregroundDeletion";
constexpr std::string_view kOrphan = "orphan";

enum Stage : int { kCheck, kAct, kRelease };

bool has_finalizer(const meta::v1::ObjectMeta& metadata, std::string_view finalizer) {
  return std::ranges::find(metadata.finalizers, finalizer) != metadata.finalizers.end();
}

// Lists that merge patches replace as a whole are guarded by the version that was read.
codec::Object guarded(const model::Document& document) {
  return {{"uid", document.uid()}, {"resourceVersion", std::to_string(document.revision())}};
}

codec::Object tree_of(const meta::v1::OwnerReference& reference) {
  codec::Object tree{
      {"apiVersion", reference.apiVersion}, {"kind", reference.kind}, {"name", reference.name}, {"uid", reference.uid}};
  if (reference.controller) tree["controller"] = *reference.controller;
  if (reference.blockOwnerDeletion) tree["blockOwnerDeletion"] = *reference.blockOwnerDeletion;
  return tree;
}

void write_references(const Dependent& dependent, codec::Array references, Plan& plan) {
  codec::Object metadata = guarded(*dependent.document);
  metadata["ownerReferences"] = std::move(references);
  control::Write& write = plan.patch(dependent.document->kind(), dependent.document->key(), client::PatchType::Merge,
                                     codec::Object{{"metadata", std::move(metadata)}});
  write.missing_is_fine = true;
  write.stage = kAct;
}

void drop_references(const Dependent& dependent, const std::vector<std::string>& uids, Plan& plan) {
  codec::Array kept;
  for (const meta::v1::OwnerReference& reference : dependent.metadata.ownerReferences)
    if (std::ranges::find(uids, reference.uid) == uids.end()) kept.push_back(tree_of(reference));
  write_references(dependent, std::move(kept), plan);
}

// No owner waits for the object any more.
void unblock_owners(const Dependent& object, Plan& plan) {
  codec::Array changed;
  for (const meta::v1::OwnerReference& reference : object.metadata.ownerReferences) {
    codec::Object tree = tree_of(reference);
    tree["blockOwnerDeletion"] = false;
    changed.push_back(std::move(tree));
  }
  write_references(object, std::move(changed), plan);
}

void drop_finalizer(const State& state, std::string_view finalizer, Plan& plan) {
  codec::Array kept;
  for (const std::string& name : state.metadata.finalizers)
    if (name != finalizer) kept.emplace_back(name);
  codec::Object metadata = guarded(*state.object);
  metadata["finalizers"] = std::move(kept);
  control::Write& write = plan.patch(state.object->kind(), state.object->key(), client::PatchType::Merge,
                                     codec::Object{{"metadata", std::move(metadata)}});
  write.missing_is_fine = true;
  write.stage = kRelease;
}

void orphan_dependents(const State& state, Plan& plan) {
  for (const Dependent& dependent : state.dependents) drop_references(dependent, {state.metadata.uid}, plan);
  drop_finalizer(state, kOrphan, plan);
}

// Asks each dependent's own reconcile to delete it; here only the wait ends.
void wait_for_dependents(const State& state, Plan& plan) {
  const bool blocked = std::ranges::any_of(state.dependents, [&](const Dependent& dependent) {
    if (dependent.metadata.uid == state.metadata.uid) return false;  // its own owner
    return std::ranges::any_of(dependent.metadata.ownerReferences, [&](const meta::v1::OwnerReference& reference) {
      return reference.uid == state.metadata.uid && reference.blockOwnerDeletion.value_or(false);
    });
  });
  if (!blocked) drop_finalizer(state, kForeground, plan);
}

client::Propagation propagation_of(const State& state, bool foreground) {
  if (has_finalizer(state.metadata, kOrphan)) return client::Propagation::Orphan;
  if (has_finalizer(state.metadata, kForeground) || foreground) return client::Propagation::Foreground;
  return client::Propagation::Background;
}

bool waits_for_dependents(const Dependent& dependent) {
  return dependent.metadata.deletionTimestamp && has_finalizer(dependent.metadata, kForeground);
}

// A reference into another namespace leads to nobody; whoever wrote it should know why the object goes.
void tell_of_foreign_owners(const State& state, Plan& plan) {
  const model::Kind& kind = state.object->kind();
  const std::string& ns = state.metadata.namespace_;
  for (const Owner& owner : state.owners) {
    if (!owner.elsewhere) continue;
    const meta::v1::OwnerReference& reference = owner.reference;
    plan.events.push_back({{kind.gv.text(), std::string(kind.kind), ns, state.metadata.name, state.metadata.uid, "", ""},
                           control::EventSeverity::Warning,
                           "OwnerRefInvalidNamespace",
                           fmt::format("ownerRef [{}/{}, namespace: {}, name: {}, uid: {}] does not exist in namespace \"{}\"",
                                       reference.apiVersion, reference.kind, ns, reference.name, reference.uid, ns)});
  }
}

void judge_owners(const State& state, Plan& plan) {
  std::vector<std::string> lost;
  bool held = false;
  bool waited_for = false;
  for (const Owner& owner : state.owners) {
    held = held || owner.standing == Standing::Present || owner.standing == Standing::Unknown;
    waited_for = waited_for || owner.standing == Standing::DeletingForeground;
    if (owner.standing == Standing::Absent || owner.standing == Standing::DeletingForeground)
      lost.push_back(owner.reference.uid);
  }
  if (lost.empty()) return;
  tell_of_foreign_owners(state, plan);
  // The caches of two kinds are not of one moment: an owner may only not have been seen yet.
  for (const Owner& owner : state.owners) {
    if (owner.standing != Standing::Absent) continue;
    plan.expect_gone(*owner.kind, {owner.kind->namespaced ? state.metadata.namespace_ : "", owner.reference.name},
                     owner.reference.uid)
        .stage = kCheck;
  }
  if (held) return drop_references({state.object, state.metadata}, lost, plan);
  const bool waits = waited_for && !state.dependents.empty();
  const bool unblocks = waits && std::ranges::any_of(state.dependents, waits_for_dependents);
  if (unblocks) unblock_owners({state.object, state.metadata}, plan);
  control::Write& write = plan.remove(state.object->kind(), state.object->key(), state.metadata.uid);
  write.delete_options.propagation = propagation_of(state, waits);
  // As it was judged: it may have got another owner, or lost this one, since the cache saw it.
  if (!unblocks) write.delete_options.resource_version = std::to_string(state.object->revision());
  write.stage = kRelease;
}

}  // namespace

Plan plan_collection(const State& state) {
  Plan plan;
  if (state.metadata.deletionTimestamp) {
    if (has_finalizer(state.metadata, kOrphan)) {
      orphan_dependents(state, plan);
    } else if (has_finalizer(state.metadata, kForeground)) {
      wait_for_dependents(state, plan);
    }
    return plan;
  }
  judge_owners(state, plan);
  return plan;
}

}  // namespace charon::controllers::garbagecollector
