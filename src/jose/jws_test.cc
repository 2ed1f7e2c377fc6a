#include "jose/jws.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace charon::jose {
namespace {

// RFC 7515 has no detached example with HS256; this one is of kubeadm's documentation form: header..signature, over the payload
// in base64url.
TEST(Jws, ADetachedSignatureNamesItsKeyAndHidesThePayload) {
  std::string text = sign_detached("payload", {"abcdef", "0123456789abcdef"});
  EXPECT_THAT(text, testing::StartsWith("eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9.."));
  EXPECT_EQ(text, sign_detached("payload", {"abcdef", "0123456789abcdef"}));
  EXPECT_NE(text, sign_detached("payload", {"abcdef", "0123456789abcdeg"}));
  EXPECT_NE(text, sign_detached("payloae", {"abcdef", "0123456789abcdef"}));
  EXPECT_EQ(unverified_key_id(text), "abcdef");
}

// The example of RFC 7515, appendix A.3: ES256.
TEST(Jws, TheExampleOfTheRfcVerifies) {
  auto key = SigningKey::from_public_pem(
      "-----BEGIN PUBLIC KEY-----\n"
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
      "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
      "-----END PUBLIC KEY-----\n");
  ASSERT_TRUE(key) << key.error().message;
  std::string token =
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
  auto payload = key->verify(token);
  ASSERT_TRUE(payload) << payload.error().message;
  EXPECT_THAT(*payload, testing::HasSubstr("\"iss\":\"joe\""));
  EXPECT_FALSE(key->verify(token.substr(0, token.size() - 2)));
  EXPECT_EQ(key->id().size(), 43u);
}

}  // namespace
}  // namespace charon::jose
