// Kinds that are two views of one stored object: core/v1 and events.k8s.io/v1 Event, autoscaling/v1 and v2
// HorizontalPodAutoscaler. The object is stored as one of them; the other is made from it when it is read.
#pragma once

#include "codec/value.h"
#include "model/kind.h"

namespace charon::model {

struct StorageForm {
  const Kind* stored = nullptr;  // the kind that it is stored as
  // Between trees of the two kinds, with apiVersion and kind. Nothing is lost on the way there and back: what the other kind
  // has no field for goes into annotations (autoscaling.alpha.kubernetes.io/...).
  codec::Value (*to_stored)(const codec::Value& view) = nullptr;
  codec::Value (*from_stored)(const codec::Value& stored) = nullptr;
};

// Null for a kind that is stored as itself.
const StorageForm* storage_form(const Kind& kind);

}  // namespace charon::model
