// OpenSSL's objects with owners, and the readings that certificates and requests share. Private to x509/.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace charon::x509 {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* value) const {
    Free(value);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Freer<X509_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;

struct AlternativeNames {
  std::vector<std::string> dns_names;
  std::vector<std::string> ips;
  std::vector<std::string> emails;
  std::vector<std::string> uris;
};

// `what`, with OpenSSL's reason where there is one.
std::unexpected<Error> openssl_failed(Reason reason, const std::string& what);
Bio reader(const std::string& text);
std::string text_of(BIO* bio);
Result<Key> parse_key(const std::string& pem);
Result<X509Ptr> parse_certificate(const std::string& pem);
// The values of all entries of one sort, in their order.
std::vector<std::string> entries(const X509_NAME* name, int nid);
// `names` may be null.
AlternativeNames alternative_names(const GENERAL_NAMES* names);
bool add_extension(X509* certificate, X509* issuer, int nid, const char* text);
// 16 bytes of the caller's, made positive and not zero (RFC 5280, 4.1.2.2).
bool set_serial(X509* certificate, std::string bytes);

}  // namespace charon::x509
