// What /metrics says of the process itself: process_* as every Prometheus client library has them.
#pragma once

#include "base/metrics.h"
#include "rt/files.h"

namespace charon::cmd {

// Reads /proc at each exposition. The files must outlive the metrics' use.
void add_process_metrics(Metrics& metrics, const rt::Files& files);

}  // namespace charon::cmd
