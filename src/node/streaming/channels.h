// The WebSocket subprotocols of exec, attach and port-forward: one message is a channel number and a piece of that channel's
// bytes.
//
//   channel.k8s.io, or none        binary; errors as plain text
//   base64.channel.k8s.io          text, base64; errors as plain text
//   v4.channel.k8s.io              binary; the outcome as a Status in JSON
//   v4.base64.channel.k8s.io       text, base64; the outcome as a Status in JSON
//   v5.channel.k8s.io              as v4, and a client can end a channel (KEP-4006)
//   SPDY/3.1+portforward.k8s.io    port-forward only: no channels, the messages are the bytes of a SPDY connection (KEP-4006)
//
// Pure. Source: the subprotocols of k8s.io/apimachinery/pkg/util/remotecommand and k8s.io/apiserver/pkg/util/wsstream.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace charon::node {

enum Channel : std::uint8_t { kStdin = 0, kStdout = 1, kStderr = 2, kError = 3, kResize = 4, kClose = 255 };

struct ChannelProtocol {
  bool base64 = false;
  bool status = false;  // the outcome is a Status in JSON; else the text of a failure
  bool closes = false;  // channel 255: the payload's first byte names the channel that the client ends

  // Of an agreed subprotocol, empty for none; nullopt for another one than a channel protocol.
  static std::optional<ChannelProtocol> named(std::string_view name);
};

inline constexpr std::string_view kTunnelProtocol = "SPDY/3.1+portforward.k8s.io";

// In the order of the server's preference; "" stands for a client that offers none.
std::vector<std::string> exec_protocols();
std::vector<std::string> port_forward_protocols();

struct ChannelMessage {
  std::uint8_t channel = 0;
  std::string data;
};

std::string encode_message(const ChannelProtocol& protocol, std::uint8_t channel, std::string_view data);
// nullopt for what cannot be one: an empty message, or broken base64.
std::optional<ChannelMessage> decode_message(const ChannelProtocol& protocol, net::WebSocket::Message message);

}  // namespace charon::node
