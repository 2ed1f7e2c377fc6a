// Namespace: empties a namespace that is being deleted, then lets it go.
//
// Source: k8s.io/kubernetes pkg/controller/namespace/deletion.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/core/v1/types.h"
#include "base/result.h"
#include "base/time.h"
#include "control/plan.h"
#include "model/document.h"
#include "model/kind.h"

namespace charon::controllers::namespaces {

struct State {
  std::shared_ptr<const core::v1::Namespace> space;
  std::vector<model::DocumentPtr> content;  // all objects in it, as far as the caches know
  std::vector<model::KindRef> kinds;        // all kinds that objects in it may have
  std::vector<std::string> unavailable;     // group versions of aggregated servers that cannot be asked: "example.com/v1"
  std::optional<Error> failure;             // of the plan before
};

control::Plan plan_namespace(const State& state, Time now);

}  // namespace charon::controllers::namespaces
