// The persistent volume controller: gathers the state for plan.h. Keys carry the kind of their object, a claim or a volume.
#pragma once

#include <memory>

#include "control/controller.h"

namespace charon::controllers::persistentvolume {

class PersistentVolumeController final : public control::Controller {
 public:
  std::string_view name() const override { return "persistentvolume-controller"; }
  std::string queue_name() const override { return "claims"; }
  std::vector<control::Watch> watches() const override;
  std::vector<control::Index> indexes() const override;
  // Two claims must not be given one volume at once.
  int workers() const override { return 1; }
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;
};

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::persistentvolume
