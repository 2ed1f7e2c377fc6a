// OpenSSL's objects with owners, and how they are read from PEM text: for the modules that speak OpenSSL (x509, jose, net).
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
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

// `what`, with OpenSSL's last complaint in this thread where there is one. None is left afterwards.
std::unexpected<Error> openssl_failed(Reason reason, const std::string& what);

Bio reader(std::string_view text);  // reads `text`, which must outlive it
Bio writer();
std::string text_of(BIO* bio);  // what was written so far

// The first one in the PEM text; Invalid when there is none. A key under a pass phrase is one that cannot be read.
Result<Key> parse_key(std::string_view pem);
Result<Key> parse_public_key(std::string_view pem);
Result<X509Ptr> parse_certificate(std::string_view pem);
// All of them, at least one, in their order; Invalid when one is broken.
Result<std::vector<X509Ptr>> parse_certificates(std::string_view pem);

// The values of all entries of one sort, in their order.
std::vector<std::string> entries(const X509_NAME* name, int nid);

}  // namespace charon::x509
