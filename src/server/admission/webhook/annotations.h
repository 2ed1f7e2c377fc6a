// What the audit log is told of the webhooks that a request met.
//
// Source: apiserver's pkg/admission/plugin/webhook/mutating and validating (the keys and values).
#pragma once

#include <cstddef>

#include "server/admission/admission.h"
#include "server/admission/webhook/configuration.h"
#include "server/admission/webhook/review.h"

namespace charon::server {

// The answer's own annotations, by `<webhook>/<key>`; what is no key then is dropped.
void note_annotations(const Request& request, const Webhook& webhook, const WebhookAnswer& answer);

// One call of a webhook.
struct WebhookNote {
  const Webhook& webhook;
  int round = 0;
  std::size_t index = 0;                // of the webhook among all
  bool mutated = false;                 // by a mutating one
  const codec::Value* patch = nullptr;  // null: none
};
void note_mutation(const Request& request, const WebhookNote& note);

// The call failed, and the webhook's policy is to go on.
void note_failed_open(const Request& request, const WebhookNote& note, WebhookSort sort);

}  // namespace charon::server
