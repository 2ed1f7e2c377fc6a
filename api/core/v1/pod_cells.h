// The row of a pod in `kubectl get pods`: Ready, Status, Restarts, IP, Node, Nominated Node, Readiness Gates
// (Kubernetes' pkg/printers/internalversion, printPod).
#pragma once

#include "base/time.h"
#include "codec/value.h"

namespace charon::core::v1 {

void pod_cells(const codec::Value& pod, Time now, codec::Array& cells);

}  // namespace charon::core::v1
