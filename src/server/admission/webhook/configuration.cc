#include "server/admission/webhook/configuration.h"

#include "api/admissionregistration/v1/types.h"

namespace charon::server {
namespace {

namespace registration = admissionregistration::v1;

WebhookTarget target_of(const registration::WebhookClientConfig& config) {
  WebhookTarget target;
  target.url = config.url.value_or("");
  target.ca_pem = config.caBundle;
  if (!config.service) return target;
  target.service = {config.service->namespace_, config.service->name};
  target.path = config.service->path.value_or("");
  target.port = config.service->port.value_or(443);
  return target;
}

std::vector<WebhookRule> rules_of(const std::vector<registration::RuleWithOperations>& rules) {
  std::vector<WebhookRule> read;
  for (const registration::RuleWithOperations& rule : rules)
    read.push_back(
        {rule.operations, rule.rule.apiGroups, rule.rule.apiVersions, rule.rule.resources, rule.rule.scope.value_or("*")});
  return read;
}

// Selectors are validated when they are written; one that does not parse selects nothing.
template <class Selector>
model::LabelSelector selector_of(const Selector& selector) {
  if (!selector) return {};
  return model::LabelSelector::of(*selector).value_or(model::LabelSelector::nothing());
}

std::string version_of(const std::vector<std::string>& versions) {
  for (const std::string& version : versions)
    if (version == "v1" || version == "v1beta1") return version;
  return {};
}

template <class Hook>
Webhook webhook_of(const Hook& hook) {
  Webhook webhook;
  webhook.name = hook.name;
  webhook.target = target_of(hook.clientConfig);
  webhook.rules = rules_of(hook.rules);
  webhook.ignores_failure = hook.failurePolicy.value_or("Fail") == "Ignore";
  webhook.exact = hook.matchPolicy.value_or("Equivalent") == "Exact";
  webhook.namespaces = selector_of(hook.namespaceSelector);
  webhook.objects = selector_of(hook.objectSelector);
  webhook.may_run_dry = hook.sideEffects == "None" || hook.sideEffects == "NoneOnDryRun";
  webhook.timeout = std::chrono::seconds(hook.timeoutSeconds.value_or(10));
  webhook.review_version = version_of(hook.admissionReviewVersions);
  if constexpr (requires { hook.reinvocationPolicy; })
    webhook.repeatable = hook.reinvocationPolicy.value_or("Never") == "IfNeeded";
  return webhook;
}

template <class Configuration>
void append(const Configuration& configuration, std::vector<Webhook>& webhooks) {
  for (std::size_t i = 0; i < configuration.webhooks.size(); ++i) {
    Webhook& webhook = webhooks.emplace_back(webhook_of(configuration.webhooks[i]));
    webhook.configuration = configuration.metadata.name;
    webhook.id = configuration.metadata.name + "/" + webhook.name + "/" + std::to_string(i);
  }
}

}  // namespace

Webhooks WebhookConfigurations::current() {
  std::size_t index = 0;
  bool same = cache_.size() == read_.size();
  if (same) cache_.each({}, nullptr, [&](const DocumentPtr& document) { return same = document == read_[index++]; });
  if (same) return webhooks_;
  read_.clear();
  auto webhooks = std::make_shared<std::vector<Webhook>>();
  cache_.each({}, nullptr, [&](const DocumentPtr& document) {
    read_.push_back(document);
    if (cache_.kind().kind == "MutatingWebhookConfiguration") {
      append(*document->as<registration::MutatingWebhookConfiguration>(), *webhooks);
    } else {
      append(*document->as<registration::ValidatingWebhookConfiguration>(), *webhooks);
    }
    return true;
  });
  webhooks_ = std::move(webhooks);
  return webhooks_;
}

}  // namespace charon::server
