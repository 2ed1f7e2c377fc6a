// One probe or hook of a container: does it succeed? (core/v1 ProbeHandler, LifecycleHandler)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/core/v1/types.h"
#include "base/result.h"
#include "node/cri/runtime.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/task.h"

namespace charon::node {

struct CheckTarget {
  std::string container_id;
  std::string pod_ip;
  std::vector<core::v1::ContainerPort> ports;  // for named ports
};

struct CheckResult {
  // Unknown: the check itself could not be made (the runtime is away, there is no such command): that tells nothing of the
  // container.
  enum class Outcome : std::uint8_t { Success, Failure, Unknown };
  Outcome outcome = Outcome::Unknown;
  std::string output;  // for events, in UTF-8: what the command printed, "HTTP probe failed with statuscode: 500", ...

  bool success() const { return outcome == Outcome::Success; }
};

// `limit` bounds the whole check. References must outlive the task.
rt::Task<CheckResult> check(rt::Loop& loop, rt::Net& net, Runtime& runtime, core::v1::ProbeHandler handler, CheckTarget target,
                            rt::Duration limit);

// The number of a port given by number or by name; NotFound when no port has the name.
Result<std::uint16_t> port_number(const IntOrString& port, const std::vector<core::v1::ContainerPort>& ports);

}  // namespace charon::node
