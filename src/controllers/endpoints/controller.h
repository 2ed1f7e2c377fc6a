// The endpoints controller: gathers the state for plan.h. Keys are services.
#pragma once

#include "control/controller.h"

namespace charon::controllers::endpoints {

class EndpointsController final : public control::Controller {
 public:
  std::string_view name() const override { return "endpoint-slice-controller"; }
  std::vector<control::Watch> watches() const override;
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;
};

}  // namespace charon::controllers::endpoints
