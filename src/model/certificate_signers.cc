#include "model/certificate_signers.h"

#include <set>

namespace charon::model {
namespace {

using Usages = std::set<std::string, std::less<>>;

std::unexpected<Error> refuse(std::string why) { return fail(Reason::Invalid, std::move(why)); }

// A key that is not RSA enciphers no keys, so that this usage may be left out.
Result<void> check_usages(const std::vector<std::string>& given, Usages needed) {
  const Usages usages(given.begin(), given.end());
  if (usages == needed) return {};
  std::string text = "usages did not match [";
  for (const std::string& usage : needed) text += (text.back() == '[' ? "" : " ") + usage;
  needed.erase("key encipherment");
  if (usages == needed) return {};
  return refuse(text + "]");
}

Result<void> check_node_subject(const x509::SigningRequest& request) {
  if (request.organizations != std::vector<std::string>{"system:nodes"})
    return refuse("subject organization is not system:nodes");
  return {};
}

Result<void> check_node_name(const x509::SigningRequest& request) {
  if (!request.common_name.starts_with("system:node:")) return refuse("subject common name does not begin with system:node:");
  return {};
}

Result<void> check_kubelet_client(const x509::SigningRequest& request, const std::vector<std::string>& usages) {
  TRY(check_node_subject(request));
  if (!request.dns_names.empty()) return refuse("DNS subjectAltNames are not allowed");
  if (!request.emails.empty()) return refuse("Email subjectAltNames are not allowed");
  if (!request.ips.empty()) return refuse("IP subjectAltNames are not allowed");
  if (!request.uris.empty()) return refuse("URI subjectAltNames are not allowed");
  TRY(check_usages(usages, {"client auth", "digital signature", "key encipherment"}));
  return check_node_name(request);
}

Result<void> check_kubelet_serving(const x509::SigningRequest& request, const std::vector<std::string>& usages) {
  TRY(check_node_subject(request));
  if (request.dns_names.empty() && request.ips.empty()) return refuse("DNS or IP subjectAltName is required");
  if (!request.emails.empty()) return refuse("Email subjectAltNames are not allowed");
  if (!request.uris.empty()) return refuse("URI subjectAltNames are not allowed");
  TRY(check_usages(usages, {"digital signature", "key encipherment", "server auth"}));
  return check_node_name(request);
}

Result<void> check_client(const std::vector<std::string>& usages) {
  bool client = false;
  for (const std::string& usage : usages) {
    client = client || usage == "client auth";
    if (usage != "client auth" && usage != "digital signature" && usage != "key encipherment")
      return refuse("invalid usage for client certificate: " + usage);
  }
  if (!client) return refuse("missing required usage for client certificate: client auth");
  return {};
}

}  // namespace

bool is_known_signer(std::string_view signer) {
  return signer == kClientSigner || signer == kKubeletClientSigner || signer == kKubeletServingSigner;
}

Result<void> check_certificate_request(std::string_view signer, const x509::SigningRequest& request,
                                       const std::vector<std::string>& usages) {
  if (signer == kClientSigner) return check_client(usages);
  if (signer == kKubeletClientSigner) return check_kubelet_client(request, usages);
  if (signer == kKubeletServingSigner) return check_kubelet_serving(request, usages);
  return refuse("unknown signer " + std::string(signer));
}

}  // namespace charon::model
