#include "x509/request.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "x509/openssl.h"

namespace charon::x509 {
namespace {

struct Usage {
  std::string_view name;
  const char* basic;     // OpenSSL's name of a key usage; null: it is an extended one
  const char* extended;  // its name or number
};

// certificates.k8s.io/v1 KeyUsage.
constexpr std::array<Usage, 23> kUsages = {{{"signing", "digitalSignature", nullptr},
                                            {"digital signature", "digitalSignature", nullptr},
                                            {"content commitment", "nonRepudiation", nullptr},
                                            {"key encipherment", "keyEncipherment", nullptr},
                                            {"key agreement", "keyAgreement", nullptr},
                                            {"data encipherment", "dataEncipherment", nullptr},
                                            {"cert sign", "keyCertSign", nullptr},
                                            {"crl sign", "cRLSign", nullptr},
                                            {"encipher only", "encipherOnly", nullptr},
                                            {"decipher only", "decipherOnly", nullptr},
                                            {"any", nullptr, "anyExtendedKeyUsage"},
                                            {"server auth", nullptr, "serverAuth"},
                                            {"client auth", nullptr, "clientAuth"},
                                            {"code signing", nullptr, "codeSigning"},
                                            {"email protection", nullptr, "emailProtection"},
                                            {"s/mime", nullptr, "emailProtection"},
                                            {"ipsec end system", nullptr, "1.3.6.1.5.5.7.3.5"},
                                            {"ipsec tunnel", nullptr, "1.3.6.1.5.5.7.3.6"},
                                            {"ipsec user", nullptr, "1.3.6.1.5.5.7.3.7"},
                                            {"timestamping", nullptr, "timeStamping"},
                                            {"ocsp signing", nullptr, "OCSPSigning"},
                                            {"microsoft sgc", nullptr, "1.3.6.1.4.1.311.10.3.3"},
                                            {"netscape sgc", nullptr, "2.16.840.1.113730.4.1"}}};

constexpr std::string_view kBlock = "-----BEGIN CERTIFICATE REQUEST-----";
constexpr std::string_view kNewBlock = "-----BEGIN NEW CERTIFICATE REQUEST-----";

Result<RequestPtr> parse(const std::string& pem) {
  if (pem.size() > kMaxRequestBytes) return fail(Reason::Invalid, "the request is too long");
  if (pem.find(kBlock) == std::string::npos && pem.find(kNewBlock) == std::string::npos)
    return fail(Reason::Invalid, "PEM block type must be CERTIFICATE REQUEST");
  RequestPtr request(PEM_read_bio_X509_REQ(reader(pem).get(), nullptr, nullptr, nullptr));
  if (request == nullptr) return openssl_failed(Reason::Invalid, "the request cannot be read");
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  const bool good = key != nullptr && X509_REQ_verify(request.get(), key) == 1;
  ERR_clear_error();
  if (!good) return fail(Reason::Invalid, "the signature of the request is not by its key");
  return request;
}

Names names_of(X509_REQ* request) {
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request);
  Names names(static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr)));
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  ERR_clear_error();
  return names;
}

// "critical,digitalSignature,keyEncipherment" and "clientAuth"; empty where there is none.
struct UsageTexts {
  std::string basic;
  std::string extended;
};

Result<UsageTexts> usage_texts(const std::vector<std::string>& wanted) {
  UsageTexts texts;
  auto add = [](std::string& list, std::string_view item) {
    if (("," + list + ",").find("," + std::string(item) + ",") == std::string::npos)
      list += (list.empty() ? "" : ",") + std::string(item);
  };
  for (const std::string& name : wanted) {
    auto found = std::ranges::find(kUsages, name, &Usage::name);
    if (found == kUsages.end()) return fail(Reason::Invalid, "unrecognized usage: " + name);
    if (found->basic != nullptr) add(texts.basic, found->basic);
    if (found->extended != nullptr) add(texts.extended, found->extended);
  }
  return texts;
}

Result<void> add_extensions(X509* made, X509* signer, X509_REQ* request, const UsageTexts& usages) {
  const std::string basic = "critical," + usages.basic;
  bool good = add_extension(made, signer, NID_authority_key_identifier, "keyid:always") &&
              add_extension(made, signer, NID_basic_constraints, "critical,CA:FALSE");
  if (good && !usages.basic.empty()) good = add_extension(made, signer, NID_key_usage, basic.c_str());
  if (good && !usages.extended.empty()) good = add_extension(made, signer, NID_ext_key_usage, usages.extended.c_str());
  if (Names names = names_of(request); good && names != nullptr)
    good = X509_add1_ext_i2d(made, NID_subject_alt_name, names.get(), 0, 0) == 1;
  if (!good) return openssl_failed(Reason::InternalError, "cannot add the certificate's extensions");
  return {};
}

}  // namespace

Result<SigningRequest> read_request(const std::string& pem) {
  TRY_ASSIGN(const RequestPtr request, parse(pem));
  SigningRequest read;
  const X509_NAME* subject = X509_REQ_get_subject_name(request.get());
  // Of several common names the last counts, as in Go.
  if (auto names = entries(subject, NID_commonName); !names.empty()) read.common_name = names.back();
  read.organizations = entries(subject, NID_organizationName);
  AlternativeNames names = alternative_names(names_of(request.get()).get());
  read.dns_names = std::move(names.dns_names);
  read.ips = std::move(names.ips);
  read.emails = std::move(names.emails);
  read.uris = std::move(names.uris);
  return read;
}

Result<std::string> sign_request(const std::string& request_pem, const Grant& grant, const Issuer& issuer,
                                 const std::string& serial) {
  TRY_ASSIGN(const RequestPtr request, parse(request_pem));
  TRY_ASSIGN(const UsageTexts usages, usage_texts(grant.usages));
  TRY_ASSIGN(const Key issuer_key, parse_key(issuer.key_pem));
  TRY_ASSIGN(const X509Ptr signer, parse_certificate(issuer.certificate_pem));
  const X509Ptr made(X509_new());
  bool good = X509_set_version(made.get(), X509_VERSION_3) == 1 && set_serial(made.get(), serial) &&
              ASN1_TIME_set(X509_getm_notBefore(made.get()), grant.not_before.seconds) != nullptr &&
              ASN1_TIME_set(X509_getm_notAfter(made.get()), grant.not_after.seconds) != nullptr &&
              X509_set_pubkey(made.get(), X509_REQ_get0_pubkey(request.get())) == 1 &&
              X509_set_subject_name(made.get(), X509_REQ_get_subject_name(request.get())) == 1 &&
              X509_set_issuer_name(made.get(), X509_get_subject_name(signer.get())) == 1;
  if (!good) return openssl_failed(Reason::InternalError, "cannot make the certificate");
  TRY(add_extensions(made.get(), signer.get(), request.get(), usages));
  const Bio bio = writer();
  good = X509_sign(made.get(), issuer_key.get(), EVP_sha256()) > 0 && PEM_write_bio_X509(bio.get(), made.get()) == 1;
  if (!good) return openssl_failed(Reason::InternalError, "cannot sign the certificate");
  return text_of(bio.get());
}

Result<std::string> make_request(const SigningRequest& wanted, const std::string& key_pem) {
  TRY_ASSIGN(const Key key, parse_key(key_pem));
  const RequestPtr made(X509_REQ_new());
  X509_NAME* subject = X509_REQ_get_subject_name(made.get());
  auto add = [subject](int nid, const std::string& text) {
    return X509_NAME_add_entry_by_NID(subject, nid, V_ASN1_UTF8STRING, reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()), -1, 0) == 1;
  };
  bool good = X509_REQ_set_version(made.get(), 0) == 1 && X509_REQ_set_pubkey(made.get(), key.get()) == 1;
  for (const auto& organization : wanted.organizations) good = good && add(NID_organizationName, organization);
  good = good && add(NID_commonName, wanted.common_name);
  const Names names(GENERAL_NAMES_new());
  auto push = [&names](int type, ASN1_STRING* value) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, type, value);
    sk_GENERAL_NAME_push(names.get(), name);
  };
  auto push_texts = [&push](int type, const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      ASN1_IA5STRING* value = ASN1_IA5STRING_new();
      ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()));
      push(type, value);
    }
  };
  push_texts(GEN_DNS, wanted.dns_names);
  push_texts(GEN_EMAIL, wanted.emails);
  push_texts(GEN_URI, wanted.uris);
  for (const auto& ip : wanted.ips) {
    ASN1_OCTET_STRING* value = a2i_IPADDRESS(ip.c_str());
    if (value == nullptr) return openssl_failed(Reason::Invalid, "'" + ip + "' is not an IP address");
    push(GEN_IPADD, value);
  }
  if (sk_GENERAL_NAME_num(names.get()) > 0) {
    STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
    good = good && X509V3_add1_i2d(&extensions, NID_subject_alt_name, names.get(), 0, 0) == 1 &&
           X509_REQ_add_extensions(made.get(), extensions) == 1;
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  }
  const Bio bio = writer();
  good = good && X509_REQ_sign(made.get(), key.get(), EVP_sha256()) > 0 && PEM_write_bio_X509_REQ(bio.get(), made.get()) == 1;
  if (!good) return openssl_failed(Reason::InternalError, "cannot make the request");
  return text_of(bio.get());
}

}  // namespace charon::x509
