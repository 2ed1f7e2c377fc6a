// Garbage collection by owner references: objects go when all their owners are gone.
//
//   background   (default) the owner goes at once, its dependents after it
//   foreground   the owner stays, with the finalizer foregroundDeletion, until the dependents that block it are gone
//   orphan       the owner stays, with the finalizer orphan, until no dependent refers to it any more; these live on
//
// Owners that own each other are no reason to wait: one of a circle that is asked to wait lets the one before it go.
//
// Source: k8s.io/kubernetes pkg/controller/garbagecollector; documentation "Garbage Collection".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/meta/v1/types.h"
#include "control/plan.h"
#include "model/document.h"
#include "model/kind.h"

namespace charon::controllers::garbagecollector {

// What an owner reference points at, as the caches know it.
struct Owner {
  enum class Standing : unsigned char {
    Present,
    DeletingForeground,  // waits for its dependents
    Absent,              // no such object, or one with another uid
    Unknown              // its kind is not served here: never a reason to delete
  };
  meta::v1::OwnerReference reference;
  Standing standing = Standing::Unknown;
  model::KindRef kind;  // null when unknown
  // An absent one that is in another namespace, where it cannot own this.
  bool elsewhere = false;
};

struct Dependent {
  model::DocumentPtr document;
  meta::v1::ObjectMeta metadata;  // control::deletion_metadata of it
};

struct State {
  model::DocumentPtr object;
  meta::v1::ObjectMeta metadata;      // control::deletion_metadata of it
  std::vector<Owner> owners;          // in the order of its ownerReferences
  std::vector<Dependent> dependents;  // objects of any kind that refer to it
};

control::Plan plan_collection(const State& state);

}  // namespace charon::controllers::garbagecollector
