#include <optional>
#include <type_traits>

#include "api/authorization/v1/types.h"
#include "api/meta/v1/types.h"
#include "codec/json.h"
#include "schema/convert.h"
#include "schema/validate.h"
#include "server/authz/authorizer.h"
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

template <class Selector>
void check_selector(const schema::Box<Selector>& selector, std::string_view name, schema::FieldErrors& errors) {
  if (!selector) return;
  std::string path = "spec.resourceAttributes." + std::string(name);
  if (!selector->rawSelector.empty() && !selector->requirements.empty())
    errors.push_back({FieldError::Kind::Invalid, path + ".rawSelector", "\"" + selector->rawSelector + "\"",
                      "may not specified at the same time as requirements"});
  if (selector->rawSelector.empty() && selector->requirements.empty())
    errors.push_back({FieldError::Kind::Required, path + ".requirements", "",
                      "when " + path + " is specified, requirements or rawSelector is required"});
}

template <class Spec>
schema::FieldErrors question_errors(const Spec& spec) {
  schema::FieldErrors errors;
  if (spec.resourceAttributes && spec.nonResourceAttributes)
    errors.push_back({FieldError::Kind::Invalid, "spec.nonResourceAttributes", "{}",
                      "cannot be specified in combination with resourceAttributes"});
  if (!spec.resourceAttributes && !spec.nonResourceAttributes)
    errors.push_back({FieldError::Kind::Invalid, "spec.resourceAttributes", "null",
                      "exactly one of nonResourceAttributes or resourceAttributes must be specified"});
  if (spec.resourceAttributes) {
    check_selector(spec.resourceAttributes->fieldSelector, "fieldSelector", errors);
    check_selector(spec.resourceAttributes->labelSelector, "labelSelector", errors);
  }
  return errors;
}

// A review says nothing in its metadata but, where it is one namespace's, its namespace.
void check_meta(const meta::v1::ObjectMeta& given, bool local, schema::FieldErrors& errors) {
  meta::v1::ObjectMeta plain = given;
  plain.managedFields.clear();
  if (local) plain.namespace_.clear();
  if (plain == meta::v1::ObjectMeta()) return;
  errors.push_back({FieldError::Kind::Invalid, "metadata",
                    codec::write_json(schema::tree_from_struct(meta::v1::ObjectMeta::table(), &given)),
                    local ? "must be empty except for namespace" : "must be empty"});
}

Result<void> report(std::string_view kind, const schema::FieldErrors& errors) {
  if (errors.empty()) return {};
  return fail(schema::invalid_error(kind, kGroup.group, "", errors));
}

// What could be read of a selector. Terms hold together, so that leaving one out asks for more, never for less.
template <class Requirement>
struct Terms {
  std::vector<Requirement> read;
  bool all = true;
};

Terms<model::FieldRequirement> field_terms(const authorization::v1::FieldSelectorAttributes& selector) {
  Terms<model::FieldRequirement> terms;
  if (!selector.rawSelector.empty()) {
    auto parsed = model::FieldSelector::parse(selector.rawSelector);
    terms.all = parsed.has_value();
    if (parsed) terms.read = parsed->requirements();
  }
  for (const auto& term : selector.requirements) {
    bool known = (term.operator_ == "In" || term.operator_ == "NotIn") && term.values.size() == 1;
    if (known) terms.read.push_back({term.key, term.values.front(), term.operator_ == "In"});
    terms.all = terms.all && known;
  }
  return terms;
}

Terms<model::LabelRequirement> label_terms(const authorization::v1::LabelSelectorAttributes& selector) {
  Terms<model::LabelRequirement> terms;
  auto add = [&terms](const Result<model::LabelSelector>& parsed) {
    terms.all = terms.all && parsed.has_value();
    if (parsed) terms.read.insert(terms.read.end(), parsed->requirements().begin(), parsed->requirements().end());
  };
  if (!selector.rawSelector.empty()) add(model::LabelSelector::parse(selector.rawSelector));
  for (const auto& term : selector.requirements) add(model::LabelSelector::of({}, {{term.key, term.operator_, term.values}}));
  return terms;
}

template <class Requirement>
void add_unread(std::string_view name, const Terms<Requirement>& terms, std::string& problems) {
  if (terms.all) return;
  if (!problems.empty()) problems += "; ";
  problems += "spec.resourceAttributes." + std::string(name) + (terms.read.empty() ? " ignored" : " partially ignored") +
              " due to parse error";
}

// The attributes point into the spec and the user.
template <class Spec>
SubjectAccessReviewStatus decide(const Authorizer& authorizer, const User& user, const Spec& spec) {
  SubjectAccessReviewStatus status;
  Attributes attributes;
  attributes.user = &user;
  if (spec.resourceAttributes) {
    const ResourceAttributes& asked = *spec.resourceAttributes;
    attributes.verb = asked.verb;
    attributes.group = asked.group;
    attributes.version = asked.version.empty() ? std::string_view("*") : std::string_view(asked.version);
    attributes.resource = asked.resource;
    attributes.subresource = asked.subresource;
    attributes.ns = asked.namespace_;
    attributes.name = asked.name;
    if (asked.fieldSelector) {
      auto terms = field_terms(*asked.fieldSelector);
      attributes.field_requirements = terms.read;
      add_unread("fieldSelector", terms, status.evaluationError);
    }
    if (asked.labelSelector) {
      auto terms = label_terms(*asked.labelSelector);
      attributes.label_requirements = terms.read;
      add_unread("labelSelector", terms, status.evaluationError);
    }
  } else {
    const NonResourceAttributes& asked = *spec.nonResourceAttributes;
    attributes.resource_request = false;
    attributes.verb = asked.verb;
    attributes.path = asked.path;
  }
  Decision decision = authorizer.authorize(attributes);
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
Result<T> review_subject(const Authorizer& authorizer, std::string_view ns, T review) {
  constexpr bool kLocal = std::is_same_v<T, LocalSubjectAccessReview>;
  schema::FieldErrors errors = question_errors(review.spec);
  if (review.spec.user.empty() && review.spec.groups.empty())
    errors.push_back({FieldError::Kind::Invalid, "spec.user", "\"\"", "at least one of user or group must be specified"});
  check_meta(review.metadata, kLocal, errors);
  if (kLocal && review.spec.resourceAttributes && review.spec.resourceAttributes->namespace_ != ns)
    errors.push_back({FieldError::Kind::Invalid, "spec.resourceAttributes.namespace",
                      "\"" + review.spec.resourceAttributes->namespace_ + "\"", "must match metadata.namespace"});
  if (kLocal && review.spec.nonResourceAttributes)
    errors.push_back({FieldError::Kind::Invalid, "spec.nonResourceAttributes", "{}", "disallowed on this kind of request"});
  TRY(report(T::table().name, errors));
  review.status = decide(authorizer, subject_of(review.spec), review.spec);
  return review;
}

Result<SelfSubjectAccessReview> review_self(const Authorizer& authorizer, const User& user, SelfSubjectAccessReview review) {
  schema::FieldErrors errors = question_errors(review.spec);
  check_meta(review.metadata, false, errors);
  TRY(report("SelfSubjectAccessReview", errors));
  review.status = decide(authorizer, user, review.spec);
  return review;
}

SelfSubjectRulesReview list_rules(const Authorizer& authorizer, const User& user, SelfSubjectRulesReview review) {
  review.status = {};
  UserRules held = authorizer.rules_for(user, review.spec.namespace_);
  review.status.incomplete = held.incomplete;
  review.status.evaluationError = held.error;
  for (auto& rule : held.rules) {
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
  api.add_review(*model::find_kind(kGroup, "SubjectAccessReview"), "",
                 typed_review<SubjectAccessReview>(kGroup, [&authorizer](const Request& request, SubjectAccessReview review) {
                   return review_subject(authorizer, request.ns, std::move(review));
                 }));
  api.add_review(
      *model::find_kind(kGroup, "LocalSubjectAccessReview"), "",
      typed_review<LocalSubjectAccessReview>(kGroup, [&authorizer](const Request& request, LocalSubjectAccessReview review) {
        return review_subject(authorizer, request.ns, std::move(review));
      }));
  api.add_review(
      *model::find_kind(kGroup, "SelfSubjectAccessReview"), "",
      typed_review<SelfSubjectAccessReview>(kGroup, [&authorizer](const Request& request, SelfSubjectAccessReview review) {
        return review_self(authorizer, request.user, std::move(review));
      }));
  api.add_review(
      *model::find_kind(kGroup, "SelfSubjectRulesReview"), "",
      typed_review<SelfSubjectRulesReview>(
          kGroup, [&authorizer](const Request& request, SelfSubjectRulesReview review) -> Result<SelfSubjectRulesReview> {
            if (review.spec.namespace_.empty()) return fail(bad_request("no namespace on request"));
            return list_rules(authorizer, request.user, std::move(review));
          }));
}

}  // namespace charon::server
