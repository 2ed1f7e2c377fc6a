// X.509 certificates and keys as PEM text, by OpenSSL 3. Pure: no files, no clock.
//
// Keys are ECDSA P-256 in PKCS #8. Certificates are version 3 with the extensions of RFC 5280 that Go's crypto/tls and OpenSSL
// ask for: basic constraints, key usage, extended key usage, subject and authority key identifiers, alternative names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace charon::x509 {

enum class CertificateUse : std::uint8_t { Authority, Server, Client };

// What a certificate says.
struct Certificate {
  CertificateUse use = CertificateUse::Client;
  std::string common_name;
  std::vector<std::string> organizations;  // Kubernetes reads them as groups
  std::vector<std::string> dns_names;      // sorted, as read back
  std::vector<std::string> ips;            // literal IPv4 and IPv6 addresses; sorted, as read back in OpenSSL's canonical text
  Time not_before;                         // whole seconds
  Time not_after;
};

// What signs. `certificate_pem` is empty for a self-signed authority.
struct Issuer {
  std::string certificate_pem;
  std::string key_pem;
};

Result<std::string> make_key_pem();
// The public half in SubjectPublicKeyInfo form ("BEGIN PUBLIC KEY").
Result<std::string> public_key_pem(const std::string& key_pem);

// Issues `wanted` for the key; the serial number is 16 bytes of the caller's choice, unpredictable by others (CA/B Forum).
// Invalid when an address is not literal.
Result<std::string> issue_certificate(const Certificate& wanted, const std::string& key_pem, const Issuer& issuer,
                                      const std::string& serial);

// Invalid when the text is not a PEM certificate.
Result<Certificate> read_certificate(const std::string& pem);
// Invalid when either text is not PEM of its kind.
Result<bool> certificate_has_key(const std::string& certificate_pem, const std::string& key_pem);
Result<bool> certificate_signed_by(const std::string& certificate_pem, const std::string& issuer_key_pem);

// "fd00::1" for "fd00:0:0::0001", so that addresses compare as text. Invalid when it is no literal address.
Result<std::string> canonical_ip(const std::string& text);

}  // namespace charon::x509
