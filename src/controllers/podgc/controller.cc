#include "controllers/podgc/controller.h"

#include "control/pods.h"

namespace charon::controllers::podgc {
namespace {

using core::v1::Node;
using core::v1::Pod;

// Index of pods without an agent that would look after them: "ended", or "unscheduled" and being deleted.
constexpr std::string_view kStateIndex = "podgc-state";

std::vector<std::string> state_of_pod(const model::Document& document) {
  const std::shared_ptr<const Pod> pod = document.as<Pod>();
  if (control::is_pod_terminal(*pod) && !pod->metadata.deletionTimestamp) return {"ended"};
  if (pod->spec.nodeName.empty() && pod->metadata.deletionTimestamp) return {"unscheduled"};
  return {};
}

void keys_of_node(const control::Change& change, const control::View&, std::vector<control::Key>& keys) {
  keys.push_back({change.latest()->key(), {}});
  keys.push_back({});
}

void keys_of_pod(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  if (!change.now) return;
  const std::shared_ptr<const Pod> pod = change.now->as<Pod>();
  const std::string& node = pod->spec.nodeName;
  if (node.empty() && pod->metadata.deletionTimestamp) keys.push_back({});
  if (!node.empty() && (pod->metadata.deletionTimestamp || !view.get<Node>({"", node}))) keys.push_back({{"", node}, {}});
}

}  // namespace

std::vector<control::Watch> PodGarbageCollector::watches() const {
  return {control::Watch{&client::kind_of<Node>(), keys_of_node}, control::Watch{&client::kind_of<Pod>(), keys_of_pod}};
}

std::vector<control::Index> PodGarbageCollector::indexes() const {
  return {{&client::kind_of<Pod>(), std::string(control::kNodeIndex), control::node_of_pod},
          {&client::kind_of<Pod>(), std::string(kStateIndex), state_of_pod}};
}

control::Plan PodGarbageCollector::reconcile(const control::Request& request, const control::View& view, Time now) const {
  const std::string& node = request.key.object.name;
  if (!node.empty()) return plan_node_pods(view.get<Node>({"", node}), view.by<Pod>(control::kNodeIndex, node), now);
  control::Plan plan =
      plan_leftovers(view.by<Pod>(kStateIndex, "unscheduled"), view.by<Pod>(kStateIndex, "ended"), terminated_limit_);
  plan.requeue(kPeriod);
  return plan;
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) {
  return std::make_unique<PodGarbageCollector>();
}

}  // namespace charon::controllers::podgc
