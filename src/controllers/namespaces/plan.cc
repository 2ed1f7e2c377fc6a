#include "controllers/namespaces/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

#include "control/kinds.h"

namespace charon::controllers::namespaces {
namespace {

using control::Plan;
using core::v1::Namespace;
using core::v1::NamespaceCondition;
using core::v1::NamespaceStatus;

constexpr std::string_view kFinalizer = "kubernetes";
// Deletions wake the controller; this is for what the caches may have missed.
constexpr std::chrono::seconds kLookAgain{15};

enum Stage : int { kStatus, kContent, kFinalize };

struct Totals {
  std::map<std::string, int> by_resource;  // "pods." -> 2, as Kubernetes writes resource and group
  std::map<std::string, int> by_finalizer;
};

void set_condition(NamespaceStatus& status, NamespaceCondition condition) {
  for (NamespaceCondition& there : status.conditions) {
    if (there.type != condition.type) continue;
    if (there.status == condition.status) condition.lastTransitionTime = there.lastTransitionTime;
    there = std::move(condition);
    return;
  }
  status.conditions.push_back(std::move(condition));
}

struct Outcome {
  std::string_view type;
  std::string_view good_reason;
  std::string_view good_message;
  std::string_view bad_reason;
  std::string bad_message;  // empty: all is well
};

NamespaceCondition condition_of(const Outcome& outcome, Time now) {
  const bool good = outcome.bad_message.empty();
  NamespaceCondition condition;
  condition.type = outcome.type;
  condition.status = good ? "False" : "True";
  condition.lastTransitionTime = now;
  condition.reason = good ? outcome.good_reason : outcome.bad_reason;
  condition.message = good ? std::string(outcome.good_message) : outcome.bad_message;
  return condition;
}

std::string list_text(std::string_view before, const std::map<std::string, int>& counts, std::string_view verb) {
  std::vector<std::string> parts;
  for (const auto& [name, count] : counts) parts.push_back(fmt::format("{} {} {} resource instances", name, verb, count));
  return parts.empty() ? std::string() : fmt::format("{}{}", before, fmt::join(parts, ", "));
}

// In the words of Kubernetes' discovery client.
std::string discovery_failure(const std::vector<std::string>& unavailable) {
  if (unavailable.empty()) return {};
  std::vector<std::string> parts;
  for (const std::string& gv : unavailable) parts.push_back(fmt::format("{0}: stale GroupVersion discovery: {0}", gv));
  return fmt::format("Discovery failed for some groups, {} failing: unable to retrieve the complete list of server APIs: {}",
                     unavailable.size(), fmt::join(parts, ", "));
}

// What an aggregated server still holds is a Conflict of the end (server/aggregation/namespace_content); so is what came into
// the namespace just now.
bool tells_what_remains(const Error& failure) { return failure.reason == Reason::Conflict; }

std::string remaining_text(const State& state, const Totals& totals) {
  std::string text = list_text("Some resources are remaining: ", totals.by_resource, "has");
  if (text.empty() && state.failure && tells_what_remains(*state.failure)) return state.failure->message;
  return text;
}

NamespaceStatus status_of(const State& state, const Totals& totals, Time now) {
  NamespaceStatus status = state.space->status;
  status.phase = "Terminating";
  const Outcome outcomes[] = {
      {"NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered", "DiscoveryFailed",
       discovery_failure(state.unavailable)},
      {"NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed", "",
       ""},
      {"NamespaceDeletionContentFailure", "ContentDeleted", "All content successfully deleted, may be waiting on finalization",
       "ContentDeletionFailed",
       state.failure && !tells_what_remains(*state.failure)
           ? fmt::format("Failed to delete all resource types, 1 remaining: {}", state.failure->message)
           : ""},
      {"NamespaceContentRemaining", "ContentRemoved", "All content successfully removed", "SomeResourcesRemain",
       remaining_text(state, totals)},
      {"NamespaceFinalizersRemaining", "ContentHasNoFinalizers", "All content-preserving finalizers finished",
       "SomeFinalizersRemain",
       list_text("Some content in the namespace has finalizers remaining: ", totals.by_finalizer, "in")}};
  for (const Outcome& outcome : outcomes) set_condition(status, condition_of(outcome, now));
  return status;
}

bool is_pod(const model::DocumentPtr& document) { return document->kind().kind == "Pod" && document->kind().gv.group.empty(); }

// Pods first: what protects or serves them (network policies, secrets, claims) stays until they have ended (KEP-5080).
void delete_content(const State& state, Totals& totals, Plan& plan) {
  const bool pods_first = std::ranges::any_of(state.content, is_pod);
  for (const model::DocumentPtr& document : state.content) {
    if (pods_first && !is_pod(document)) continue;
    const model::Kind& kind = document->kind();
    const meta::v1::ObjectMeta metadata = control::deletion_metadata(*document);
    ++totals.by_resource[fmt::format("{}.{}", kind.plural, kind.gv.group)];
    for (const std::string& finalizer : metadata.finalizers) ++totals.by_finalizer[finalizer];
    if (metadata.deletionTimestamp) continue;
    control::Write& write = plan.remove(kind, document->key(), document->uid());
    write.delete_options.propagation = client::Propagation::Background;
    write.stage = kContent;
  }
}

}  // namespace

Plan plan_namespace(const State& state, Time now) {
  Plan plan;
  const Namespace& space = *state.space;
  if (!space.metadata.deletionTimestamp) return plan;
  if (std::ranges::find(space.spec.finalizers, kFinalizer) == space.spec.finalizers.end()) return plan;

  Totals totals;
  delete_content(state, totals, plan);
  Namespace updated = space;
  updated.metadata.resourceVersion.clear();
  updated.status = status_of(state, totals, now);
  if (updated.status != space.status) plan.update_status(updated).stage = kStatus;
  // What an aggregated server holds of the namespace cannot be known while it does not answer.
  if (!state.content.empty() || !state.unavailable.empty()) {
    plan.requeue(kLookAgain);
    return plan;
  }
  for (const model::KindRef& kind : state.kinds) plan.expect_none(*kind, space.metadata.name).stage = kContent;
  std::erase(updated.spec.finalizers, kFinalizer);
  control::Write& finalize = plan.update(updated);
  finalize.resource.subresource = "finalize";
  finalize.missing_is_fine = true;
  finalize.stage = kFinalize;
  return plan;
}

}  // namespace charon::controllers::namespaces
