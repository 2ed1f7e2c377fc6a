// WebSocket (RFC 6455) over any stream, after the handshake; both roles. Servers get one from
// Exchange::upgrade_websocket, clients from connect_websocket.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/client.h"
#include "net/http.h"
#include "rt/loop.h"
#include "rt/net.h"

namespace charon::net {

enum class WebSocketRole : std::uint8_t { Server, Client };

struct WebSocketHandshake {
  std::string protocol;  // empty when the client offered none and none was asked for
  Headers headers;       // of the 101
};

// Checks a client's handshake and chooses the first of `protocols` that it offers. BadRequest otherwise. Kubernetes' way to
// carry a bearer token in a subprotocol ("base64url.bearer.authorization.k8s.io.<token>") is never chosen.
Result<WebSocketHandshake> accept_websocket(const RequestHead& head, const std::vector<std::string>& protocols);

// The value of a Sec-WebSocket-Protocol header without a bearer token, which is for the first server alone.
std::string without_bearer_protocol(std::string_view offered);

std::unique_ptr<WebSocket> make_websocket(rt::Loop& loop, std::unique_ptr<rt::Stream> stream, std::string protocol,
                                          WebSocketRole role);

// Opens a connection of its own for a WebSocket with one of `protocols`. BadRequest when the server agrees on none.
rt::Task<Result<std::unique_ptr<WebSocket>>> connect_websocket(rt::Loop& loop, HttpClient& client, ClientRequest request,
                                                               std::vector<std::string> protocols);

}  // namespace charon::net
