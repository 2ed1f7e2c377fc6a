#include <algorithm>

#include "api/authorization/v1/types.h"
#include "schema/validate.h"
#include "server/authz/rbac.h"
#include "server/reviews/reviews.h"
#include "server/reviews/typed_review.h"

namespace charon::server {
namespace {

using authorization::v1::LocalSubjectAccessReview;
using authorization::v1::NonResourceAttributes;
using authorization::v1::ResourceAttributes;
using authorization::v1::SelfSubjectAccessReview;
using authorization::v1::SelfSubjectRulesReview;
using authorization::v1::SubjectAccessReview;
using authorization::v1::SubjectAccessReviewSpec;
using authorization::v1::SubjectAccessReviewStatus;
using schema::FieldError;

constexpr model::GroupVersion kGroup{"authorization.k8s.io", "v1"};

std::unexpected<Error> invalid(std::string_view kind, FieldError error) {
  schema::FieldErrors errors{std::move(error)};
  return fail(schema::invalid_error(kind, kGroup.group, "", errors));
}

template <class Spec>
Result<void> check_one_question(std::string_view kind, const Spec& spec) {
  if (spec.resourceAttributes && spec.nonResourceAttributes)
    return invalid(kind, {FieldError::Kind::Invalid, "spec.nonResourceAttributes", "{}",
                          "cannot be specified in combination with resourceAttributes"});
  if (!spec.resourceAttributes && !spec.nonResourceAttributes)
    return invalid(kind, {FieldError::Kind::Invalid, "spec.resourceAttributes", "null",
                          "exactly one of nonResourceAttributes or resourceAttributes must be specified"});
  return {};
}

// The attributes point into the spec and the user.
template <class Spec>
SubjectAccessReviewStatus decide(const Authorizer& authorizer, const User& user, const Spec& spec) {
  Attributes attributes;
  attributes.user = &user;
  if (spec.resourceAttributes) {
    const ResourceAttributes& asked = *spec.resourceAttributes;
    attributes.verb = asked.verb;
    attributes.group = asked.group;
    attributes.version = asked.version;
    attributes.resource = asked.resource;
    attributes.subresource = asked.subresource;
    attributes.ns = asked.namespace_;
    attributes.name = asked.name;
  } else {
    const NonResourceAttributes& asked = *spec.nonResourceAttributes;
    attributes.resource_request = false;
    attributes.verb = asked.verb;
    attributes.path = asked.path;
  }
  Decision decision = authorizer.authorize(attributes);
  SubjectAccessReviewStatus status;
  status.allowed = decision.allowed;
  status.reason = decision.reason;
  return status;
}

User subject_of(const SubjectAccessReviewSpec& spec) {
  User user;
  user.name = spec.user;
  user.uid = spec.uid;
  user.groups = spec.groups;
  user.extra = spec.extra;
  return user;
}

template <class T>
Result<T> review_subject(const Authorizer& authorizer, T review) {
  TRY(check_one_question(T::table().name, review.spec));
  if (review.spec.user.empty() && review.spec.groups.empty())
    return invalid(T::table().name,
                   {FieldError::Kind::Invalid, "spec.user", "\"\"", "at least one of user or group must be specified"});
  review.status = decide(authorizer, subject_of(review.spec), review.spec);
  return review;
}

SelfSubjectRulesReview list_rules(Caches& caches, const User& user, SelfSubjectRulesReview review) {
  review.status = {};
  for (auto& rule : rbac_rules(caches, user, review.spec.namespace_)) {
    if (rule.nonResourceURLs.empty()) {
      auto& added = review.status.resourceRules.emplace_back();
      added.verbs = std::move(rule.verbs);
      added.apiGroups = std::move(rule.apiGroups);
      added.resources = std::move(rule.resources);
      added.resourceNames = std::move(rule.resourceNames);
    } else {
      auto& added = review.status.nonResourceRules.emplace_back();
      added.verbs = std::move(rule.verbs);
      added.nonResourceURLs = std::move(rule.nonResourceURLs);
    }
  }
  return review;
}

}  // namespace

void add_authorization_reviews(Api& api, const Authorizer& authorizer) {
  Caches& caches = api.caches();
  api.add_review(*model::find_kind(kGroup, "SubjectAccessReview"), "",
                 typed_review<SubjectAccessReview>(kGroup, [&authorizer](const Request&, SubjectAccessReview review) {
                   return review_subject(authorizer, std::move(review));
                 }));
  api.add_review(
      *model::find_kind(kGroup, "LocalSubjectAccessReview"), "",
      typed_review<LocalSubjectAccessReview>(
          kGroup, [&authorizer](const Request& request, LocalSubjectAccessReview review) -> Result<LocalSubjectAccessReview> {
            if (review.spec.resourceAttributes && review.spec.resourceAttributes->namespace_ != request.ns)
              return invalid("LocalSubjectAccessReview",
                             {FieldError::Kind::Invalid, "spec.resourceAttributes.namespace",
                              "\"" + review.spec.resourceAttributes->namespace_ + "\"", "must match metadata.namespace"});
            return review_subject(authorizer, std::move(review));
          }));
  api.add_review(
      *model::find_kind(kGroup, "SelfSubjectAccessReview"), "",
      typed_review<SelfSubjectAccessReview>(
          kGroup, [&authorizer](const Request& request, SelfSubjectAccessReview review) -> Result<SelfSubjectAccessReview> {
            TRY(check_one_question("SelfSubjectAccessReview", review.spec));
            review.status = decide(authorizer, request.user, review.spec);
            return review;
          }));
  api.add_review(
      *model::find_kind(kGroup, "SelfSubjectRulesReview"), "",
      typed_review<SelfSubjectRulesReview>(
          kGroup, [&caches](const Request& request, SelfSubjectRulesReview review) -> Result<SelfSubjectRulesReview> {
            if (review.spec.namespace_.empty()) return fail(bad_request("no namespace on request"));
            return list_rules(caches, request.user, std::move(review));
          }));
}

}  // namespace charon::server
