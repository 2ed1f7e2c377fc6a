// VolumeBinder: carries out a VolumePlan before the pod is bound: reserves volumes for claims (spec.claimRef), asks for volumes
// to be made (the selected-node annotation), and waits until the claims say that they are bound.
//
// Binding itself is the persistent volume controller's, making volumes the provisioner's. One loop.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "client/informer.h"
#include "client/transport.h"
#include "rt/loop.h"
#include "rt/task.h"
#include "scheduler/plugins/volume_binding/volume_plan.h"

namespace charon::scheduler {

class VolumeBinder {
 public:
  static constexpr rt::Duration kFirstLook = std::chrono::milliseconds(20);
  static constexpr rt::Duration kLastLook = std::chrono::seconds(1);

  // All must outlive it.
  VolumeBinder(rt::Loop& loop, client::InformerSet& informers, client::Transport& transport)
      : loop_(loop), informers_(informers), transport_(transport) {}

  // Timeout when the claims are not bound in time. Conflict when things have changed so that another node may have to be found:
  // a volume is somebody else's, or the provisioner has given the node up.
  rt::Task<Result<void>> carry_out(VolumePlan plan, std::string node, rt::Duration time_out);

 private:
  rt::Task<Result<void>> reserve(VolumePlan::Match match);
  rt::Task<Result<void>> ask_for(std::string claim, std::string node);
  // Whether all claims of the plan are bound.
  Result<bool> all_bound(const VolumePlan& plan, const std::string& node) const;
  std::shared_ptr<const Claim> claim(const std::string& key) const;

  rt::Loop& loop_;
  client::InformerSet& informers_;
  client::Transport& transport_;
};

}  // namespace charon::scheduler
