#include "net/client.h"

#include <algorithm>
#include <charconv>

#include "net/http1_client.h"
#include "net/http2_client.h"
#include "rt/sync.h"
#include "rt/timeout.h"

namespace charon::net {
namespace {

constexpr std::size_t kIdleConnections = 8;
constexpr int kAttempts = 3;

class IdlePool final : public Http1Pool {
 public:
  void give_back(Http1Wire wire) override {
    if (idle_.size() < kIdleConnections && wire.buffered.empty()) idle_.push_back(std::move(wire));
  }
  std::optional<Http1Wire> take() {
    if (idle_.empty()) return std::nullopt;
    Http1Wire wire = std::move(idle_.back());
    idle_.pop_back();
    return wire;
  }

 private:
  std::vector<Http1Wire> idle_;
};

struct Connected {
  std::unique_ptr<rt::Stream> stream;
  bool http2 = false;
};

enum class Protocols : std::uint8_t { Any, Http1Only };

// The coroutines below take what they need by value: a client may be destroyed while a connect is being cancelled.
rt::Task<Result<Connected>> connect(rt::Net* net, ClientOptions options, Protocols protocols) {
  CO_TRY_ASSIGN(auto stream, co_await net->connect(options.address));
  Connected connected;
  if (!options.tls) {
    connected.stream = std::move(stream);
    connected.http2 = options.http2_prior_knowledge && protocols == Protocols::Any;
    co_return connected;
  }
  std::vector<std::string> alpn;
  if (protocols == Protocols::Http1Only) alpn.emplace_back("http/1.1");
  auto shake = tls_connect(std::move(stream), options.tls, std::move(alpn));
  CO_TRY_ASSIGN(auto secure, co_await shake);
  connected.http2 = secure->alpn() == "h2";
  connected.stream = std::move(secure);
  co_return connected;
}

// An idempotency-key says that doing it twice is the same as once; the convention is that of Go's client.
bool repeatable(const ClientRequest& request) {
  return request.method == "GET" || request.method == "HEAD" || request.headers.has("idempotency-key");
}

class Client final : public HttpClient {
 public:
  Client(rt::Loop& loop, rt::Net& net, ClientOptions options)
      : loop_(loop), net_(net), options_(std::move(options)), connecting_(loop), pool_(std::make_shared<IdlePool>()) {
    if (options_.authority.empty())
      options_.authority = options_.address.kind == rt::Address::Kind::Unix ? "localhost" : options_.address.text();
    maybe_http2_ = options_.tls != nullptr || options_.http2_prior_knowledge;
  }

  rt::Task<Result<ClientResponse>> fetch(ClientRequest request, std::size_t body_limit_bytes) override;
  rt::Task<Result<std::unique_ptr<ClientStream>>> open(ClientRequest request) override;
  rt::Task<Result<Upgraded>> upgrade(ClientRequest request) override;

 private:
  // A connection to use for one request: one of the two is set.
  struct Route {
    std::shared_ptr<Http2ClientConnection> http2;
    std::optional<Http1Wire> http1;
    bool reused = false;
  };
  rt::Task<Result<Route>> route(Protocols protocols);
  rt::Task<Result<Connected>> connect_in_time(Protocols protocols);

  rt::Loop& loop_;
  rt::Net& net_;
  ClientOptions options_;
  rt::Mutex connecting_;
  std::shared_ptr<IdlePool> pool_;
  std::shared_ptr<Http2ClientConnection> http2_;
  bool maybe_http2_;
};

rt::Task<Result<Connected>> Client::connect_in_time(Protocols protocols) {
  auto bounded = rt::with_timeout(loop_, options_.connect_timeout, connect(&net_, options_, protocols));
  auto outcome = co_await bounded;
  if (!outcome) co_return fail(Reason::ServiceUnavailable, "connect to " + options_.address.text() + ": timeout");
  co_return std::move(*outcome);
}

rt::Task<Result<Client::Route>> Client::route(Protocols protocols) {
  Route route;
  std::optional<rt::Mutex::Guard> guard;
  if (protocols == Protocols::Any) {
    // While HTTP/2 is possible only one connect runs: everybody shares what comes out.
    if (maybe_http2_ && !(http2_ && http2_->usable())) guard.emplace(co_await connecting_.lock());
    route.reused = true;
    if (http2_ && http2_->usable()) {
      route.http2 = http2_;
      co_return route;
    }
    route.http1 = pool_->take();
    if (route.http1) co_return route;
    route.reused = false;
  }
  auto connecting = connect_in_time(protocols);
  CO_TRY_ASSIGN(Connected connected, co_await connecting);
  if (!connected.http2) {
    if (options_.tls && protocols == Protocols::Any) maybe_http2_ = false;
    route.http1.emplace(Http1Wire{std::move(connected.stream), {}});
    co_return route;
  }
  Http2Target target{options_.tls ? "https" : "http", options_.authority};
  http2_ = make_http2_client_connection(loop_, std::move(connected.stream), std::move(target));
  route.http2 = http2_;
  co_return route;
}

rt::Task<Result<std::unique_ptr<ClientStream>>> Client::open(ClientRequest request) {
  Error last;
  const SharedBytes body = share(std::exchange(request.body, {}));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto routing = route(Protocols::Any);
    CO_TRY_ASSIGN(Route chosen, co_await routing);
    bool again = false;
    if (chosen.http2) {
      auto opening = chosen.http2->open(request, body);
      auto outcome = co_await opening;
      if (outcome) co_return std::move(*outcome);
      again = outcome.error().unprocessed || (chosen.reused && !chosen.http2->usable() && repeatable(request));
      last = std::move(outcome.error().error);
    } else {
      Http1Request sent{request, body, options_.authority};
      auto opening = http1_open(std::move(*chosen.http1), std::move(sent), pool_);
      auto outcome = co_await opening;
      if (outcome) co_return std::move(*outcome);
      again = chosen.reused && outcome.error().nothing_received && repeatable(request);
      last = std::move(outcome.error().error);
    }
    if (!again) break;
  }
  co_return fail(std::move(last));
}

rt::Task<Result<ClientResponse>> Client::fetch(ClientRequest request, std::size_t body_limit_bytes) {
  auto opening = open(std::move(request));
  CO_TRY_ASSIGN(auto stream, co_await opening);
  ClientResponse response;
  std::size_t announced = 0;
  const std::string_view length = stream->headers().get("content-length");
  std::from_chars(length.data(), length.data() + length.size(), announced);
  for (;;) {
    auto reading = stream->read();
    CO_TRY_ASSIGN(std::string bytes, co_await reading);
    if (bytes.empty()) break;
    if (response.body.size() + bytes.size() > body_limit_bytes)
      co_return fail(Reason::RequestEntityTooLarge,
                     "the response is longer than " + std::to_string(body_limit_bytes) + " bytes");
    if (response.body.empty() && bytes.size() >= announced) {
      response.body = std::move(bytes);
    } else {
      response.body.reserve(std::min(announced, body_limit_bytes));
      response.body += bytes;
    }
  }
  response.status = stream->status();
  response.headers = stream->headers();
  co_return response;
}

rt::Task<Result<Upgraded>> Client::upgrade(ClientRequest request) {
  auto routing = route(Protocols::Http1Only);
  CO_TRY_ASSIGN(Route chosen, co_await routing);
  auto upgrading = http1_upgrade(std::move(*chosen.http1), std::move(request), options_.authority);
  co_return co_await upgrading;
}

}  // namespace

std::unique_ptr<HttpClient> make_client(rt::Loop& loop, rt::Net& net, ClientOptions options) {
  return std::make_unique<Client>(loop, net, std::move(options));
}

}  // namespace charon::net
