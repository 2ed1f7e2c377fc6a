// The taint eviction controller: gathers the state for plan.h. Keys are nodes.
#pragma once

#include <memory>

#include "control/controller.h"

namespace charon::controllers::tainteviction {

class TaintEvictionController final : public control::Controller {
 public:
  std::string_view name() const override { return "taint-eviction-controller"; }
  std::string queue_name() const override { return "noexec_taint_node"; }
  std::vector<control::Watch> watches() const override;
  std::vector<control::Index> indexes() const override;
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;
};

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::tainteviction
