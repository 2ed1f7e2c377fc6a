#include <algorithm>

#include "api/authentication/v1/types.h"
#include "server/reviews/reviews.h"
#include "server/reviews/typed_review.h"

namespace charon::server {
namespace {

using authentication::v1::SelfSubjectReview;
using authentication::v1::TokenRequest;
using authentication::v1::TokenReview;
using authentication::v1::UserInfo;

constexpr model::GroupVersion kGroup{"authentication.k8s.io", "v1"};

UserInfo user_info(const User& user) {
  UserInfo info;
  info.username = user.name;
  info.uid = user.uid;
  info.groups = user.groups;
  info.extra = user.extra;
  return info;
}

TokenReview review_token(const TokenAuthenticator& tokens, TokenReview review) {
  auto found = tokens.authenticate(review.spec.token, review.spec.audiences);
  review.status = {};
  if (!found || !*found) {
    review.status.error = found ? "" : "invalid bearer token";
    return review;
  }
  review.status.authenticated = true;
  review.status.user = user_info((*found)->user);
  std::vector<std::string>& groups = review.status.user.groups;
  if (std::ranges::find(groups, kAuthenticatedGroup) == groups.end()) groups.emplace_back(kAuthenticatedGroup);
  review.status.audiences = (*found)->audiences;
  return review;
}

}  // namespace

void add_authentication_reviews(Api& api, const TokenAuthenticator& tokens, ServiceAccountTokens& service_accounts) {
  rt::Loop& loop = api.loop();
  api.add_review(*model::find_kind(kGroup, "SelfSubjectReview"), "",
                 typed_review<SelfSubjectReview>(
                     kGroup, [&loop](const Request& request, SelfSubjectReview review) -> Result<SelfSubjectReview> {
                       review.status.userInfo = user_info(request.user);
                       review.metadata.creationTimestamp = loop.clock().wall();
                       return review;
                     }));
  api.add_review(
      *model::find_kind(kGroup, "TokenReview"), "",
      typed_review<TokenReview>(kGroup, [&tokens](const Request& request, TokenReview review) -> Result<TokenReview> {
        if (review.spec.token.empty())
          return fail(bad_request(std::string(request.kind->kind) +
                                  ": spec.token: Required value: token is required for TokenReview in authentication"));
        return review_token(tokens, std::move(review));
      }));
  api.add_review(*model::find_kind({"", "v1"}, "ServiceAccount"), "token",
                 typed_review<TokenRequest>(
                     kGroup, [&service_accounts](const Request& request, TokenRequest wanted) -> Result<TokenRequest> {
                       return service_accounts.request(request.ns, request.name, std::move(wanted));
                     }));
}

}  // namespace charon::server
