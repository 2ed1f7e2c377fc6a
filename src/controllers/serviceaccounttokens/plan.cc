#include "controllers/serviceaccounttokens/plan.h"

#include <boost/json.hpp>
#include <chrono>

#include "codec/json.h"

namespace charon::controllers::serviceaccounttokens {
namespace {

using core::v1::Secret;
using core::v1::ServiceAccount;

std::string annotation(const Secret& secret, std::string_view name) {
  auto found = secret.metadata.annotations.find(name);
  return found == secret.metadata.annotations.end() ? std::string() : found->second;
}

std::string claims_of(const Secret& secret, const ServiceAccount& account) {
  const std::string prefix = "kubernetes.io/serviceaccount/";
  const std::string& ns = secret.metadata.namespace_;
  return codec::write_json(codec::Object{{"iss", "kubernetes/serviceaccount"},
                                         {prefix + "namespace", ns},
                                         {prefix + "secret.name", secret.metadata.name},
                                         {prefix + "service-account.name", account.metadata.name},
                                         {prefix + "service-account.uid", account.metadata.uid},
                                         {"sub", "system:serviceaccount:" + ns + ":" + account.metadata.name}});
}

}  // namespace

control::Plan plan_token_secret(const State& state, const jose::SigningKey& key, const std::string& ca_pem, Time now) {
  control::Plan plan;
  const Secret& secret = *state.secret;
  if (secret.type != kSecretType || annotation(secret, kNameAnnotation).empty() || secret.metadata.deletionTimestamp)
    return plan;
  const std::string uid = annotation(secret, kUidAnnotation);
  if (!state.account || (!uid.empty() && uid != state.account->metadata.uid)) {
    const std::int64_t age = now.seconds - secret.metadata.creationTimestamp.seconds;
    if (age >= kAccountGraceSeconds) {
      plan.remove(secret);
    } else {
      plan.requeue(std::chrono::seconds(kAccountGraceSeconds - age));
    }
    return plan;
  }
  Secret wanted = secret;
  wanted.metadata.annotations[kUidAnnotation] = state.account->metadata.uid;
  if (!ca_pem.empty()) wanted.data["ca.crt"] = ca_pem;
  if (wanted.data["namespace"].empty()) wanted.data["namespace"] = secret.metadata.namespace_;
  if (wanted.data["token"].empty()) {
    auto token = key.sign(claims_of(secret, *state.account));
    if (!token) return plan;
    wanted.data["token"] = *std::move(token);
  }
  if (wanted.data == secret.data && wanted.metadata.annotations == secret.metadata.annotations) return plan;
  plan.update(wanted).missing_is_fine = true;
  return plan;
}

}  // namespace charon::controllers::serviceaccounttokens
