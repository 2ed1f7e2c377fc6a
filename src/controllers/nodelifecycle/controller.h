// The node lifecycle controller: gathers the state for plan.h. Keys are nodes.
#pragma once

#include <memory>

#include "control/controller.h"
#include "controllers/nodelifecycle/plan.h"

namespace charon::controllers::nodelifecycle {

class NodeLifecycleController final : public control::Controller {
 public:
  explicit NodeLifecycleController(Periods periods = {}) : periods_(periods) {}
  std::string_view name() const override { return "node-controller"; }
  std::string queue_name() const override { return "node_lifecycle_controller"; }
  // One after the other, so that two nodes of a zone are not given up at once.
  int workers() const override { return 1; }
  std::vector<control::Watch> watches() const override;
  std::vector<control::Index> indexes() const override;
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;

 private:
  Periods periods_;
};

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::nodelifecycle
