// What is asked of certificate signing requests beyond their fields, as the plugins of these names do in Kubernetes:
//   CertificateApproval            only who may "approve" for a signer approves or denies its requests
//   CertificateSigning             only who may "sign" for a signer writes certificates and failures
//   CertificateSubjectRestriction  nobody gets a client certificate of system:masters
// The requester's name, groups and uid are the server's to fill in, and so are the times of conditions.
#pragma once

#include <memory>

#include "rt/loop.h"
#include "server/admission/admission.h"
#include "server/cache.h"

namespace charon::server {

std::unique_ptr<AdmissionPlugin> make_certificate_requests(const rt::Clock& clock);
std::unique_ptr<AdmissionPlugin> make_certificate_approval(Caches& caches);
std::unique_ptr<AdmissionPlugin> make_certificate_signing(Caches& caches);
std::unique_ptr<AdmissionPlugin> make_certificate_subject_restriction();

}  // namespace charon::server
