#include "controllers/serviceaccounttokens/controller.h"

#include "controllers/serviceaccounttokens/plan.h"

namespace charon::controllers::serviceaccounttokens {
namespace {

using core::v1::Secret;
using core::v1::ServiceAccount;

constexpr std::string_view kIndex = "service-account-token";

// "<namespace>/<account>" of a token secret.
std::vector<std::string> account_of(const model::Document& document) {
  auto secret = document.as<Secret>();
  auto name = secret->metadata.annotations.find(kNameAnnotation);
  if (secret->type != kSecretType || name == secret->metadata.annotations.end()) return {};
  return {secret->metadata.namespace_ + "/" + name->second};
}

void keys_of_account(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  for (const auto& secret : view.by<Secret>(kIndex, change.latest()->key().text()))
    keys.push_back({{secret->metadata.namespace_, secret->metadata.name}});
}

class ServiceAccountTokensController final : public control::Controller {
 public:
  ServiceAccountTokensController(std::optional<jose::SigningKey> key, std::string ca_pem)
      : key_(std::move(key)), ca_pem_(std::move(ca_pem)) {}
  std::string_view name() const override { return "serviceaccount-token-controller"; }
  std::string queue_name() const override { return "serviceaccount_tokens_secret"; }
  std::vector<control::Watch> watches() const override {
    return {control::watch_self<Secret>(), {&client::kind_of<ServiceAccount>(), keys_of_account}};
  }
  std::vector<control::Index> indexes() const override {
    return {{&client::kind_of<Secret>(), std::string(kIndex), account_of}};
  }
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override {
    State state;
    state.secret = view.get<Secret>(request.key.object);
    if (!key_ || !state.secret || state.secret->type != kSecretType) return {};
    auto name = state.secret->metadata.annotations.find(kNameAnnotation);
    if (name == state.secret->metadata.annotations.end()) return {};
    state.account = view.get<ServiceAccount>({request.key.object.ns, name->second});
    return plan_token_secret(state, *key_, ca_pem_, now);
  }

 private:
  std::optional<jose::SigningKey> key_;
  std::string ca_pem_;
};

}  // namespace

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings) {
  auto key = jose::SigningKey::from_private_pem(settings.service_account_key_pem);
  return std::make_unique<ServiceAccountTokensController>(key ? std::optional(*std::move(key)) : std::nullopt,
                                                          settings.cluster_ca_pem);
}

}  // namespace charon::controllers::serviceaccounttokens
