#include "server/front/inflight.h"

namespace charon::server {

Inflight::Inflight(InflightLimits limits, Metrics& metrics) {
  auto& gauge = metrics.gauge("apiserver_current_inflight_requests",
                              "Requests being served, those left out that last as long as the client wants.", {"request_kind"});
  of(Sort::Read) = {limits.reads, 0, &gauge.counter({"readOnly"})};
  of(Sort::Write) = {limits.writes, 0, &gauge.counter({"mutating"})};
}

bool Inflight::has_room(Sort sort) const {
  const Class& counted = classes_[static_cast<std::size_t>(sort)];
  return counted.limit == 0 || counted.now < counted.limit;
}

}  // namespace charon::server
