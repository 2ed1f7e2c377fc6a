// Prober: the startup, liveness and readiness probes of one running container (core/v1 Probe).
//
// Each probe is a coroutine with its own period. Liveness and readiness wait until startup has succeeded.
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
  // `initial`: what is known already (after a restart of the agent: what was reported last).
  // `changed` is called with the new state whenever it differs; `failed` for each check that did not succeed.
  Prober(rt::Loop& loop, rt::Net& net, Runtime& runtime, core::v1::Container container, CheckTarget target,
         ProbeState initial, std::function<void(const ProbeState&)> changed, std::function<void(ProbeKind, std::string output)> failed);
  Prober(const Prober&) = delete;

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
  rt::Event started_;
  rt::Scope scope_;
};

// "Liveness", ...
const char* probe_name(ProbeKind kind);

}  // namespace charon::node
