// Which run of a container a request for its log means.
#pragma once

#include <string>

#include "api/core/v1/types.h"
#include "base/result.h"

namespace charon::node {

struct LogSource {
  std::string pod;
  std::string container;
  bool previous = false;  // the run before
};

// The runtime's id of the container. BadRequest, in the kubelet's words, when there is nothing to read (yet). A container that
// is held back after a crash shows its last run, which is also the previous one.
Result<std::string> log_container_id(const core::v1::PodStatus& status, const LogSource& source);

}  // namespace charon::node
