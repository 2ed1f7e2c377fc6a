// What must be true of a cluster that was left alone for long enough, with all nodes up and no faults.
//
// Looks only at the store. The texts of `unfinished` say what is not (yet) as it should be; a cluster that still has some when
// its time is over has failed. `overcommitted` must hold at any time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "client/informer.h"
#include "sim/checkers/truth.h"

namespace charon::sim {

//   Deployments   have exactly their replicas, updated and ready, in the status and in pods; older replica sets are empty
//   StatefulSets  have exactly the pods of their ordinals, of one revision, in the status and in truth
//   DaemonSets    have one updated pod on each node, in the status and in truth
//   ownership     no ReplicaSet, Pod or EndpointSlice whose owner is gone
//   pods          on a node that exists, ready, not terminating
//   nodes         ready, without taints
//   namespaces    none terminating, none gone with content left; each has its ServiceAccount and root certificate
//   services      their slices list exactly the ready pods
std::vector<std::string> unfinished(const Truth& truth);

// Nodes with more pods or requested cpu than they have.
std::vector<std::string> overcommitted(const Truth& truth);

// What a cache that was fed by list and watch shows differently from the store; `selected` tells which objects belong in it.
std::vector<std::string> differences(const Truth& truth, const client::Informer& informer, const std::string& who,
                                     const std::function<bool(const model::Document&)>& selected);

}  // namespace charon::sim
