// What one plugin says about a pod, for tests.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/plugins/plugin.h"
#include "scheduler/snapshot.h"
#include "scheduler/test_objects.h"

namespace charon::scheduler::testing {

struct Probe {
  explicit Probe(std::unique_ptr<Plugin> tested) : plugin(std::move(tested)) {}

  Probe& node(const std::string& name, const NodeSpecification& with = {}) {
    snapshot.set_node(make_node(name, with));
    return *this;
  }
  Probe& pod(const Pod& pod, const std::string& node) {
    snapshot.set_pod(info(on_node(pod, node)));
    return *this;
  }

  // "" when the pod fits, else the reasons; "!" before them when pods going away would not help.
  std::string filter(const Pod& pod, const std::string& node) const {
    PodInfoPtr facts = info(pod);
    Prepared prepared = plugin->prepare(snapshot, *facts);
    if (prepared.rejection) return "rejected: " + *prepared.rejection;
    if (!prepared.filter) return "";
    Reasons reasons;
    Verdict verdict = prepared.filter->check(*snapshot.node(node), reasons);
    std::string out;
    for (const auto& [reason, count] : reasons.counts()) out += (out.empty() ? "" : ", ") + reason;
    return (verdict == Verdict::Unresolvable ? "!" : "") + out;
  }

  // By node name, over all nodes; empty when the plugin does not score the pod.
  std::map<std::string, std::int64_t> scores(const Pod& pod) const {
    PodInfoPtr facts = info(pod);
    Prepared prepared = plugin->prepare(snapshot, *facts);
    if (!prepared.scorer) return {};
    std::vector<std::int64_t> scores(snapshot.nodes().size());
    prepared.scorer->score(snapshot.nodes(), scores);
    std::map<std::string, std::int64_t> out;
    for (std::size_t i = 0; i < scores.size(); ++i) out[snapshot.nodes()[i]->name] = scores[i];
    return out;
  }

  std::unique_ptr<Plugin> plugin;
  Snapshot snapshot;
};

using Scores = std::map<std::string, std::int64_t>;

}  // namespace charon::scheduler::testing
