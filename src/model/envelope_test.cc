#include "model/envelope.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace charon::model {
namespace {

TEST(Envelope, IsKubernetesUnknown) {
  std::string bytes = encode_envelope({"v1", "Pod", "xyz"});
  EXPECT_EQ(hex_encode(bytes), "6b3873000a090a0276311203506f64120378797a1a002200");
  Result<Envelope> envelope = decode_envelope(bytes);
  ASSERT_TRUE(envelope.has_value());
  EXPECT_EQ(envelope->api_version, "v1");
  EXPECT_EQ(envelope->kind, "Pod");
  EXPECT_EQ(envelope->raw, "xyz");
}

TEST(Envelope, RefusesOtherBytes) {
  EXPECT_FALSE(decode_envelope("").has_value());
  EXPECT_FALSE(decode_envelope("{\"kind\":\"Pod\"}").has_value());
  EXPECT_FALSE(decode_envelope(std::string_view("k8s\0\x0a\x20", 6)).has_value());
}

}  // namespace
}  // namespace charon::model
