#include "controllers/csrcleaner/plan.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "x509/certificate.h"

namespace charon::controllers::csrcleaner {
namespace {

using certificates::v1::CertificateSigningRequest;

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// When the request goes; kNever while it is approved and waits for its signer.
std::int64_t deadline_of(const CertificateSigningRequest& request) {
  if (request.status.conditions.empty()) return request.metadata.creationTimestamp.seconds + kPendingSeconds;
  std::int64_t deadline = kNever;
  const bool issued = !request.status.certificate.empty();
  for (const auto& condition : request.status.conditions) {
    bool answered = condition.type == "Denied" || condition.type == "Failed" || (condition.type == "Approved" && issued);
    if (answered) deadline = std::min(deadline, condition.lastUpdateTime.seconds + kAnsweredSeconds);
  }
  if (!issued) return deadline;
  auto certificate = x509::read_certificate(request.status.certificate);
  return certificate ? std::min(deadline, certificate->not_after.seconds) : deadline;
}

}  // namespace

control::Plan plan_cleaning(const CertificateSigningRequest& request, Time now) {
  control::Plan plan;
  const std::int64_t deadline = deadline_of(request);
  if (deadline == kNever) return plan;
  if (deadline <= now.seconds) {
    plan.remove(request);
  } else {
    plan.requeue(std::chrono::seconds(deadline - now.seconds));
  }
  return plan;
}

}  // namespace charon::controllers::csrcleaner
