#include "server/admission/certificates/certificates.h"

#include "api/certificates/v1/types.h"
#include "base/bytes.h"
#include "base/time.h"
#include "codec/tree.h"
#include "model/certificate_signers.h"
#include "schema/convert.h"
#include "server/authz/rbac.h"
#include "x509/request.h"

namespace charon::server {
namespace {

using certificates::v1::CertificateSigningRequest;
using codec::Object;
using codec::Value;

constexpr std::string_view kGroup = "certificates.k8s.io";

bool is_request(const AdmissionReview& review) {
  const model::Kind& kind = *review.request->kind;
  return kind.gv.group == kGroup && kind.plural == "certificatesigningrequests" && review.object != nullptr;
}

Value texts(const std::vector<std::string>& list) {
  codec::Array array;
  for (const std::string& text : list) array.emplace_back(text);
  return array;
}

class CertificateRequests final : public AdmissionPlugin {
 public:
  explicit CertificateRequests(const rt::Clock& clock) : clock_(clock) {}
  std::string_view name() const override { return "CertificateRequests"; }

  rt::Task<Result<void>> admit(AdmissionReview review) override {
    if (!is_request(review)) co_return Result<void>();
    if (review.operation == Operation::Create) set_requester(review.request->user, *review.object);
    if (review.operation == Operation::Update) set_times(*review.object);
    co_return Result<void>();
  }

 private:
  static void set_requester(const User& user, Value& object) {
    Object& spec = codec::ensure_object(object, {"spec"});
    for (std::string_view member : {"username", "uid", "groups", "extra"}) spec.erase(member);
    spec["username"] = user.name;
    if (!user.uid.empty()) spec["uid"] = user.uid;
    if (!user.groups.empty()) spec["groups"] = texts(user.groups);
    Object extra;
    for (const auto& [key, values] : user.extra) extra[key] = texts(values);
    if (!extra.empty()) spec["extra"] = std::move(extra);
  }

  void set_times(Value& object) const {
    Value* status = codec::find(object, "status");
    Value* conditions = status != nullptr ? codec::find(*status, "conditions") : nullptr;
    if (conditions == nullptr || !conditions->is_array()) return;
    std::string now = format_rfc3339(clock_.wall());
    for (Value& condition : conditions->get_array()) {
      if (!condition.is_object()) continue;
      for (std::string_view member : {"lastUpdateTime", "lastTransitionTime"})
        if (codec::string_at(condition, member).empty()) condition.get_object()[member] = now;
    }
  }

  const rt::Clock& clock_;
};

// Whether the user has the verb on the signer, by its name or by "<its domain>/*".
bool may(const Authorizer& authorizer, const User& user, std::string_view verb, const std::string& signer) {
  Attributes attributes{.user = &user, .verb = verb, .group = kGroup, .version = "*", .resource = "signers"};
  attributes.name = signer;
  if (authorizer.authorize(attributes).allowed) return true;
  attributes.name = signer.substr(0, signer.find('/')) + "/*";
  return authorizer.authorize(attributes).allowed;
}

class CertificateApproval final : public AdmissionPlugin {
 public:
  explicit CertificateApproval(Caches& caches) : authorizer_(make_rbac_authorizer(caches)) {}
  std::string_view name() const override { return "CertificateApproval"; }

  rt::Task<Result<void>> validate(AdmissionReview review) override {
    bool approves = is_request(review) && review.operation == Operation::Update && review.request->subresource == "approval";
    if (!approves) co_return Result<void>();
    const std::string& signer = review.before->as<CertificateSigningRequest>()->spec.signerName;
    if (may(*authorizer_, review.request->user, "approve", signer)) co_return Result<void>();
    co_return fail(
        admission_forbidden(*review.request, "user not permitted to approve requests with signerName \"" + signer + "\""));
  }

 private:
  std::unique_ptr<Authorizer> authorizer_;
};

class CertificateSigning final : public AdmissionPlugin {
 public:
  explicit CertificateSigning(Caches& caches) : authorizer_(make_rbac_authorizer(caches)) {}
  std::string_view name() const override { return "CertificateSigning"; }

  rt::Task<Result<void>> validate(AdmissionReview review) override {
    bool writes = is_request(review) && review.operation == Operation::Update && review.request->subresource == "status";
    if (!writes) co_return Result<void>();
    CO_TRY_ASSIGN(auto after, schema::from_tree<CertificateSigningRequest>(*review.object));
    auto before = review.before->as<CertificateSigningRequest>();
    if (after.status == before->status) co_return Result<void>();
    const std::string& signer = before->spec.signerName;
    if (may(*authorizer_, review.request->user, "sign", signer)) co_return Result<void>();
    co_return fail(
        admission_forbidden(*review.request, "user not permitted to sign requests with signerName \"" + signer + "\""));
  }

 private:
  std::unique_ptr<Authorizer> authorizer_;
};

class CertificateSubjectRestriction final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "CertificateSubjectRestriction"; }

  rt::Task<Result<void>> validate(AdmissionReview review) override {
    if (!is_request(review) || review.operation != Operation::Create || !review.request->subresource.empty())
      co_return Result<void>();
    CO_TRY_ASSIGN(auto asked, schema::from_tree<CertificateSigningRequest>(*review.object));
    if (asked.spec.signerName != model::kClientSigner) co_return Result<void>();
    auto request = x509::read_request(asked.spec.request);
    if (!request) co_return fail(admission_forbidden(*review.request, "failed to parse CSR: " + request.error().message));
    for (const std::string& group : request->organizations)
      if (group == "system:masters")
        co_return fail(admission_forbidden(
            *review.request, "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed"));
    co_return Result<void>();
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_certificate_requests(const rt::Clock& clock) {
  return std::make_unique<CertificateRequests>(clock);
}
std::unique_ptr<AdmissionPlugin> make_certificate_approval(Caches& caches) {
  return std::make_unique<CertificateApproval>(caches);
}
std::unique_ptr<AdmissionPlugin> make_certificate_signing(Caches& caches) {
  return std::make_unique<CertificateSigning>(caches);
}
std::unique_ptr<AdmissionPlugin> make_certificate_subject_restriction() {
  return std::make_unique<CertificateSubjectRestriction>();
}

}  // namespace charon::server
