#include "x509/handles.h"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace charon::x509 {
namespace {

// OpenSSL asks the terminal for the pass phrase of an encrypted key unless it is told that there is none.
int no_pass_phrase(char*, int, int, void*) { return 0; }

}  // namespace

std::unexpected<Error> openssl_failed(Reason reason, const std::string& what) {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return fail(reason, what);
  const char* text = ERR_reason_error_string(code);
  return fail(reason, what + ": " + (text != nullptr ? text : "error " + std::to_string(code)));
}

Bio reader(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

Bio writer() { return Bio(BIO_new(BIO_s_mem())); }

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Result<Key> parse_key(std::string_view pem) {
  Key key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, no_pass_phrase, nullptr));
  if (key == nullptr) return openssl_failed(Reason::Invalid, "not a private key in PEM form");
  return key;
}

Result<Key> parse_public_key(std::string_view pem) {
  Key key(PEM_read_bio_PUBKEY(reader(pem).get(), nullptr, no_pass_phrase, nullptr));
  if (key == nullptr) return openssl_failed(Reason::Invalid, "not a public key in PEM form");
  return key;
}

Result<X509Ptr> parse_certificate(std::string_view pem) {
  X509Ptr certificate(PEM_read_bio_X509(reader(pem).get(), nullptr, no_pass_phrase, nullptr));
  if (certificate == nullptr) return openssl_failed(Reason::Invalid, "not a certificate in PEM form");
  return certificate;
}

Result<std::vector<X509Ptr>> parse_certificates(std::string_view pem) {
  std::vector<X509Ptr> found;
  const Bio bio = reader(pem);
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr)) found.emplace_back(certificate);
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end || found.empty()) return openssl_failed(Reason::Invalid, "no certificate in PEM text");
  ERR_clear_error();
  return found;
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

}  // namespace charon::x509
