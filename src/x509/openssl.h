// What certificates and requests share. Private to x509/.
#pragma once

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "x509/handles.h"

namespace charon::x509 {

using RequestPtr = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;

struct AlternativeNames {
  std::vector<std::string> dns_names;
  std::vector<std::string> ips;
  std::vector<std::string> emails;
  std::vector<std::string> uris;
};

// `names` may be null.
AlternativeNames alternative_names(const GENERAL_NAMES* names);
bool add_extension(X509* certificate, X509* issuer, int nid, const char* text);
// 16 bytes of the caller's, made positive and not zero (RFC 5280, 4.1.2.2).
bool set_serial(X509* certificate, std::string bytes);

}  // namespace charon::x509
