// Finalizers that a controller keeps on every object of a kind, and takes off when an object may go.
#pragma once

#include <algorithm>
#include <string_view>

#include "control/plan.h"

namespace charon::control {

template <class T>
bool has_finalizer(const T& object, std::string_view finalizer) {
  return std::ranges::find(object.metadata.finalizers, finalizer) != object.metadata.finalizers.end();
}

// `may_go`: nothing needs the object any more. It counts when the object is being deleted.
template <class T>
Plan keep_finalizer(const T& object, std::string_view finalizer, bool may_go) {
  Plan plan;
  bool deleted = object.metadata.deletionTimestamp.has_value();
  bool there = has_finalizer(object, finalizer);
  if (deleted ? !there || !may_go : there) return plan;
  T updated = object;
  if (deleted) {
    std::erase(updated.metadata.finalizers, finalizer);
  } else {
    updated.metadata.finalizers.emplace_back(finalizer);
  }
  plan.update(updated).missing_is_fine = true;
  return plan;
}

}  // namespace charon::control
