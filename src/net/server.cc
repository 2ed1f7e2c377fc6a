#include "net/server.h"

#include <list>

#include "net/connection.h"
#include "rt/scope.h"
#include "rt/sync.h"
#include "rt/timeout.h"

namespace charon::net {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // RFC 9113 3.4
constexpr std::chrono::milliseconds kAcceptBackoff{100};
constexpr std::size_t kSniffBytes = 4096;

class Server final : public HttpServer {
 public:
  Server(rt::Loop& loop, std::unique_ptr<rt::Listener> listener, std::shared_ptr<TlsServer> tls, Handler handler,
         ServerLimits limits)
      : loop_(loop),
        listener_(std::move(listener)),
        local_(listener_->local()),
        tls_(std::move(tls)),
        handler_(std::move(handler)),
        limits_(limits),
        room_(loop),
        connections_(loop),
        accepting_(loop) {
    accepting_.spawn(accept_forever());
  }

  rt::Task<void> shutdown(std::chrono::milliseconds grace) override;
  rt::Address local() const override { return local_; }
  std::size_t connections() const override { return connections_.size(); }

 private:
  rt::Task<void> accept_forever();
  rt::Task<void> serve(std::unique_ptr<rt::Stream> stream);
  rt::Task<bool> all_over();

  rt::Loop& loop_;
  std::unique_ptr<rt::Listener> listener_;
  rt::Address local_;
  std::shared_ptr<TlsServer> tls_;
  Handler handler_;
  ServerLimits limits_;
  std::list<ServerConnection*> serving_;
  bool draining_ = false;
  rt::Event room_;
  rt::Scope connections_;
  rt::Scope accepting_;
};

rt::Task<void> Server::accept_forever() {
  for (;;) {
    while (connections_.size() >= limits_.connections) {
      room_.clear();
      co_await room_.wait();
    }
    auto stream = co_await listener_->accept();
    if (!stream) {
      // Out of descriptors or memory: the backlog holds the clients until some are free.
      co_await rt::sleep(loop_, kAcceptBackoff);
      continue;
    }
    connections_.spawn(serve(*std::move(stream)));
  }
}

// Reads until the bytes tell HTTP/2 with prior knowledge from HTTP/1.1. False: the connection ended before.
rt::Task<bool> sniff(rt::Stream* stream, std::string* initial) {
  while (initial->size() < kPreface.size() && kPreface.starts_with(*initial)) {
    const std::size_t have = initial->size();
    initial->resize(kSniffBytes);
    auto count = co_await stream->read(std::span(initial->data() + have, kSniffBytes - have));
    initial->resize(have + count.value_or(0));
    if (!count || *count == 0) co_return !initial->empty() && count.has_value();
  }
  co_return true;
}

// Takes a connection off the list when its task ends or is cancelled.
class Registration {
 public:
  Registration(std::list<ServerConnection*>& list, ServerConnection* connection, rt::Event& room)
      : list_(list), place_(list.insert(list.end(), connection)), room_(room) {}
  Registration(const Registration&) = delete;
  ~Registration() {
    list_.erase(place_);
    room_.set();
  }

 private:
  std::list<ServerConnection*>& list_;
  std::list<ServerConnection*>::iterator place_;
  rt::Event& room_;
};

rt::Task<void> Server::serve(std::unique_ptr<rt::Stream> stream) {
  Accepted accepted;
  bool http2 = false;
  if (tls_) {
    auto shake = rt::with_timeout(loop_, limits_.header_timeout, tls_accept(std::move(stream), tls_));
    auto outcome = co_await shake;
    if (!outcome || !*outcome) {
      room_.set();
      co_return;
    }
    std::unique_ptr<TlsStream> secure = std::move(**outcome);
    http2 = secure->alpn() == "h2";
    accepted.certificate = secure->peer_certificate();
    accepted.certificate_problem = secure->peer_problem();
    accepted.stream = std::move(secure);
  } else {
    accepted.stream = std::move(stream);
    auto look = rt::with_timeout(loop_, limits_.header_timeout, sniff(accepted.stream.get(), &accepted.initial));
    const auto outcome = co_await look;
    if (!outcome || !*outcome) {
      room_.set();
      co_return;
    }
    http2 = accepted.initial.starts_with(kPreface);
  }
  const ConnectionContext context{loop_, handler_, limits_};
  const auto connection =
      http2 ? make_http2_connection(context, std::move(accepted)) : make_http1_connection(context, std::move(accepted));
  const Registration registration(serving_, connection.get(), room_);
  if (draining_) connection->begin_shutdown();
  co_await connection->run();
}

rt::Task<bool> Server::all_over() {
  co_await connections_.drained();
  co_return true;
}

rt::Task<void> Server::shutdown(std::chrono::milliseconds grace) {
  accepting_.cancel();
  listener_.reset();
  draining_ = true;
  for (ServerConnection* connection : serving_) connection->begin_shutdown();
  auto waiting = rt::with_timeout(loop_, grace, all_over());
  co_await waiting;
  connections_.cancel();
}

}  // namespace

std::unique_ptr<HttpServer> serve(rt::Loop& loop, std::unique_ptr<rt::Listener> listener, std::shared_ptr<TlsServer> tls,
                                  Handler handler, ServerLimits limits) {
  return std::make_unique<Server>(loop, std::move(listener), std::move(tls), std::move(handler), limits);
}

}  // namespace charon::net
