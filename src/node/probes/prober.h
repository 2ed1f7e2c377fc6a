// Prober: the startup, liveness and readiness probes of one running container (core/v1 Probe).
//
// Each probe is a coroutine with its own period. Liveness and readiness wait until startup has succeeded. A check that could
// not be made counts for nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/core/v1/types.h"
#include "node/cri/runtime.h"
#include "node/pod/memory.h"
#include "node/probes/check.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/scope.h"
#include "rt/sync.h"

namespace charon::node {

enum class ProbeKind : std::uint8_t { Startup, Liveness, Readiness };

class Prober {
 public:
  struct Running {
    rt::Duration age{};  // how long the container has been running
    ProbeState state;    // what is known already (after a restart of the agent: what was reported last)
  };
  // `changed` is called with the new state whenever it differs; `failed` for each check that did not succeed, with "failed: "
  // and the output, or why it could not be made.
  Prober(rt::Loop& loop, rt::Net& net, Runtime& runtime, core::v1::Container container, CheckTarget target, Running running,
         std::function<void(const ProbeState&)> changed, std::function<void(ProbeKind, std::string what)> failed);
  Prober(const Prober&) = delete;

  // The container is being stopped: only its readiness is still asked for.
  void stopping() { killing_.cancel(); }

 private:
  rt::Task<void> run(ProbeKind kind, core::v1::Probe probe);
  void apply(ProbeKind kind, bool success);

  rt::Loop& loop_;
  rt::Net& net_;
  Runtime& runtime_;
  core::v1::Container container_;
  CheckTarget target_;
  std::function<void(const ProbeState&)> changed_;
  std::function<void(ProbeKind, std::string)> failed_;
  ProbeState state_;
  rt::Instant running_since_;
  rt::Event started_;
  rt::Scope killing_;  // those whose failure ends the container
  rt::Scope asking_;
};

// "Liveness", ...
const char* probe_name(ProbeKind kind);

}  // namespace charon::node
