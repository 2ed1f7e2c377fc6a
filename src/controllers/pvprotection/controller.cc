#include "controllers/pvprotection/controller.h"

#include "api/core/v1/types.h"
#include "control/finalizers.h"

namespace charon::controllers::pvprotection {
namespace {

using core::v1::PersistentVolume;

class VolumeProtection final : public control::Controller {
 public:
  std::string_view name() const override { return "pv-protection-controller"; }
  std::string queue_name() const override { return "pvprotection"; }
  std::vector<control::Watch> watches() const override { return {control::watch_self<PersistentVolume>()}; }
  control::Plan reconcile(const control::Request& request, const control::View& view, Time) const override {
    auto volume = view.get<PersistentVolume>(request.key.object);
    if (!volume) return {};
    return control::keep_finalizer(*volume, "kubernetes.io/pv-protection", volume->status.phase != "Bound");
  }
};

}  // namespace

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) { return std::make_unique<VolumeProtection>(); }

}  // namespace charon::controllers::pvprotection
