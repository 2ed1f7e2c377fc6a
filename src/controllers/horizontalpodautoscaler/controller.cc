#include "controllers/horizontalpodautoscaler/controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "api/apps/v1/types.h"
#include "base/check.h"
#include "codec/tree.h"
#include "controllers/horizontalpodautoscaler/plan.h"
#include "model/scale.h"
#include "model/selector.h"

namespace charon::controllers::horizontalpodautoscaler {
namespace {

using autoscaling::v2::HorizontalPodAutoscaler;
using core::v1::Pod;

// A new autoscaler, or a changed one. Its own writes of the status are no reason to measure again.
void keys_of(const control::Change& change, const control::View&, std::vector<control::Key>& keys) {
  if (change.before && change.now &&
      change.before->as<HorizontalPodAutoscaler>()->spec == change.now->as<HorizontalPodAutoscaler>()->spec)
    return;
  keys.push_back({change.latest()->key()});
}

model::GroupVersion group_version_of(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {"", text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

Result<Target> target_of(const HorizontalPodAutoscaler& autoscaler, const model::KindRegistry& registry,
                         const control::View& view) {
  const auto& reference = autoscaler.spec.scaleTargetRef;
  const model::GroupVersion gv = group_version_of(reference.apiVersion);
  const model::Kind* kind = registry.find_kind(gv, reference.kind);
  if (kind == nullptr)
    return fail(Reason::NotFound, fmt::format("no matches for kind \"{}\" in group \"{}\"", reference.kind, gv.group));
  if (!kind->has_subresource("scale")) return fail(Reason::NotFound, "the server could not find the requested resource");
  const model::DocumentPtr document = view.of(*kind).document({autoscaler.metadata.namespace_, reference.name});
  if (!document) return fail(Reason::NotFound, fmt::format("{} \"{}\" not found", kind->group_resource(), reference.name));
  const codec::Value scale = model::scale_of(*kind, document->tree());
  Target target;
  target.kind = kind;
  target.uid = document->uid();
  target.replicas.spec = static_cast<std::int32_t>(model::replicas_of(scale));
  if (const codec::Value* there = codec::find_path(scale, {"status", "replicas"}); there != nullptr && there->is_int64())
    target.replicas.status = static_cast<std::int32_t>(there->get_int64());
  target.selector = codec::string_at_path(scale, {"status", "selector"});
  return target;
}

// The autoscalers of the namespace whose targets select some of the pods, by name.
std::vector<std::string> selecting(const std::string& ns, const std::vector<PodPtr>& pods, const model::KindRegistry& registry,
                                   const control::View& view) {
  std::vector<std::string> names;
  for (const auto& other : view.list<HorizontalPodAutoscaler>(ns)) {
    const Result<Target> target = target_of(*other, registry, view);
    if (!target || target->selector.empty()) continue;
    const auto selector = model::LabelSelector::parse(target->selector);
    if (selector && std::ranges::any_of(pods, [&](const PodPtr& pod) { return selector->matches(pod->metadata.labels); }))
      names.push_back(other->metadata.name);
  }
  return names;
}

// All but what was measured and what is remembered.
State gather(const control::Request& request, const model::KindRegistry& registry, const control::View& view) {
  State state;
  state.autoscaler = view.get<HorizontalPodAutoscaler>(request.key.object);
  if (!state.autoscaler) return state;
  state.target = target_of(*state.autoscaler, registry, view);
  state.failure = request.failure;
  if (!state.target || state.target->selector.empty()) return state;
  const auto selector = model::LabelSelector::parse(state.target->selector);
  if (!selector) return state;
  state.pods = view.list<Pod>(request.key.object.ns, *selector);
  state.selecting = selecting(request.key.object.ns, state.pods, registry, view);
  return state;
}

std::string text_of(const autoscaling::v2::MetricIdentifier& metric) {
  if (!metric.selector) return "";
  const auto selector = model::LabelSelector::of(*metric.selector);
  return selector ? selector->text() : "";
}

MeasuredObject object_of(const autoscaling::v2::CrossVersionObjectReference& reference, const std::string& ns,
                         const model::KindRegistry& registry) {
  const model::Kind* kind = registry.find_kind(group_version_of(reference.apiVersion), reference.kind);
  // Of a kind that is not known, the server says so.
  if (kind == nullptr) return {ns, reference.kind, reference.name};
  if (kind->kind == "Namespace" && kind->gv.group.empty()) return {"", "", reference.name};
  return {kind->namespaced ? ns : "", kind->group_resource(), reference.name};
}

rt::Task<Result<Measurement>> measure(MetricsClient* client, autoscaling::v2::MetricSpec metric, PodSelection pods,
                                      const model::KindRegistry* registry) {
  if (metric.resource) return client->resource(metric.resource->name, "", std::move(pods));
  if (metric.containerResource)
    return client->resource(metric.containerResource->name, metric.containerResource->container, std::move(pods));
  if (metric.pods) return client->of_pods(metric.pods->metric.name, text_of(metric.pods->metric), std::move(pods));
  if (metric.object)
    return client->of_object(metric.object->metric.name, text_of(metric.object->metric),
                             object_of(metric.object->describedObject, pods.ns, *registry));
  if (metric.external) return client->external(metric.external->metric.name, text_of(metric.external->metric), pods.ns);
  return [](std::string type) -> rt::Task<Result<Measurement>> {
    co_return fail(Reason::Invalid, "unknown metric source type \"" + type + "\"");
  }(metric.type);
}

}  // namespace

struct HorizontalPodAutoscalers::Memory {
  std::map<std::string, History> by_uid;
};

HorizontalPodAutoscalers::HorizontalPodAutoscalers(const model::KindRegistry& registry, std::unique_ptr<MetricsClient> metrics)
    : registry_(registry), metrics_(std::move(metrics)), memory_(std::make_unique<Memory>()) {}

HorizontalPodAutoscalers::~HorizontalPodAutoscalers() = default;

std::vector<control::Watch> HorizontalPodAutoscalers::watches() const {
  return {{&client::kind_of<HorizontalPodAutoscaler>(), keys_of}};
}

std::vector<const model::Kind*> HorizontalPodAutoscalers::reads() const {
  return {&client::kind_of<Pod>(), &client::kind_of<apps::v1::ReplicaSet>(), &client::kind_of<apps::v1::Deployment>(),
          &client::kind_of<apps::v1::StatefulSet>(), &client::kind_of<core::v1::ReplicationController>()};
}

// The answer is the State that was measured for.
rt::Task<control::Answers> HorizontalPodAutoscalers::ask(control::Request request, const control::View& view) const {
  auto state = std::make_shared<State>(gather(request, registry_, view));
  if (state->autoscaler && wants_metrics(*state)) {
    for (const auto& metric : state->autoscaler->spec.metrics)
      state->measured.push_back(
          co_await measure(metrics_.get(), metric, {request.key.object.ns, state->target->selector}, &registry_));
  }
  co_return state;
}

control::Plan HorizontalPodAutoscalers::reconcile(const control::Request& request, const control::View& view, Time now) const {
  ENSURE(request.answers != nullptr);
  State state = *static_cast<const State*>(request.answers.get());
  if (!state.autoscaler) {
    forget_gone(view);
    return {};
  }
  History& history = memory_->by_uid[state.autoscaler->metadata.uid];
  state.history = history;
  Outcome outcome = plan_autoscaler(state, now);
  history = std::move(outcome.history);
  return std::move(outcome.plan);
}

void HorizontalPodAutoscalers::forget_gone(const control::View& view) const {
  const auto left = view.list<HorizontalPodAutoscaler>();
  std::erase_if(memory_->by_uid, [&](const auto& entry) {
    return std::ranges::none_of(left, [&](const auto& autoscaler) { return autoscaler->metadata.uid == entry.first; });
  });
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings) {
  return std::make_unique<HorizontalPodAutoscalers>(*settings.kinds, make_api_metrics_client(settings.apis));
}

}  // namespace charon::controllers::horizontalpodautoscaler
