// A store that counts and times what another one does, under the names by which Kubernetes' dashboards know its own:
// etcd_request_duration_seconds, etcd_requests_total and etcd_request_errors_total, by operation, group and resource.
//
// Keys are "/registry/<group>/<resource>/..."; a commit of several writes counts as its first. A refused precondition is no
// error. On the store's loop.
#pragma once

#include <memory>

#include "base/metrics.h"
#include "rt/loop.h"
#include "store/store.h"

namespace charon::store {

// The clock and the metrics must outlive it.
std::unique_ptr<Store> make_measured_store(std::unique_ptr<Store> store, const rt::Clock& clock, Metrics& metrics);

}  // namespace charon::store
