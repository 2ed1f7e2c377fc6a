#include "controllers/csrsigning/plan.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "model/certificate_signers.h"
#include "x509/request.h"

namespace charon::controllers::csrsigning {
namespace {

using certificates::v1::CertificateSigningRequest;

// A certificate is valid since a little before it was made, for peers whose clocks are behind; of long ones the end moves too.
constexpr std::int64_t kBackdateSeconds = 300;
constexpr std::int64_t kShortSeconds = 8 * 3600;
constexpr std::size_t kSerialBytes = 16;

bool has_condition(const CertificateSigningRequest& request, std::string_view type) {
  return std::ranges::any_of(request.status.conditions,
                             [type](const auto& condition) { return condition.type == type && condition.status == "True"; });
}

// The same request has the same number, which nobody without the authority's key can foresee.
std::string serial_of(const std::string& uid, const std::string& key_pem) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  HMAC(EVP_sha256(), key_pem.data(), static_cast<int>(key_pem.size()), reinterpret_cast<const unsigned char*>(uid.data()),
       uid.size(), reinterpret_cast<unsigned char*>(digest.data()), &size);
  digest.resize(kSerialBytes);
  return digest;
}

x509::Grant grant_of(const CertificateSigningRequest& request, const x509::Certificate& authority, Time now) {
  const std::int64_t seconds =
      std::clamp<std::int64_t>(request.spec.expirationSeconds.value_or(kLongestSeconds), kShortestSeconds, kLongestSeconds);
  x509::Grant grant;
  grant.usages = request.spec.usages;
  grant.not_before = Time{now.seconds - kBackdateSeconds};
  grant.not_after = Time{now.seconds + seconds - (seconds >= kShortSeconds ? kBackdateSeconds : 0)};
  grant.not_after.seconds = std::min(grant.not_after.seconds, authority.not_after.seconds);
  return grant;
}

Result<std::string> sign(const CertificateSigningRequest& request, const x509::Issuer& authority, Time now) {
  TRY_ASSIGN(x509::SigningRequest asked, x509::read_request(request.spec.request));
  TRY(model::check_certificate_request(request.spec.signerName, asked, request.spec.usages));
  TRY_ASSIGN(x509::Certificate certificate, x509::read_certificate(authority.certificate_pem));
  return x509::sign_request(request.spec.request, grant_of(request, certificate, now), authority,
                            serial_of(request.metadata.uid, authority.key_pem));
}

}  // namespace

control::Plan plan_signing(const CertificateSigningRequest& request, const x509::Issuer& authority, Time now) {
  control::Plan plan;
  if (authority.key_pem.empty() || !model::is_known_signer(request.spec.signerName)) return plan;
  if (!request.status.certificate.empty() || !has_condition(request, "Approved") || has_condition(request, "Denied") ||
      has_condition(request, "Failed"))
    return plan;
  CertificateSigningRequest changed = request;
  auto certificate = sign(request, authority, now);
  if (certificate) {
    changed.status.certificate = *std::move(certificate);
  } else {
    auto& condition = changed.status.conditions.emplace_back();
    condition.type = "Failed";
    condition.status = "True";
    condition.reason = "SignerValidationFailure";
    condition.message = certificate.error().message;
    condition.lastUpdateTime = Time{now.seconds};
  }
  plan.update_status(changed).missing_is_fine = true;
  return plan;
}

}  // namespace charon::controllers::csrsigning
