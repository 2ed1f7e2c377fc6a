#include "node/streaming/channels.h"

#include <gtest/gtest.h>

namespace charon::node {
namespace {

ChannelProtocol named(std::string_view name) { return ChannelProtocol::named(name).value(); }

TEST(Channels, EveryOfferedProtocolIsKnown) {
  for (const std::string& name : exec_protocols()) EXPECT_TRUE(ChannelProtocol::named(name)) << name;
  for (const std::string& name : port_forward_protocols())
    EXPECT_EQ(ChannelProtocol::named(name).has_value(), name != kTunnelProtocol) << name;
  EXPECT_FALSE(ChannelProtocol::named("v6.channel.k8s.io"));
}

TEST(Channels, OnlyTheNewerOnesTellTheOutcomeAndOnlyTheNewestEndsAChannel) {
  EXPECT_FALSE(named("channel.k8s.io").status);
  EXPECT_TRUE(named("v4.base64.channel.k8s.io").status);
  EXPECT_FALSE(named("v4.channel.k8s.io").closes);
  EXPECT_TRUE(named("v5.channel.k8s.io").closes);
}

TEST(Channels, BinaryMessages) {
  ChannelProtocol v4 = named("v4.channel.k8s.io");
  EXPECT_EQ(encode_message(v4, kStdout, "hi"), "\x01hi");
  auto message = decode_message(v4, {.binary = true, .data = std::string("\0in", 3)});
  ASSERT_TRUE(message);
  EXPECT_EQ(message->channel, kStdin);
  EXPECT_EQ(message->data, "in");
  EXPECT_FALSE(decode_message(v4, {.binary = true, .data = ""}));
  auto close = decode_message(named("v5.channel.k8s.io"), {.binary = true, .data = std::string("\xff\0", 2)});
  ASSERT_TRUE(close);
  EXPECT_EQ(close->channel, kClose);
  EXPECT_EQ(close->data, std::string(1, '\0'));
}

TEST(Channels, Base64Messages) {
  ChannelProtocol base64 = named("base64.channel.k8s.io");
  EXPECT_EQ(encode_message(base64, kStderr, "hi"), "2aGk=");
  EXPECT_EQ(encode_message(base64, kStdout, ""), "1");
  auto message = decode_message(base64, {.binary = false, .data = "0aGk="});
  ASSERT_TRUE(message);
  EXPECT_EQ(message->channel, kStdin);
  EXPECT_EQ(message->data, "hi");
  EXPECT_FALSE(decode_message(base64, {.binary = false, .data = "0?"}));
  EXPECT_FALSE(decode_message(base64, {.binary = false, .data = std::string("\0aGk=", 5)}));
}

}  // namespace
}  // namespace charon::node
