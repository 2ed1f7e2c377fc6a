// MutatingAdmissionWebhook and ValidatingAdmissionWebhook: admission by servers of the cluster's users.
//
// Source: apiserver's pkg/admission/plugin/webhook (order, reinvocation, failure policy, texts). Mutating webhooks are called
// one after the other, validating ones at the same time. Their matchConditions are not evaluated: there is no CEL here yet, and
// who writes a configuration with some is warned.
#pragma once

#include <chrono>
#include <memory>

#include "base/metrics.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/random.h"
#include "server/admission/admission.h"
#include "server/cache.h"
#include "server/webhook/caller.h"

namespace charon::server {

// All calls of one request together take no longer (kube-apiserver's --request-timeout).
inline constexpr std::chrono::seconds kWebhookRequestTime{60};

// What the two plugins share. All must outlive it; it must outlive the plugins.
class WebhookDispatch {
 public:
  WebhookDispatch(rt::Loop& loop, rt::Net& net, rt::Random& random, Caches& caches, Metrics& metrics);

  rt::Loop& loop;
  rt::Random& random;
  Caches& caches;
  WebhookCaller caller;
  Metrics::Family& durations;
  Metrics::Family& requests;
  Metrics::Family& rejections;
  Metrics::Family& failed_open;
};

std::unique_ptr<AdmissionPlugin> make_mutating_webhooks(std::shared_ptr<WebhookDispatch> dispatch);
std::unique_ptr<AdmissionPlugin> make_validating_webhooks(std::shared_ptr<WebhookDispatch> dispatch);

}  // namespace charon::server
