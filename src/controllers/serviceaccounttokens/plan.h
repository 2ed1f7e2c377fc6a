// Secrets of type kubernetes.io/service-account-token: filled with a token of the service account that their annotation names,
// the cluster's certificate and the namespace; deleted with the account. Such a token does not expire.
//
// Source: k8s.io/kubernetes pkg/controller/serviceaccount/tokens_controller.go.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/core/v1/types.h"
#include "base/time.h"
#include "control/plan.h"
#include "jose/jws.h"

namespace charon::controllers::serviceaccounttokens {

inline constexpr std::string_view kSecretType = "kubernetes.io/service-account-token";
inline constexpr const char* kNameAnnotation = "kubernetes.io/service-account.name";
inline constexpr const char* kUidAnnotation = "kubernetes.io/service-account.uid";

struct State {
  std::shared_ptr<const core::v1::Secret> secret;
  std::shared_ptr<const core::v1::ServiceAccount> account;  // that the secret's annotation names; null when missing
};

// A secret of a missing account is deleted only when it is older than this: the caches may show it before its account.
inline constexpr std::int64_t kAccountGraceSeconds = 10;

control::Plan plan_token_secret(const State& state, const jose::SigningKey& key, const std::string& ca_pem, Time now);

}  // namespace charon::controllers::serviceaccounttokens
