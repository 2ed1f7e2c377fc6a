#include "x509/openssl.h"

#include <arpa/inet.h>

#include <array>

namespace charon::x509 {
namespace {

// OpenSSL asks the terminal for the pass phrase of an encrypted key unless it is told that there is none.
int no_pass_phrase(char*, int, int, void*) { return 0; }

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

// Empty when it is neither an IPv4 nor an IPv6 address.
std::string ip_of(const ASN1_OCTET_STRING* bytes) {
  const int length = ASN1_STRING_length(bytes);
  if (length != 4 && length != 16) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text.data(), text.size());
  return text.data();
}

}  // namespace

std::unexpected<Error> openssl_failed(Reason reason, const std::string& what) {
  std::array<char, 256> text{};
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return fail(reason, what);
  ERR_error_string_n(code, text.data(), text.size());
  return fail(reason, what + ": " + text.data());
}

Bio reader(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Result<Key> parse_key(const std::string& pem) {
  Key key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, no_pass_phrase, nullptr));
  if (key == nullptr) return openssl_failed(Reason::Invalid, "not a private key in PEM form");
  return key;
}

Result<X509Ptr> parse_certificate(const std::string& pem) {
  X509Ptr certificate(PEM_read_bio_X509(reader(pem).get(), nullptr, no_pass_phrase, nullptr));
  if (certificate == nullptr) return openssl_failed(Reason::Invalid, "not a certificate in PEM form");
  return certificate;
}

std::vector<std::string> entries(const X509_NAME* name, int nid) {
  std::vector<std::string> found;
  for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0; at = X509_NAME_get_index_by_NID(name, nid, at)) {
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size < 0) continue;
    found.emplace_back(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
  }
  return found;
}

AlternativeNames alternative_names(const GENERAL_NAMES* names) {
  AlternativeNames read;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) read.dns_names.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_EMAIL) read.emails.push_back(text_of(name->d.rfc822Name));
    if (name->type == GEN_URI) read.uris.push_back(text_of(name->d.uniformResourceIdentifier));
    if (name->type == GEN_IPADD) read.ips.push_back(ip_of(name->d.iPAddress));
  }
  return read;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* text) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, text);
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool set_serial(X509* certificate, std::string bytes) {
  bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x7f) | 0x40);
  BIGNUM* number = BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr);
  const bool set = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

}  // namespace charon::x509
