// What the server and its HTTP/1.1 and HTTP/2 connections share. Internal to net.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <string>

#include "net/http.h"
#include "net/server.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/task.h"

namespace charon::net {

// A transport that was accepted, with what was already read from it.
struct Accepted {
  std::unique_ptr<rt::Stream> stream;
  std::string initial;
  std::optional<PeerCertificate> certificate;
  std::string certificate_problem;
};

// Outlives its connections.
struct ConnectionContext {
  rt::Loop& loop;
  const Handler& handler;
  const ServerLimits& limits;
};

class ServerConnection {
 public:
  virtual ~ServerConnection() = default;
  // Serves until the connection is over. Destroying the connection cancels its handlers.
  virtual rt::Task<void> run() = 0;
  // No new requests; `run` ends once the current ones are answered.
  virtual void begin_shutdown() = 0;
};

std::unique_ptr<ServerConnection> make_http1_connection(ConnectionContext context, Accepted accepted);
std::unique_ptr<ServerConnection> make_http2_connection(ConnectionContext context, Accepted accepted);

// Splits the request target (origin or absolute form) into the head's path and query; false when it is malformed.
bool split_target(std::string_view target, RequestHead& head);

// A timer that is withdrawn with the scope it stands in.
class ScopedTimer {
 public:
  ScopedTimer(rt::Loop& loop, rt::Duration delay, rt::Callback callback)
      : loop_(loop), id_(loop.schedule(loop.clock().now() + delay, std::move(callback))) {}
  ScopedTimer(const ScopedTimer&) = delete;
  ~ScopedTimer() { loop_.cancel(id_); }

 private:
  rt::Loop& loop_;
  rt::Loop::TimerId id_;
};

}  // namespace charon::net
