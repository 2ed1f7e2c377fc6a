// The cluster's admission webhooks, read from MutatingWebhookConfiguration and ValidatingWebhookConfiguration objects.
//
// Source: api/admissionregistration/v1; the order of calls is that of apiserver's configuration managers.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "model/selector.h"
#include "server/cache.h"
#include "server/webhook/caller.h"

namespace charon::server {

struct WebhookRule {
  std::vector<std::string> operations;  // "CREATE", ..., "*"
  std::vector<std::string> groups;
  std::vector<std::string> versions;
  std::vector<std::string> resources;  // "pods", "pods/status", "pods/*", "*", "*/scale", "*/*"
  std::string scope;                   // "Cluster", "Namespaced", "*"
};

struct Webhook {
  std::string id;             // unlike that of any other
  std::string configuration;  // the object that has it
  std::string name;
  WebhookTarget target;
  std::vector<WebhookRule> rules;
  bool ignores_failure = false;
  bool exact = false;  // matchPolicy
  model::LabelSelector namespaces;
  model::LabelSelector objects;
  bool may_run_dry = false;  // has no side effects when a request says dryRun
  std::chrono::seconds timeout{10};
  std::string review_version;  // "v1" or "v1beta1"; empty: none that this server speaks
  bool repeatable = false;     // reinvocationPolicy IfNeeded
};

// Immutable; shared with the calls under way.
using Webhooks = std::shared_ptr<const std::vector<Webhook>>;

// Keeps the list until a configuration changes. On the server's loop.
class WebhookConfigurations {
 public:
  // Of the two kinds of configuration. The cache must outlive it.
  explicit WebhookConfigurations(const Cache& cache) : cache_(cache), webhooks_(std::make_shared<std::vector<Webhook>>()) {}

  // By the configurations' names, then in the order in which each lists them.
  Webhooks current();

 private:
  const Cache& cache_;
  std::vector<DocumentPtr> read_;
  Webhooks webhooks_;
};

}  // namespace charon::server
