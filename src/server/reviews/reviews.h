// The reviews: resources that answer a question at once and store nothing.
//
// authentication.k8s.io: TokenReview, SelfSubjectReview, and serviceaccounts/token (TokenRequest).
// authorization.k8s.io: SubjectAccessReview, LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview.
#pragma once

#include "server/api.h"
#include "server/authn/service_account/service_account.h"
#include "server/authn/token/token.h"
#include "server/authz/authorizer.h"

namespace charon::server {

// All must outlive `api`.
void add_authentication_reviews(Api& api, const TokenAuthenticator& tokens, ServiceAccountTokens& service_accounts);
void add_authorization_reviews(Api& api, const Authorizer& authorizer);

}  // namespace charon::server
