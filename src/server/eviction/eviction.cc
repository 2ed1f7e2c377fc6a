#include "server/eviction/eviction.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "api/core/v1/types.h"
#include "api/policy/v1/types.h"
#include "codec/tree.h"
#include "model/disruption_budget.h"
#include "model/selector.h"
#include "schema/convert.h"
#include "server/delete_options.h"
#include "server/own_request.h"

namespace charon::server {
namespace {

using core::v1::Pod;
using policy::v1::PodDisruptionBudget;
using policy::v1::PodDisruptionBudgetStatus;

constexpr std::string_view kRefusal = "Cannot evict pod as it would violate the pod's disruption budget.";
// How long a client waits for a budget that has not been counted yet; what Kubernetes' eviction handler says.
constexpr int kRetryAfterSeconds = 10;
// Whoever else writes the budget or the pod meanwhile makes us look again.
constexpr int kTries = 20;

const model::Kind& pod_kind() {
  static const model::Kind& kind = *model::find_kind({"", "v1"}, "Pod");
  return kind;
}
const model::Kind& budget_kind() {
  static const model::Kind& kind = *model::find_kind({"policy", "v1"}, "PodDisruptionBudget");
  return kind;
}

bool has_ended(const Pod& pod) { return pod.status.phase == "Succeeded" || pod.status.phase == "Failed"; }
// Nobody misses it, or it goes already.
bool needs_no_budget(const Pod& pod) {
  return has_ended(pod) || pod.status.phase == "Pending" || pod.metadata.deletionTimestamp;
}
// It may become one that needs a budget: then it must be looked at again.
bool may_change(const Pod& pod) { return !has_ended(pod) && !pod.metadata.deletionTimestamp; }

bool is_ready(const Pod& pod) {
  return std::ranges::any_of(pod.status.conditions, [](const auto& c) { return c.type == "Ready" && c.status == "True"; });
}

// A pod that is not ready may go without being counted when its budget is met by others.
bool may_go_unhealthy(const PodDisruptionBudget& budget) {
  if (budget.spec.unhealthyPodEvictionPolicy.value_or("") == "AlwaysAllow") return true;
  return budget.status.desiredHealthy > 0 && budget.status.currentHealthy >= budget.status.desiredHealthy;
}

Error refusal(std::string cause, int retry_after_s) {
  auto details = std::make_shared<StatusDetails>();
  details->causes.push_back({"DisruptionBudget", std::move(cause), ""});
  details->retry_after_s = retry_after_s;
  return Error{Reason::TooManyRequests, std::string(kRefusal), std::move(details)};
}

Error not_counted_yet(const std::string& budget) {
  return refusal("The disruption budget " + budget + " is still being processed by the server.", kRetryAfterSeconds);
}

Error forbidden_by(const std::string& budget, const std::string& why) {
  return Error{Reason::Forbidden, "poddisruptionbudget.policy \"" + budget + "\" is forbidden: " + why, nullptr};
}

std::vector<DocumentPtr> budgets_of(Api& api, const model::Document& pod) {
  std::vector<DocumentPtr> budgets;
  api.caches().of(budget_kind()).each(pod.key().ns, nullptr, [&](const DocumentPtr& document) {
    auto selector = model::LabelSelector::of(document->as<PodDisruptionBudget>()->spec.selector);
    if (selector && selector->matches(pod.labels())) budgets.push_back(document);
    return true;
  });
  return budgets;
}

// The status with one disruption less, and the pod among those that go.
Result<PodDisruptionBudgetStatus> charged(const PodDisruptionBudget& budget, const std::string& pod, Time now) {
  const std::string& name = budget.metadata.name;
  PodDisruptionBudgetStatus status = budget.status;
  if (status.observedGeneration < budget.metadata.generation) return fail(not_counted_yet(name));
  if (status.disruptionsAllowed < 0) return fail(forbidden_by(name, "pdb disruptions allowed is negative"));
  if (status.disruptedPods.size() > model::kDisruptedPodsLimit)
    return fail(forbidden_by(name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller"));
  if (status.disruptionsAllowed == 0) {
    const meta::v1::Condition* condition = model::disruption_allowed(status);
    if (condition != nullptr && condition->reason == model::kSyncFailed)
      return fail(refusal("The disruption budget " + name +
                              " does not allow evicting pods currently because it failed sync: " + condition->message,
                          0));
    return fail(refusal("The disruption budget " + name + " needs " + std::to_string(status.desiredHealthy) +
                            " healthy pods and has " + std::to_string(status.currentHealthy) + " currently",
                        0));
  }
  if (--status.disruptionsAllowed == 0) model::set_disruption_allowed(status, now);
  status.disruptedPods[pod] = now;
  return status;
}

bool is_conflict(const Error& error) { return error.reason == Reason::Conflict; }

rt::Task<Result<void>> charge(Api& api, model::ObjectKey budget, std::string pod, bool dry_run) {
  for (int attempt = 1; attempt <= kTries; ++attempt) {
    CO_TRY_ASSIGN(DocumentPtr document, co_await api.get(own_request("get", budget_kind(), budget)));
    PodDisruptionBudget updated = *document->as<PodDisruptionBudget>();
    CO_TRY_ASSIGN(updated.status, charged(updated, pod, api.loop().clock().wall()));
    if (dry_run) co_return Result<void>();
    Request request = own_request("update", budget_kind(), budget);
    request.subresource = "status";
    request.field_manager = "kube-apiserver";
    auto written =
        co_await api.update(std::move(request), schema::tree_from_struct(PodDisruptionBudget::table(), &updated), nullptr);
    if (written) co_return Result<void>();
    if (!is_conflict(written.error())) co_return fail(std::move(written.error()));
  }
  co_return fail(Reason::Timeout, "couldn't update PodDisruptionBudget \"" + budget.name + "\" due to conflicts");
}

// Writes into the pod why it goes. The preconditions of `options` hold for this, and are met by what it leaves.
rt::Task<Result<void>> mark_disrupted(Api& api, model::ObjectKey pod, client::DeleteOptions& options) {
  codec::Object condition{{"type", "DisruptionTarget"},
                          {"status", "True"},
                          {"lastTransitionTime", format_rfc3339(api.loop().clock().wall())},
                          {"reason", "EvictionByEvictionAPI"},
                          {"message", "Eviction API: evicting"}};
  codec::Object metadata;
  if (!options.uid.empty()) metadata["uid"] = options.uid;
  if (!options.resource_version.empty()) metadata["resourceVersion"] = options.resource_version;
  codec::Array conditions;
  conditions.emplace_back(std::move(condition));
  codec::Object patch{{"metadata", std::move(metadata)}, {"status", codec::Object{{"conditions", std::move(conditions)}}}};
  Request request = own_request("patch", pod_kind(), pod);
  request.subresource = "status";
  request.came_through = "eviction";
  request.tracking = Tracking::Off;
  CO_TRY_ASSIGN(DocumentPtr marked, co_await api.patch(std::move(request), client::PatchType::StrategicMerge,
                                                       codec::Value(std::move(patch)), nullptr));
  if (!options.resource_version.empty()) options.resource_version = std::to_string(marked->revision());
  co_return Result<void>();
}

rt::Task<Result<void>> remove_pod(Api& api, Request request, client::DeleteOptions options) {
  if (!request.dry_run) CO_TRY(co_await mark_disrupted(api, request.key(), options));
  CO_TRY(co_await api.remove(std::move(request), std::move(options)));
  co_return Result<void>();
}

// A pod as it was looked at: the caller's own precondition goes first.
client::DeleteOptions only_as(const model::Document& pod, client::DeleteOptions options) {
  if (options.resource_version.empty() && may_change(*pod.as<Pod>())) options.resource_version = std::to_string(pod.revision());
  return options;
}

// True: the pod has gone without asking a budget.
rt::Task<Result<bool>> remove_unbudgeted(Api& api, Request request, client::DeleteOptions options) {
  for (int attempt = 1;; ++attempt) {
    CO_TRY_ASSIGN(DocumentPtr pod, co_await api.get(request));
    if (!needs_no_budget(*pod->as<Pod>())) co_return false;
    auto removed = co_await api.remove(request, only_as(*pod, options));
    if (removed) co_return true;
    const bool ours = is_conflict(removed.error()) && options.resource_version.empty();
    const bool another = !options.uid.empty() && options.uid != pod->uid();
    if (!ours || another || attempt == kTries) co_return fail(std::move(removed.error()));
  }
}

rt::Task<Result<void>> remove_by_budget(Api& api, Request request, client::DeleteOptions options) {
  CO_TRY_ASSIGN(DocumentPtr pod, co_await api.get(request));
  const std::vector<DocumentPtr> budgets = budgets_of(api, *pod);
  if (budgets.empty()) co_return co_await remove_pod(api, std::move(request), std::move(options));
  if (budgets.size() > 1)
    co_return fail(Reason::InternalError,
                   "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
  const auto budget = budgets.front()->as<PodDisruptionBudget>();
  if (is_ready(*pod->as<Pod>()) || !may_go_unhealthy(*budget)) {
    CO_TRY(co_await charge(api, budgets.front()->key(), request.name, request.dry_run));
    co_return co_await remove_pod(api, std::move(request), std::move(options));
  }
  const bool bound = !options.resource_version.empty();
  auto removed = co_await remove_pod(api, std::move(request), only_as(*pod, std::move(options)));
  // It may be healthy by now.
  if (!removed && is_conflict(removed.error()) && !bound) co_return fail(not_counted_yet(budget->metadata.name));
  co_return removed;
}

rt::Task<Result<codec::Value>> evict(Api* api, Request request, codec::Value eviction) {
  if (codec::string_at_path(eviction, {"metadata", "name"}) != request.name)
    co_return fail(bad_request("name in URL does not match name in Eviction object"));
  const codec::Value* given = codec::find(eviction, "deleteOptions");
  const codec::Value asked = given == nullptr ? codec::Value(codec::Object()) : *given;
  CO_TRY_ASSIGN(client::DeleteOptions options, delete_options(asked, ""));
  if (asks_for_dry_run(asked)) request.dry_run = true;
  request.verb = "delete";  // the subresource stays: the eviction itself has been admitted
  CO_TRY_ASSIGN(bool gone, co_await remove_unbudgeted(*api, request, options));
  if (!gone) CO_TRY(co_await remove_by_budget(*api, std::move(request), std::move(options)));
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
