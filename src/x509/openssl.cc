#include "x509/openssl.h"

#include <arpa/inet.h>

#include <array>

namespace charon::x509 {
namespace {

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
