#include "node/probes/prober.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace charon::node {

const char* probe_name(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::Startup:
      return "Startup";
    case ProbeKind::Liveness:
      return "Liveness";
    case ProbeKind::Readiness:
      return "Readiness";
  }
  return "";
}

Prober::Prober(rt::Loop& loop, rt::Net& net, Runtime& runtime, core::v1::Container container, CheckTarget target,
               Running running, std::function<void(const ProbeState&)> changed,
               std::function<void(ProbeKind, std::string)> failed)
    : loop_(loop),
      net_(net),
      runtime_(runtime),
      container_(std::move(container)),
      target_(std::move(target)),
      changed_(std::move(changed)),
      failed_(std::move(failed)),
      state_(std::move(running.state)),
      running_since_(loop.clock().now() - running.age),
      started_(loop),
      killing_(loop),
      asking_(loop) {
  state_.container_id = target_.container_id;
  state_.started = state_.started || !container_.startupProbe;
  if (state_.started) started_.set();
  if (container_.startupProbe && !state_.started) killing_.spawn(run(ProbeKind::Startup, *container_.startupProbe));
  if (container_.livenessProbe) killing_.spawn(run(ProbeKind::Liveness, *container_.livenessProbe));
  if (container_.readinessProbe) asking_.spawn(run(ProbeKind::Readiness, *container_.readinessProbe));
}

void Prober::apply(ProbeKind kind, bool success) {
  if (kind == ProbeKind::Readiness) {
    if (state_.ready == success) return;
    state_.ready = success;
  } else if (!success) {
    if (!state_.unhealthy.empty()) return;
    std::string lower = kind == ProbeKind::Startup ? "startup" : "liveness";
    state_.unhealthy = "Container " + container_.name + " failed " + lower + " probe, will be restarted";
  } else if (kind == ProbeKind::Startup) {
    if (state_.started) return;
    state_.started = true;
    started_.set();
  } else {
    return;
  }
  changed_(state_);
}

rt::Task<void> Prober::run(ProbeKind kind, core::v1::Probe probe) {
  if (kind != ProbeKind::Startup) co_await started_.wait();
  const auto period = std::chrono::seconds(probe.periodSeconds > 0 ? probe.periodSeconds : 10);
  const auto limit = std::chrono::seconds(std::max(probe.timeoutSeconds, 1));
  const int failures_needed = probe.failureThreshold > 0 ? probe.failureThreshold : 3;
  const int successes_needed = probe.successThreshold > 0 ? probe.successThreshold : 1;
  const rt::Instant first = running_since_ + std::chrono::seconds(probe.initialDelaySeconds);
  if (first > loop_.clock().now()) co_await rt::sleep_until(loop_, first);
  int in_row = 0;
  bool last = false;
  for (;;) {
    rt::Instant next = loop_.clock().now() + period;
    CheckResult result = co_await check(loop_, net_, runtime_, probe.handler, target_, limit);
    if (result.outcome == CheckResult::Outcome::Unknown) {
      failed_(kind, "errored and resulted in unknown state: " + result.output);
      co_await rt::sleep_until(loop_, next);
      continue;
    }
    in_row = result.success() == last ? in_row + 1 : 1;
    last = result.success();
    if (!last) failed_(kind, "failed: " + result.output);
    if (in_row >= (last ? successes_needed : failures_needed)) apply(kind, last);
    // Startup is asked only until it has an answer.
    if (kind == ProbeKind::Startup && (state_.started || !state_.unhealthy.empty())) co_return;
    co_await rt::sleep_until(loop_, next);
  }
}

}  // namespace charon::node
