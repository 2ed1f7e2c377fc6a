// The service account controller: gathers the state for plan.h. Keys are namespaces.
#pragma once

#include <string>

#include "control/controller.h"

namespace charon::controllers::serviceaccount {

class ServiceAccountController final : public control::Controller {
 public:
  explicit ServiceAccountController(std::string ca_pem) : ca_pem_(std::move(ca_pem)) {}
  std::string_view name() const override { return "serviceaccount-controller"; }
  std::vector<control::Watch> watches() const override;
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;

 private:
  std::string ca_pem_;
};

}  // namespace charon::controllers::serviceaccount
