#include "controllers/csrsigning/controller.h"

#include "controllers/csrsigning/plan.h"

namespace charon::controllers::csrsigning {
namespace {

using certificates::v1::CertificateSigningRequest;

class CsrSigningController final : public control::Controller {
 public:
  explicit CsrSigningController(x509::Issuer authority) : authority_(std::move(authority)) {}
  std::string_view name() const override { return "csrsigning"; }
  std::vector<control::Watch> watches() const override { return {control::watch_self<CertificateSigningRequest>()}; }
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override {
    auto found = view.get<CertificateSigningRequest>(request.key.object);
    return found ? plan_signing(*found, authority_, now) : control::Plan();
  }

 private:
  x509::Issuer authority_;
};

}  // namespace

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings) {
  return std::make_unique<CsrSigningController>(x509::Issuer{settings.cluster_ca_pem, settings.cluster_ca_key_pem});
}

}  // namespace charon::controllers::csrsigning
