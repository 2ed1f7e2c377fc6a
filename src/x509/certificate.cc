#include "x509/certificate.h"

#include <arpa/inet.h>
#include <openssl/ec.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "x509/openssl.h"

namespace charon::x509 {
namespace {

Time time_of(const ASN1_TIME* when) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(when, &parts) != 1) return Time{};
  return Time{timegm(&parts), 0};
}

void read_names(X509* certificate, Certificate& into) {
  const Names names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  AlternativeNames read = alternative_names(names.get());
  into.dns_names = std::move(read.dns_names);
  into.ips = std::move(read.ips);
  std::ranges::sort(into.dns_names);
  std::ranges::sort(into.ips);
}

// Typed, not MBSTRING_UTF8, with which OpenSSL would refuse names of more than 64 bytes; node names have up to 253.
bool add_entry(X509_NAME* name, int nid, const std::string& text) {
  return X509_NAME_add_entry_by_NID(name, nid, V_ASN1_UTF8STRING, reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool set_subject(X509* certificate, const Certificate& wanted) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  for (const auto& organization : wanted.organizations) {
    if (!add_entry(subject, NID_organizationName, organization)) return false;
  }
  return add_entry(subject, NID_commonName, wanted.common_name);
}

bool add_use(X509* certificate, X509* issuer, CertificateUse use) {
  const auto add = [&](int nid, const char* text) { return add_extension(certificate, issuer, nid, text); };
  if (!add(NID_subject_key_identifier, "hash")) return false;
  switch (use) {
    case CertificateUse::Authority:
      return add(NID_basic_constraints, "critical,CA:TRUE") &&
             add(NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign");
    case CertificateUse::Server:
    case CertificateUse::Client:
      return add(NID_authority_key_identifier, "keyid:always") && add(NID_basic_constraints, "critical,CA:FALSE") &&
             add(NID_key_usage, "critical,digitalSignature") &&
             add(NID_ext_key_usage, use == CertificateUse::Server ? "serverAuth" : "clientAuth");
  }
  return false;
}

// Built as structures, not through OpenSSL's configuration syntax, in which a name with a comma would be two.
Result<void> add_names(X509* certificate, const Certificate& wanted) {
  if (wanted.dns_names.empty() && wanted.ips.empty()) return {};
  const Names names(GENERAL_NAMES_new());
  const auto push = [&](int type, ASN1_STRING* value) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, type, value);
    sk_GENERAL_NAME_push(names.get(), name);
  };
  for (const auto& dns : wanted.dns_names) {
    ASN1_IA5STRING* value = ASN1_IA5STRING_new();
    ASN1_STRING_set(value, dns.data(), static_cast<int>(dns.size()));
    push(GEN_DNS, value);
  }
  for (const auto& ip : wanted.ips) {
    ASN1_OCTET_STRING* value = a2i_IPADDRESS(ip.c_str());
    if (value == nullptr) return openssl_failed(Reason::Invalid, "'" + ip + "' is not an IP address");
    push(GEN_IPADD, value);
  }
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) != 1) {
    return openssl_failed(Reason::InternalError, "cannot add the alternative names");
  }
  return {};
}

}  // namespace

Result<std::string> make_key_pem() {
  const Key key(EVP_EC_gen("P-256"));
  const Bio bio = writer();
  if (key == nullptr || PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_failed(Reason::InternalError, "cannot make a key");
  }
  return text_of(bio.get());
}

Result<std::string> public_key_pem(const std::string& key_pem) {
  TRY_ASSIGN(const Key key, parse_key(key_pem));
  const Bio bio = writer();
  if (PEM_write_bio_PUBKEY(bio.get(), key.get()) != 1)
    return openssl_failed(Reason::InternalError, "cannot write a public key");
  return text_of(bio.get());
}

Result<std::string> issue_certificate(const Certificate& wanted, const std::string& key_pem, const Issuer& issuer,
                                      const std::string& serial) {
  TRY_ASSIGN(const Key key, parse_key(key_pem));
  TRY_ASSIGN(const Key issuer_key, parse_key(issuer.key_pem));
  X509Ptr issuer_certificate;
  if (!issuer.certificate_pem.empty()) {
    TRY_ASSIGN(issuer_certificate, parse_certificate(issuer.certificate_pem));
  }
  const X509Ptr made(X509_new());
  X509* const signer = issuer_certificate != nullptr ? issuer_certificate.get() : made.get();
  bool good = X509_set_version(made.get(), X509_VERSION_3) == 1 && set_serial(made.get(), serial) &&
              ASN1_TIME_set(X509_getm_notBefore(made.get()), wanted.not_before.seconds) != nullptr &&
              ASN1_TIME_set(X509_getm_notAfter(made.get()), wanted.not_after.seconds) != nullptr &&
              X509_set_pubkey(made.get(), key.get()) == 1 && set_subject(made.get(), wanted) &&
              X509_set_issuer_name(made.get(), X509_get_subject_name(signer)) == 1 && add_use(made.get(), signer, wanted.use);
  if (!good) return openssl_failed(Reason::InternalError, "cannot make the certificate of " + wanted.common_name);
  TRY(add_names(made.get(), wanted));
  const Bio bio = writer();
  good = X509_sign(made.get(), issuer_key.get(), EVP_sha256()) > 0 && PEM_write_bio_X509(bio.get(), made.get()) == 1;
  if (!good) return openssl_failed(Reason::InternalError, "cannot sign the certificate of " + wanted.common_name);
  return text_of(bio.get());
}

Result<Certificate> read_certificate(const std::string& pem) {
  TRY_ASSIGN(const X509Ptr certificate, parse_certificate(pem));
  Certificate read;
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  if (auto names = entries(subject, NID_commonName); !names.empty()) read.common_name = names.front();
  read.organizations = entries(subject, NID_organizationName);
  read_names(certificate.get(), read);
  read.not_before = time_of(X509_get0_notBefore(certificate.get()));
  read.not_after = time_of(X509_get0_notAfter(certificate.get()));
  if (X509_check_ca(certificate.get()) != 0) {
    read.use = CertificateUse::Authority;
  } else if ((X509_get_extended_key_usage(certificate.get()) & XKU_SSL_SERVER) != 0) {
    read.use = CertificateUse::Server;
  }
  return read;
}

Result<bool> certificate_has_key(const std::string& certificate_pem, const std::string& key_pem) {
  TRY_ASSIGN(const X509Ptr certificate, parse_certificate(certificate_pem));
  TRY_ASSIGN(const Key key, parse_key(key_pem));
  const bool same = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return same;
}

Result<bool> certificate_signed_by(const std::string& certificate_pem, const std::string& issuer_key_pem) {
  TRY_ASSIGN(const X509Ptr certificate, parse_certificate(certificate_pem));
  TRY_ASSIGN(const Key key, parse_key(issuer_key_pem));
  const bool good = X509_verify(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return good;
}

Result<std::string> canonical_ip(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, text.c_str(), bytes.data()) != 1) continue;
    inet_ntop(family, bytes.data(), canonical.data(), canonical.size());
    return std::string(canonical.data());
  }
  return fail(Reason::Invalid, "'" + text + "' is not an IP address");
}

}  // namespace charon::x509
