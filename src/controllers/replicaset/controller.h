// The ReplicaSet controller: gathers the state for plan.h.
#pragma once

#include "control/controller.h"

namespace charon::controllers::replicaset {

class ReplicaSetController final : public control::Controller {
 public:
  std::string_view name() const override { return "replicaset-controller"; }
  std::vector<control::Watch> watches() const override;
  std::vector<control::Index> indexes() const override;
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;
};

}  // namespace charon::controllers::replicaset
