// Certificate signing requests (PKCS #10, RFC 2986) as PEM text, read and signed. Pure: no files, no clock.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "x509/certificate.h"

namespace charon::x509 {

// What a request asks for.
struct SigningRequest {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> dns_names;
  std::vector<std::string> ips;  // an empty text stands for what is no address
  std::vector<std::string> emails;
  std::vector<std::string> uris;
};

// The largest request that is read; longer ones have no use.
inline constexpr std::size_t kMaxRequestBytes = 64u << 10;

// Invalid when the text is not one PEM block of a request, or its signature is not by the key that it is for.
Result<SigningRequest> read_request(const std::string& pem);

// What the signer puts into the certificate beside subject, alternative names and key, which are the request's.
struct Grant {
  std::vector<std::string> usages;  // certificates.k8s.io KeyUsage: "digital signature", "client auth" ...
  Time not_before;                  // whole seconds
  Time not_after;
};

// Invalid when the request cannot be read or a usage is unknown. `serial`: as in issue_certificate.
Result<std::string> sign_request(const std::string& request_pem, const Grant& grant, const Issuer& issuer,
                                 const std::string& serial);

// A request for `key_pem`, as a client makes it.
Result<std::string> make_request(const SigningRequest& wanted, const std::string& key_pem);

}  // namespace charon::x509
