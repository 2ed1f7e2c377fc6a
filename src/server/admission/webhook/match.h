// Which webhooks a request concerns, and as which kind each wants to see its object.
//
// Source: admissionregistration/v1 RuleWithOperations, matchPolicy and the two selectors; apiserver's webhook predicates.
#pragma once

#include <string_view>

#include "base/result.h"
#include "codec/value.h"
#include "model/registry.h"
#include "rt/task.h"
#include "server/admission/admission.h"
#include "server/admission/webhook/configuration.h"

namespace charon::server {

// The namespace that a request is about; a namespace is in itself. Empty for cluster-scoped kinds.
std::string_view namespace_of(const Request& request);

// Webhook and policy configurations are never shown to webhooks: nobody could repair a broken one.
bool is_exempt(const model::Kind& kind);

bool rule_matches(const WebhookRule& rule, const AdmissionReview& review, const model::Kind& resource);

// Null when the webhook is not concerned. NotFound when its namespaceSelector asks about a namespace that does not exist.
Result<model::KindRef> wanted_kind(const Webhook& webhook, const AdmissionReview& review, const model::KindRegistry& kinds,
                                   const Cache& namespaces);

// An object of one kind as another view of the same stored object (model/storage_form.h): another version of its resource.
// Errors are those of the webhook that converts it.
rt::Task<Result<codec::Value>> as_kind(model::KindRef from, model::KindRef to, codec::Value object);

}  // namespace charon::server
