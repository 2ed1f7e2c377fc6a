#include "node/streaming/channels.h"

#include "base/bytes.h"

namespace charon::node {

std::optional<ChannelProtocol> ChannelProtocol::named(std::string_view name) {
  if (name.empty() || name == "channel.k8s.io") return ChannelProtocol{};
  if (name == "base64.channel.k8s.io") return ChannelProtocol{.base64 = true};
  if (name == "v4.channel.k8s.io") return ChannelProtocol{.status = true};
  if (name == "v4.base64.channel.k8s.io") return ChannelProtocol{.base64 = true, .status = true};
  if (name == "v5.channel.k8s.io") return ChannelProtocol{.status = true, .closes = true};
  return std::nullopt;
}

std::vector<std::string> exec_protocols() {
  return {"v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io", ""};
}

std::vector<std::string> port_forward_protocols() {
  return {std::string(kTunnelProtocol), "v4.channel.k8s.io", "v4.base64.channel.k8s.io", ""};
}

std::string encode_message(const ChannelProtocol& protocol, std::uint8_t channel, std::string_view data) {
  std::string message(1, static_cast<char>(protocol.base64 ? '0' + channel : channel));
  if (protocol.base64) return message + base64_encode(data);
  return message.append(data);
}

std::optional<ChannelMessage> decode_message(const ChannelProtocol& protocol, net::WebSocket::Message message) {
  if (message.data.empty()) return std::nullopt;
  auto first = static_cast<std::uint8_t>(message.data.front());
  message.data.erase(0, 1);
  if (!protocol.base64) return ChannelMessage{first, std::move(message.data)};
  auto decoded = base64_decode(message.data);
  if (!decoded || first < '0') return std::nullopt;
  return ChannelMessage{static_cast<std::uint8_t>(first - '0'), std::move(*decoded)};
}

}  // namespace charon::node
