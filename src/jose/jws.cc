#include "jose/jws.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <boost/json.hpp>
#include <vector>

#include "base/bytes.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "x509/handles.h"

namespace charon::jose {
namespace {

constexpr int kNumberBytes = 32;  // r, s, x and y of P-256

using x509::Key;
using Digest = std::unique_ptr<EVP_MD_CTX, x509::Freer<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, x509::Freer<ECDSA_SIG_free>>;
using Number = std::unique_ptr<BIGNUM, x509::Freer<BN_free>>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::unexpected<Error> unauthorized() { return fail(Reason::Unauthorized, "Unauthorized"); }

// r and s with leading zeros, one after the other, out of the DER form that OpenSSL makes.
std::string raw_signature(const std::string& der) {
  const unsigned char* at = bytes_of(std::string_view(der));
  Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  std::string raw(2 * kNumberBytes, '\0');
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes_of(raw), kNumberBytes);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes_of(raw) + kNumberBytes, kNumberBytes);
  return raw;
}

std::string der_signature(std::string_view raw) {
  Signature signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes_of(raw), kNumberBytes, nullptr),
                 BN_bin2bn(bytes_of(raw) + kNumberBytes, kNumberBytes, nullptr));
  unsigned char* data = nullptr;
  int size = i2d_ECDSA_SIG(signature.get(), &data);
  std::string der(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return der;
}

std::string public_der(EVP_PKEY* key) {
  unsigned char* data = nullptr;
  int size = i2d_PUBKEY(key, &data);
  std::string der(reinterpret_cast<char*>(data), static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(data);
  return der;
}

std::string sha256(std::string_view text) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), bytes_of(digest), &size, EVP_sha256(), nullptr);
  digest.resize(size);
  return digest;
}

bool on_p256(EVP_PKEY* key) {
  char name[64] = {};
  std::size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name, &size) == 1 &&
         std::string_view(name, size) == "prime256v1";
}

std::string coordinate(EVP_PKEY* key, const char* name) {
  BIGNUM* found = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &found) != 1) return {};
  Number number(found);
  std::string bytes(kNumberBytes, '\0');
  BN_bn2binpad(number.get(), bytes_of(bytes), kNumberBytes);
  return bytes;
}

std::vector<std::string_view> parts_of(std::string_view token) {
  std::vector<std::string_view> parts;
  while (true) {
    std::size_t dot = token.find('.');
    parts.push_back(token.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    token.remove_prefix(dot + 1);
  }
}

}  // namespace

struct SigningKey::Handle {
  Key key;
};

SigningKey::SigningKey(std::shared_ptr<const Handle> handle)
    : handle_(std::move(handle)), id_(base64url_encode(sha256(public_der(handle_->key.get())))) {}

Result<SigningKey> SigningKey::from_private_pem(const std::string& pem) {
  auto key = x509::parse_key(pem);
  if (!key || !on_p256(key->get()))
    return fail(Reason::Invalid, "the service account key is no ECDSA P-256 private key in PEM form");
  return SigningKey(std::make_shared<const Handle>(*std::move(key)));
}

Result<SigningKey> SigningKey::from_public_pem(const std::string& pem) {
  auto key = x509::parse_public_key(pem);
  if (!key || !on_p256(key->get()))
    return fail(Reason::Invalid, "the service account key is no ECDSA P-256 public key in PEM form");
  return SigningKey(std::make_shared<const Handle>(*std::move(key)));
}

Result<std::string> SigningKey::sign(std::string_view payload) const {
  codec::Object header{{"alg", "ES256"}, {"kid", id_}};
  std::string token = base64url_encode(codec::write_json(header)) + "." + base64url_encode(payload);
  Digest digest(EVP_MD_CTX_new());
  std::size_t size = 0;
  bool ready = EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, handle_->key.get()) == 1 &&
               EVP_DigestSign(digest.get(), nullptr, &size, bytes_of(std::string_view(token)), token.size()) == 1;
  std::string der(size, '\0');
  if (!ready || EVP_DigestSign(digest.get(), bytes_of(der), &size, bytes_of(std::string_view(token)), token.size()) != 1)
    return fail(Reason::InternalError, "the token could not be signed");
  der.resize(size);
  return token + "." + base64url_encode(raw_signature(der));
}

Result<std::string> SigningKey::verify(std::string_view token) const {
  std::vector<std::string_view> parts = parts_of(token);
  if (parts.size() != 3) return unauthorized();
  auto header_text = base64url_decode(parts[0]);
  auto payload = base64url_decode(parts[1]);
  auto signature = base64url_decode(parts[2]);
  if (!header_text || !payload || !signature || signature->size() != 2 * kNumberBytes) return unauthorized();
  auto header = codec::parse_json(*header_text);
  // The algorithm is ours to choose, never the token's.
  if (!header || codec::string_at(*header, "alg") != "ES256") return unauthorized();
  std::string_view signed_part = token.substr(0, parts[0].size() + 1 + parts[1].size());
  std::string der = der_signature(*signature);
  Digest digest(EVP_MD_CTX_new());
  bool good = EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, handle_->key.get()) == 1 &&
              EVP_DigestVerify(digest.get(), bytes_of(std::string_view(der)), der.size(), bytes_of(signed_part),
                               signed_part.size()) == 1;
  if (!good) return unauthorized();
  return *std::move(payload);
}

std::string SigningKey::public_pem() const {
  const x509::Bio bio = x509::writer();
  PEM_write_bio_PUBKEY(bio.get(), handle_->key.get());
  return x509::text_of(bio.get());
}

codec::Object SigningKey::jwk() const {
  EVP_PKEY* key = handle_->key.get();
  return {{"use", "sig"},
          {"kty", "EC"},
          {"kid", id_},
          {"crv", "P-256"},
          {"alg", "ES256"},
          {"x", base64url_encode(coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X))},
          {"y", base64url_encode(coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y))}};
}

std::string unverified_key_id(std::string_view token) {
  auto header_text = base64url_decode(token.substr(0, token.find('.')));
  if (!header_text) return {};
  auto header = codec::parse_json(*header_text);
  return header ? std::string(codec::string_at(*header, "kid")) : std::string();
}

std::string sign_detached(std::string_view payload, const SharedSecret& key) {
  std::string header = base64url_encode(codec::write_json(codec::Object{{"alg", "HS256"}, {"kid", key.id}}));
  std::string text = header + "." + base64url_encode(payload);
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  HMAC(EVP_sha256(), key.secret.data(), static_cast<int>(key.secret.size()), bytes_of(std::string_view(text)), text.size(),
       bytes_of(digest), &size);
  digest.resize(size);
  return header + ".." + base64url_encode(digest);
}

std::string unverified_payload(std::string_view token) {
  std::vector<std::string_view> parts = parts_of(token);
  if (parts.size() != 3) return {};
  auto payload = base64url_decode(parts[1]);
  return payload ? *std::move(payload) : std::string();
}

}  // namespace charon::jose
