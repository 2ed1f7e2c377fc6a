// Removal of certificate requests that are of no more use: answered for an hour, unanswered for a day, or with a certificate
// that has expired.
//
// Source: k8s.io/kubernetes pkg/controller/certificates/cleaner.
#pragma once

#include "api/certificates/v1/types.h"
#include "base/time.h"
#include "control/plan.h"

namespace charon::controllers::csrcleaner {

inline constexpr std::int64_t kAnsweredSeconds = 3600;
inline constexpr std::int64_t kPendingSeconds = 24 * 3600;

control::Plan plan_cleaning(const certificates::v1::CertificateSigningRequest& request, Time now);

}  // namespace charon::controllers::csrcleaner
