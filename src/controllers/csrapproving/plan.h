// Approval of the certificate requests of nodes: who may create certificatesigningrequests/nodeclient gets a node's client
// certificate, and a node that may create .../selfnodeclient its own next one. All others wait for a person.
//
// Source: k8s.io/kubernetes pkg/controller/certificates/approver.
#pragma once

#include "api/certificates/v1/types.h"
#include "base/time.h"
#include "control/plan.h"

namespace charon::controllers::csrapproving {

// Asks the server first whether the requester may; approves when he may.
control::Plan plan_approval(const certificates::v1::CertificateSigningRequest& request, Time now);

}  // namespace charon::controllers::csrapproving
