// The namespace controller: gathers the state for plan.h.
#pragma once

#include "control/controller.h"

namespace charon::controllers::namespaces {

class NamespaceController final : public control::Controller {
 public:
  NamespaceController();
  std::string_view name() const override { return "namespace-controller"; }
  std::vector<control::Watch> watches() const override;
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;

 private:
  std::vector<const model::Kind*> kinds_;  // namespaced and deletable
};

}  // namespace charon::controllers::namespaces
