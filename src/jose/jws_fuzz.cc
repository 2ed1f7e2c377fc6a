// Bearer tokens from anybody: base64url and JSON that are not what they say.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "jose/jws.h"

namespace {

const charon::jose::SigningKey& key() {
  static const charon::jose::SigningKey made = charon::jose::SigningKey::from_public_pem(
                                                   "-----BEGIN PUBLIC KEY-----\n"
                                                   "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n"
                                                   "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n"
                                                   "-----END PUBLIC KEY-----\n")
                                                   .value();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view token(reinterpret_cast<const char*>(data), size);
  (void)charon::jose::unverified_payload(token);
  (void)charon::jose::unverified_key_id(token);
  // What nobody signed is never good.
  if (key().verify(token)) __builtin_trap();
  return 0;
}
