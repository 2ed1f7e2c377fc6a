// The node IPAM controller: gathers the state for plan.h. Keys are nodes.
#pragma once

#include <memory>
#include <optional>

#include "control/controller.h"
#include "controllers/nodeipam/ranges.h"

namespace charon::controllers::nodeipam {

class NodeIpamController final : public control::Controller {
 public:
  // Without a range it does nothing: who runs the nodes gives them their addresses.
  explicit NodeIpamController(std::optional<Range> cluster) : cluster_(cluster) {}
  std::string_view name() const override { return "node-ipam-controller"; }
  // One after the other, so that no part is given to two nodes.
  int workers() const override { return 1; }
  std::vector<control::Watch> watches() const override;
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;

 private:
  std::optional<Range> cluster_;
};

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::nodeipam
