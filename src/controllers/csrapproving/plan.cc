#include "controllers/csrapproving/plan.h"

#include "api/authorization/v1/types.h"
#include "model/certificate_signers.h"
#include "schema/convert.h"
#include "x509/request.h"

namespace charon::controllers::csrapproving {
namespace {

using authorization::v1::SubjectAccessReview;
using certificates::v1::CertificateSigningRequest;

enum Stage : int { kAsk, kApprove };

bool is_decided(const CertificateSigningRequest& request) {
  if (!request.status.certificate.empty()) return true;
  for (const auto& condition : request.status.conditions)
    if (condition.type == "Approved" || condition.type == "Denied") return true;
  return false;
}

codec::Value question(const CertificateSigningRequest& request, std::string subresource) {
  SubjectAccessReview review;
  review.spec.user = request.spec.username;
  review.spec.uid = request.spec.uid;
  review.spec.groups = request.spec.groups;
  review.spec.extra = request.spec.extra;
  auto& asked = review.spec.resourceAttributes.emplace();
  asked.group = "certificates.k8s.io";
  asked.resource = "certificatesigningrequests";
  asked.verb = "create";
  asked.subresource = std::move(subresource);
  return schema::tree_from_struct(SubjectAccessReview::table(), &review);
}

}  // namespace

control::Plan plan_approval(const CertificateSigningRequest& request, Time now) {
  control::Plan plan;
  if (is_decided(request) || request.spec.signerName != model::kKubeletClientSigner) return plan;
  auto asked = x509::read_request(request.spec.request);
  if (!asked || !model::check_certificate_request(request.spec.signerName, *asked, request.spec.usages)) return plan;
  const bool own = request.spec.username == asked->common_name;
  codec::Array questions;
  if (own) questions.push_back(question(request, "selfnodeclient"));
  questions.push_back(question(request, "nodeclient"));
  plan.expect_allowed(client::kind_of<SubjectAccessReview>(), std::move(questions)).stage = kAsk;

  CertificateSigningRequest approved = request;
  auto& condition = approved.status.conditions.emplace_back();
  condition.type = "Approved";
  condition.status = "True";
  condition.reason = "AutoApproved";
  condition.message = own ? "Auto approving self kubelet client certificate after SubjectAccessReview."
                          : "Auto approving kubelet client certificate after SubjectAccessReview.";
  condition.lastUpdateTime = Time{now.seconds};
  control::Write& write = plan.update(approved);
  write.resource.subresource = "approval";
  write.missing_is_fine = true;
  write.stage = kApprove;
  return plan;
}

}  // namespace charon::controllers::csrapproving
