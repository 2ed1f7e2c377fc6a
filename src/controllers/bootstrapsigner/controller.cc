#include "controllers/bootstrapsigner/controller.h"

#include "controllers/bootstrapsigner/plan.h"

namespace charon::controllers::bootstrapsigner {
namespace {

using core::v1::ConfigMap;
using core::v1::Namespace;
using core::v1::Secret;

const model::ObjectKey kClusterInfo{"kube-public", "cluster-info"};
constexpr std::string_view kTokenNamespace = "kube-system";

class BootstrapSigner final : public control::Controller {
 public:
  explicit BootstrapSigner(ClusterAddress address) : address_(std::move(address)) {}
  std::string_view name() const override { return "bootstrap-signer"; }
  std::string queue_name() const override { return "bootstrap_signer_queue"; }

  std::vector<control::Watch> watches() const override {
    auto when = [](auto concerns) {
      return [concerns](const control::Change& change, const control::View&, std::vector<control::Key>& keys) {
        if (concerns(change.latest()->key())) keys.push_back({kClusterInfo});
      };
    };
    return {{&client::kind_of<ConfigMap>(), when([](const model::ObjectKey& key) { return key == kClusterInfo; })},
            {&client::kind_of<Namespace>(), when([](const model::ObjectKey& key) { return key.name == kClusterInfo.ns; })},
            {&client::kind_of<Secret>(), when([](const model::ObjectKey& key) {
               return key.ns == kTokenNamespace && key.name.starts_with("bootstrap-token-");
             })}};
  }

  control::Plan reconcile(const control::Request&, const control::View& view, Time now) const override {
    if (!view.get<Namespace>({"", kClusterInfo.ns})) return {};
    State state;
    state.cluster_info = view.get<ConfigMap>(kClusterInfo);
    state.token_secrets = view.list<Secret>(kTokenNamespace);
    return plan_cluster_info(state, address_, now);
  }

 private:
  ClusterAddress address_;
};

}  // namespace

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings) {
  return std::make_unique<BootstrapSigner>(ClusterAddress{settings.server_url, settings.cluster_ca_pem});
}

}  // namespace charon::controllers::bootstrapsigner
