// Certificates made on the spot. For tests only.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <string>
#include <vector>

#include "net/tls.h"

namespace charon::net {

struct CertificateWish {
  std::string common_name;
  std::vector<std::string> organizations;
  std::string alt_names;  // "DNS:localhost,IP:127.0.0.1"
  bool ca = false;
  long valid_s = 3600;
};

class TestAuthority {
 public:
  TestAuthority() : key_(EVP_EC_gen("P-256")), certificate_(make({.common_name = "test CA", .ca = true}, key_)) {}
  TestAuthority(const TestAuthority&) = delete;
  ~TestAuthority() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }

  std::string ca_pem() const { return pem(certificate_); }
  KeyPair issue(const CertificateWish& wish) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = make(wish, key);
    KeyPair pair;
    pair.certificate_pem = pem(certificate);
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    pair.key_pem = drain(out);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return pair;
  }

 private:
  X509* make(const CertificateWish& wish, EVP_PKEY* key) {
    X509* made = X509_new();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made), wish.valid_s < 0 ? 2 * wish.valid_s : -60);
    X509_gmtime_adj(X509_getm_notAfter(made), wish.valid_s);
    X509_set_pubkey(made, key);
    X509_NAME* name = X509_get_subject_name(made);
    for (const std::string& organization : wish.organizations) add_name(name, "O", organization);
    add_name(name, "CN", wish.common_name);
    X509* issuer = wish.ca ? made : certificate_;
    X509_set_issuer_name(made, X509_get_subject_name(issuer));
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, made, nullptr, nullptr, 0);
    if (wish.ca) extend(made, &context, NID_basic_constraints, "critical,CA:TRUE");
    if (!wish.alt_names.empty()) extend(made, &context, NID_subject_alt_name, wish.alt_names.c_str());
    X509_sign(made, key_, EVP_sha256());
    return made;
  }
  static void add_name(X509_NAME* name, const char* type, const std::string& value) {
    X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                               static_cast<int>(value.size()), -1, 0);
  }
  static void extend(X509* certificate, X509V3_CTX* context, int nid, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, context, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  static std::string pem(X509* certificate) {
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(out, certificate);
    return drain(out);
  }
  static std::string drain(BIO* out) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out, &bytes);
    std::string text(bytes, static_cast<std::size_t>(size));
    BIO_free(out);
    return text;
  }

  EVP_PKEY* key_;
  long serial_ = 0;
  X509* certificate_;
};

}  // namespace charon::net
