// The namespace controller: gathers the state for plan.h.
#pragma once

#include <memory>

#include "control/controller.h"

namespace charon::controllers::namespaces {

class NamespaceController final : public control::Controller {
 public:
  // `registry` must outlive it.
  explicit NamespaceController(const model::KindRegistry& registry) : registry_(registry) {}
  std::string_view name() const override { return "namespace-controller"; }
  std::vector<control::Watch> watches() const override;
  const model::KindRegistry* kinds() const override { return &registry_; }
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;

 private:
  const model::KindRegistry& registry_;
};

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::namespaces
