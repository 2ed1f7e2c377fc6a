// The pod garbage collector: gathers the state for plan.h. Keys are names of nodes, and one without a name for pods without a
// node.
#pragma once

#include <memory>

#include "control/controller.h"
#include "controllers/podgc/plan.h"

namespace charon::controllers::podgc {

class PodGarbageCollector final : public control::Controller {
 public:
  // `terminated_limit`: ended pods that are kept.
  explicit PodGarbageCollector(std::size_t terminated_limit = kTerminatedLimit) : terminated_limit_(terminated_limit) {}
  std::string_view name() const override { return "pod-garbage-collector-controller"; }
  std::string queue_name() const override { return "orphaned_pods_nodes"; }
  std::vector<control::Watch> watches() const override;
  std::vector<control::Index> indexes() const override;
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;

 private:
  std::size_t terminated_limit_;
};

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::podgc
