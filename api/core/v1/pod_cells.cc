#include "api/core/v1/pod_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "api/meta/v1/cells.h"
#include "codec/tree.h"

namespace charon::core::v1 {

using codec::find;
using codec::find_path;
using codec::string_at;
using codec::string_at_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::items_at;
using meta::v1::items_of;
using meta::v1::text_or;

namespace {

struct Restarts {
  std::int64_t count = 0;
  Time last;

  void add(const Value& container) {
    count += codec::int_at(container, "restartCount").value_or(0);
    last = std::max(last, meta::v1::time_of(find_path(container, {"lastState", "terminated", "finishedAt"})));
  }
};

const Value& status_of(const Value& pod) {
  static const Value kNone;
  const Value* status = find(pod, "status");
  return status == nullptr ? kNone : *status;
}

bool has_true_condition(const Value& status, std::string_view type) {
  return std::ranges::any_of(items_at(status, "conditions"), [&](const Value& condition) {
    return string_at(condition, "type") == type && string_at(condition, "status") == "True";
  });
}

bool is_sidecar(const codec::Array& init_containers, std::string_view name) {
  return std::ranges::any_of(init_containers, [&](const Value& container) {
    return string_at(container, "name") == name && string_at(container, "restartPolicy") == "Always";
  });
}

std::string exit_text(const Value& terminated) {
  if (std::string_view reason = string_at(terminated, "reason"); !reason.empty()) return std::string(reason);
  if (std::int64_t signal = codec::int_at(terminated, "signal").value_or(0)) return fmt::format("Signal:{}", signal);
  return fmt::format("ExitCode:{}", codec::int_at(terminated, "exitCode").value_or(0));
}

class PodRow {
 public:
  explicit PodRow(const Value& pod)
      : pod_(pod), status_(status_of(pod)), init_containers_(items_of(find_path(pod, {"spec", "initContainers"}))) {
    total_ = items_of(find_path(pod, {"spec", "containers"})).size();
    reason_ = text_or(string_at(status_, "reason"), string_at(status_, "phase"));
    for (const Value& condition : items_at(status_, "conditions"))
      if (string_at(condition, "type") == "PodScheduled" && string_at(condition, "reason") == "SchedulingGated")
        reason_ = "SchedulingGated";
    for (const Value& container : init_containers_)
      if (string_at(container, "restartPolicy") == "Always") ++total_;
    bool initializing = count_init_containers();
    if (!initializing || has_true_condition(status_, "Initialized")) count_containers();
    if (meta::v1::is_deleted(pod)) end();
  }

  void write(Time now, codec::Array& cells) const {
    add_cell(cells, fmt::format("{}/{}", ready_, total_));
    add_cell(cells, reason_);
    std::string restarts = std::to_string(restarts_.count);
    if (restarts_.count != 0 && !restarts_.last.is_zero())
      restarts += fmt::format(" ({} ago)", meta::v1::age_text(restarts_.last, now));
    add_cell(cells, restarts);
    const codec::Array& addresses = items_at(status_, "podIPs");
    add_cell(cells, text_or(addresses.empty() ? "" : string_at(addresses.front(), "ip")));
    add_cell(cells, text_or(string_at_path(pod_, {"spec", "nodeName"})));
    add_cell(cells, text_or(string_at(status_, "nominatedNodeName")));
    add_cell(cells, readiness_gates());
  }

 private:
  // False when all init containers are done, or are sidecars that have started.
  bool count_init_containers() {
    const codec::Array& statuses = items_at(status_, "initContainerStatuses");
    for (std::size_t i = 0; i < statuses.size(); ++i) {
      const Value& container = statuses[i];
      restarts_.add(container);
      bool sidecar = is_sidecar(init_containers_, string_at(container, "name"));
      if (sidecar) sidecar_restarts_.add(container);
      const Value* terminated = find_path(container, {"state", "terminated"});
      if (terminated != nullptr && codec::int_at(*terminated, "exitCode").value_or(0) == 0) continue;
      if (sidecar && codec::bool_at(container, "started").value_or(false)) {
        if (codec::bool_at(container, "ready").value_or(false)) ++ready_;
        continue;
      }
      std::string_view waiting = string_at_path(container, {"state", "waiting", "reason"});
      if (terminated != nullptr) {
        reason_ = "Init:" + exit_text(*terminated);
      } else if (!waiting.empty() && waiting != "PodInitializing") {
        reason_ = fmt::format("Init:{}", waiting);
      } else {
        reason_ = fmt::format("Init:{}/{}", i, init_containers_.size());
      }
      return true;
    }
    return false;
  }

  void count_containers() {
    restarts_ = sidecar_restarts_;
    bool running = false;
    const codec::Array& statuses = items_at(status_, "containerStatuses");
    for (std::size_t i = statuses.size(); i-- > 0;) {
      const Value& container = statuses[i];
      restarts_.add(container);
      if (std::string_view waiting = string_at_path(container, {"state", "waiting", "reason"}); !waiting.empty()) {
        reason_ = waiting;
      } else if (const Value* terminated = find_path(container, {"state", "terminated"})) {
        reason_ = exit_text(*terminated);
      } else if (codec::bool_at(container, "ready").value_or(false) && find_path(container, {"state", "running"}) != nullptr) {
        running = true;
        ++ready_;
      }
    }
    if (reason_ == "Completed" && running) reason_ = has_true_condition(status_, "Ready") ? "Running" : "NotReady";
  }

  void end() {
    std::string_view phase = string_at(status_, "phase");
    if (string_at(status_, "reason") == "NodeLost") {
      reason_ = "Unknown";
    } else if (phase != "Succeeded" && phase != "Failed") {
      reason_ = "Terminating";
    }
  }

  std::string readiness_gates() const {
    const codec::Array& gates = items_of(find_path(pod_, {"spec", "readinessGates"}));
    if (gates.empty()) return "<none>";
    auto open = std::ranges::count_if(
        gates, [&](const Value& gate) { return has_true_condition(status_, string_at(gate, "conditionType")); });
    return fmt::format("{}/{}", open, gates.size());
  }

  const Value& pod_;
  const Value& status_;
  const codec::Array& init_containers_;
  std::size_t ready_ = 0;
  std::size_t total_ = 0;
  std::string reason_;
  Restarts restarts_;
  Restarts sidecar_restarts_;
};

}  // namespace

void pod_cells(const Value& pod, Time now, codec::Array& cells) { PodRow(pod).write(now, cells); }

}  // namespace charon::core::v1
