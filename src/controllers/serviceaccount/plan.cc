#include "controllers/serviceaccount/plan.h"

namespace charon::controllers::serviceaccount {
namespace {

constexpr std::string_view kAccount = "default";
constexpr std::string_view kConfigMap = "kube-root-ca.crt";
constexpr std::string_view kDataKey = "ca.crt";

}  // namespace

control::Plan plan_namespace_identity(const State& state, const std::string& ca_pem) {
  control::Plan plan;
  if (state.space->metadata.deletionTimestamp || state.space->status.phase == "Terminating") return plan;
  const std::string& ns = state.space->metadata.name;
  if (!state.default_account) {
    core::v1::ServiceAccount account;
    account.metadata.name = kAccount;
    account.metadata.namespace_ = ns;
    plan.create(account).exists_is_fine = true;
  }
  core::v1::ConfigMap wanted;
  wanted.metadata.name = kConfigMap;
  wanted.metadata.namespace_ = ns;
  wanted.data[std::string(kDataKey)] = ca_pem;
  if (!state.root_ca) {
    plan.create(wanted).exists_is_fine = true;
  } else if (state.root_ca->data != wanted.data) {
    core::v1::ConfigMap updated = *state.root_ca;
    updated.data = wanted.data;
    plan.update(updated).missing_is_fine = true;
  }
  return plan;
}

}  // namespace charon::controllers::serviceaccount
