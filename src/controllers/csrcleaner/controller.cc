#include "controllers/csrcleaner/controller.h"

#include "controllers/csrcleaner/plan.h"

namespace charon::controllers::csrcleaner {
namespace {

using certificates::v1::CertificateSigningRequest;

class CsrCleanerController final : public control::Controller {
 public:
  std::string_view name() const override { return "csrcleaner"; }
  std::vector<control::Watch> watches() const override { return {control::watch_self<CertificateSigningRequest>()}; }
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override {
    auto found = view.get<CertificateSigningRequest>(request.key.object);
    return found ? plan_cleaning(*found, now) : control::Plan();
  }
};

}  // namespace

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) {
  return std::make_unique<CsrCleanerController>();
}

}  // namespace charon::controllers::csrcleaner
