#include "controllers/csrapproving/controller.h"

#include "controllers/csrapproving/plan.h"

namespace charon::controllers::csrapproving {
namespace {

using certificates::v1::CertificateSigningRequest;

class CsrApprovingController final : public control::Controller {
 public:
  std::string_view name() const override { return "csrapproving"; }
  std::vector<control::Watch> watches() const override { return {control::watch_self<CertificateSigningRequest>()}; }
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override {
    auto found = view.get<CertificateSigningRequest>(request.key.object);
    return found ? plan_approval(*found, now) : control::Plan();
  }
};

}  // namespace

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) {
  return std::make_unique<CsrApprovingController>();
}

}  // namespace charon::controllers::csrapproving
