// Kinds that are two views of one stored object: core/v1 and events.k8s.io/v1 Event, autoscaling/v1 and v2
// HorizontalPodAutoscaler; and the versions of a custom resource (server/crd). The object is stored as one of them; the others
// are made from it when they are read.
#pragma once

#include <functional>

#include "codec/value.h"
#include "model/kind.h"

namespace charon::model {

struct StorageForm {
  const Kind* stored = nullptr;  // the kind by whose table it is written, and whose key it has
  // Between trees of the two kinds, with apiVersion and kind. Nothing is lost on the way there and back: what the other kind
  // has no field for goes into annotations (autoscaling.alpha.kubernetes.io/...).
  std::function<codec::Value(const codec::Value& view)> to_stored;
  std::function<codec::Value(const codec::Value& stored)> from_stored;
};

// Null for a kind that is stored as itself.
const StorageForm* storage_form(const Kind& kind);

}  // namespace charon::model
