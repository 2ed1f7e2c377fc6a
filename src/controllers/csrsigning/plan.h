// Signing of approved certificate requests with the cluster's authority, for the signers of kubernetes.io. What a signer does
// not sign fails with the reason.
//
// Source: k8s.io/kubernetes pkg/controller/certificates/{signer,authority}.
#pragma once

#include <string>

#include "api/certificates/v1/types.h"
#include "base/time.h"
#include "control/plan.h"
#include "x509/certificate.h"

namespace charon::controllers::csrsigning {

// The lifetime of a certificate: what was asked for, from ten minutes to a year; a year when nothing was, and never longer than
// the authority.
inline constexpr std::int64_t kShortestSeconds = 600;
inline constexpr std::int64_t kLongestSeconds = 365LL * 86400;

control::Plan plan_signing(const certificates::v1::CertificateSigningRequest& request, const x509::Issuer& authority, Time now);

}  // namespace charon::controllers::csrsigning
