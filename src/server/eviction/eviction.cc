#include "server/eviction/eviction.h"

#include "api/core/v1/types.h"
#include "api/policy/v1/types.h"
#include "codec/tree.h"
#include "model/selector.h"
#include "server/delete_options.h"

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

rt::Task<Result<codec::Value>> evict(Api* api, Request request, codec::Value eviction) {
  if (codec::string_at_path(eviction, {"metadata", "name"}) != request.name)
    co_return fail(bad_request("name in URL does not match name in Eviction object"));
  const codec::Value* given = codec::find(eviction, "deleteOptions");
  const codec::Value asked = given == nullptr ? codec::Value(codec::Object()) : *given;
  CO_TRY_ASSIGN(client::DeleteOptions options, delete_options(asked, ""));
  if (asks_for_dry_run(asked)) request.dry_run = true;
  request.verb = "delete";  // the subresource stays: the eviction itself has been admitted
  CO_TRY_ASSIGN(DocumentPtr pod, co_await api->get(request));
  if (!has_ended(*pod->as<core::v1::Pod>())) CO_TRY(ask_budgets(*api, *pod));
  CO_TRY(co_await api->remove(std::move(request), std::move(options)));
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
