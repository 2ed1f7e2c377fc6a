#include "controllers/serviceaccount/controller.h"

#include "controllers/serviceaccount/plan.h"

namespace charon::controllers::serviceaccount {
namespace {

using core::v1::ConfigMap;
using core::v1::Namespace;
using core::v1::ServiceAccount;

control::KeyMapping keys_when_named(std::string name) {
  return [name = std::move(name)](const control::Change& change, const control::View&, std::vector<control::Key>& keys) {
    if (change.latest()->key().name == name) keys.push_back({{"", change.latest()->key().ns}});
  };
}

}  // namespace

std::vector<control::Watch> ServiceAccountController::watches() const {
  return {control::watch_self<Namespace>(), control::Watch{&client::kind_of<ServiceAccount>(), keys_when_named("default")},
          control::Watch{&client::kind_of<ConfigMap>(), keys_when_named("kube-root-ca.crt")}};
}

control::Plan ServiceAccountController::reconcile(const control::Request& request, const control::View& view, Time) const {
  const std::string& ns = request.key.object.name;
  State state;
  state.space = view.get<Namespace>(request.key.object);
  if (!state.space) return {};
  state.default_account = view.get<ServiceAccount>({ns, "default"});
  state.root_ca = view.get<ConfigMap>({ns, "kube-root-ca.crt"});
  return plan_namespace_identity(state, ca_pem_);
}

}  // namespace charon::controllers::serviceaccount
