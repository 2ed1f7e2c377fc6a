#include "server/eviction/eviction.h"

#include "api/core/v1/types.h"
#include "api/policy/v1/types.h"
#include "codec/tree.h"
#include "model/selector.h"

namespace charon::server {
namespace {

// How long a client waits before it asks again; what Kubernetes' eviction handler says.
constexpr int kRetryAfterSeconds = 10;

bool has_ended(const core::v1::Pod& pod) { return pod.status.phase == "Succeeded" || pod.status.phase == "Failed"; }

std::vector<DocumentPtr> budgets_of(Api& api, const model::Document& pod) {
  std::vector<DocumentPtr> budgets;
  Cache& cache = api.caches().of(*model::find_kind({"policy", "v1"}, "PodDisruptionBudget"));
  cache.each(pod.key().ns, nullptr, [&](const DocumentPtr& document) {
    auto selector = model::LabelSelector::of(document->as<policy::v1::PodDisruptionBudget>()->spec.selector);
    if (selector && selector->matches(pod.labels())) budgets.push_back(document);
    return true;
  });
  return budgets;
}

Result<void> ask_budgets(Api& api, const model::Document& pod) {
  std::vector<DocumentPtr> budgets = budgets_of(api, pod);
  if (budgets.empty()) return {};
  if (budgets.size() > 1)
    return fail(Reason::InternalError,
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
  auto budget = budgets.front()->as<policy::v1::PodDisruptionBudget>();
  if (budget->status.observedGeneration >= budget->metadata.generation && budget->status.disruptionsAllowed > 0) return {};
  auto details = std::make_shared<StatusDetails>();
  details->causes.push_back({"DisruptionBudget",
                             "The disruption budget " + budget->metadata.name + " needs " +
                                 std::to_string(budget->status.desiredHealthy) + " healthy pods and has " +
                                 std::to_string(budget->status.currentHealthy) + " currently",
                             ""});
  details->retry_after_s = kRetryAfterSeconds;
  return fail(Error{Reason::TooManyRequests, "Cannot evict pod as it would violate the pod's disruption budget.", details});
}

client::DeleteOptions delete_options(const codec::Value& eviction) {
  client::DeleteOptions options;
  const codec::Value* given = codec::find(eviction, "deleteOptions");
  if (given == nullptr) return options;
  options.grace_period_s = codec::int_at(*given, "gracePeriodSeconds");
  options.uid = codec::string_at_path(*given, {"preconditions", "uid"});
  options.resource_version = codec::string_at_path(*given, {"preconditions", "resourceVersion"});
  return options;
}

rt::Task<Result<codec::Value>> evict(Api* api, Request request, codec::Value eviction) {
  request.verb = "delete";  // the subresource stays: the eviction itself has been admitted
  CO_TRY_ASSIGN(DocumentPtr pod, co_await api->get(request));
  if (!has_ended(*pod->as<core::v1::Pod>())) CO_TRY(ask_budgets(*api, *pod));
  if (const codec::Value* given = codec::find(eviction, "deleteOptions");
      given != nullptr && codec::find(*given, "dryRun") != nullptr)
    request.dry_run = true;
  CO_TRY(co_await api->remove(std::move(request), delete_options(eviction)));
  co_return codec::Object{
      {"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", codec::Object()}, {"status", "Success"}, {"code", 201}};
}

}  // namespace

void add_eviction(Api& api) {
  api.add_review(*model::find_kind({"", "v1"}, "Pod"), "eviction",
                 {&policy::v1::Eviction::table(), [api = &api](Request request, codec::Value eviction) {
                    return evict(api, std::move(request), std::move(eviction));
                  }});
}

}  // namespace charon::server
