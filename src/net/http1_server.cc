// HTTP/1.1 server connection (RFC 9112): one request after the other, in the order of arrival.
//
// Three tasks per connection: the reader fills a fixed buffer, the driver (`run`) parses heads and starts handlers, and the
// handler takes the body out of the same buffer. The reader goes on while the handler runs, so that a client that goes away
// is noticed; a full buffer stops it, which is the back-pressure for pipelined requests.
#include <charconv>
#include <cstring>

#include <boost/beast/http/status.hpp>

#include "base/check.h"
#include "net/connection.h"
#include "net/http1_parser.h"
#include "net/root_task.h"
#include "net/websocket.h"
#include "rt/sync.h"

namespace charon::net {
namespace {

constexpr std::size_t kBufferBytes = 32u << 10;
constexpr std::size_t kJoinBytes = 64u << 10;    // smaller pieces are joined into one write
constexpr std::size_t kDrainBytes = 256u << 10;  // of an unwanted body, to keep the connection
constexpr std::chrono::seconds kLingerTime{1};   // for the client to read the last response before it sees a reset

std::string number(std::uint64_t value, int base = 10) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, value, base).ptr;
  return std::string(text, end);
}

std::size_t total_size(const std::vector<Piece>& pieces) {
  std::size_t total = 0;
  for (const Piece& piece : pieces) total += piece.bytes.size();
  return total;
}

enum class Response : std::uint8_t { None, Complete, Streaming, Upgraded };

class Http1Connection final : public ServerConnection, public Exchange {
 public:
  Http1Connection(ConnectionContext context, Accepted accepted)
      : context_(context),
        stream_(std::move(accepted.stream)),
        certificate_(std::move(accepted.certificate)),
        certificate_problem_(std::move(accepted.certificate_problem)),
        initial_(std::move(accepted.initial)),
        peer_(stream_->peer()),
        changed_(context.loop) {
    buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
    CHECK(initial_.size() <= capacity_);
    end_ = initial_.copy(buffer_.get(), capacity_);
    std::string().swap(initial_);
  }

  rt::Task<void> run() override;
  void begin_shutdown() override {
    draining_ = true;
    changed_.set();
  }

  // Exchange
  const RequestHead& head() const override { return head_; }
  rt::Task<Result<std::string>> body(std::size_t limit_bytes) override;
  rt::Task<void> respond(int status, Headers headers, std::vector<Piece> body) override;
  rt::Task<Result<void>> start(int status, Headers headers) override;
  rt::Task<Result<void>> write(std::vector<Piece> pieces) override;
  rt::Task<Result<std::unique_ptr<WebSocket>>> upgrade_websocket(std::vector<std::string> protocols) override;
  rt::Task<Result<std::unique_ptr<rt::Stream>>> upgrade(std::string protocol, Headers headers) override;

 private:
  class UpgradedStream;

  std::string_view buffered() const { return {buffer_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t count) {
    begin_ += count;
    if (count > 0) space_.wake();
  }

  bool grow();
  rt::Task<void> read_forever();
  rt::Task<void> run_handler();
  rt::Task<bool> read_head();
  rt::Task<void> reject(int status, std::string message);
  bool accept_head();
  rt::Task<bool> finish_request();
  rt::Task<void> linger();
  Result<void> feed_body(std::string& body);
  std::string response_head(int status, const Headers& headers);
  rt::Task<Result<void>> send(std::string_view bytes);
  rt::Task<Result<void>> send_pieces(std::string head, std::vector<Piece> pieces, std::string_view tail);
  bool body_finished() { return parser_->is_done(); }

  ConnectionContext context_;
  std::unique_ptr<rt::Stream> stream_;
  std::optional<PeerCertificate> certificate_;
  std::string certificate_problem_;
  std::string initial_;
  rt::Address peer_;

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = kBufferBytes;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool eof_ = false;
  bool broken_ = false;
  bool draining_ = false;

  rt::Event changed_;   // the driver's: bytes came, the connection ended, the handler is done
  Waiter space_;        // the reader's
  Waiter body_waiter_;  // the handler's, in body() or on an upgraded stream

  std::optional<Http1Parser<true>> parser_;
  RequestHead head_;
  Response response_ = Response::None;
  bool expect_continue_ = false;
  bool keep_alive_ = true;
  bool chunked_ = false;
  bool handler_done_ = false;

  RootTask reader_;
  RootTask handler_;
};

rt::Task<void> Http1Connection::read_forever() {
  while (!eof_ && !broken_) {
    if (begin_ == end_) {
      begin_ = end_ = 0;
    } else if (end_ == capacity_ && begin_ > 0) {
      std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == capacity_) {
      co_await space_.wait();
      continue;
    }
    auto count = co_await stream_->read(std::span(buffer_.get() + end_, capacity_ - end_));
    if (!count) {
      broken_ = true;
    } else {
      eof_ = *count == 0;
      end_ += *count;
    }
    changed_.set();
    body_waiter_.wake();
  }
}

// The parser takes a header only as a whole. The buffer is full, so no read into it is under way. False at the limit.
bool Http1Connection::grow() {
  if (capacity_ >= context_.limits.header_bytes) return false;
  auto larger = std::make_unique_for_overwrite<char[]>(2 * capacity_);
  std::memcpy(larger.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  capacity_ *= 2;
  buffer_ = std::move(larger);
  space_.wake();
  return true;
}

rt::Task<void> Http1Connection::run() {
  reader_.start(read_forever());
  for (;;) {
    if (!co_await read_head()) break;
    if (!accept_head()) {
      co_await reject(400, "malformed request target or host");
      break;
    }
    handler_done_ = false;
    handler_.start(run_handler());
    while (!handler_done_) {
      // An upgraded stream's user reads the end itself. A half-closed client still gets a complete response.
      if (broken_ && response_ != Response::Upgraded) co_return;
      if (eof_ && response_ == Response::Streaming) co_return;
      changed_.clear();
      co_await changed_.wait();
    }
    handler_.reset();
    const bool reusable = co_await finish_request();
    if (!reusable || draining_) break;
  }
  co_await linger();
}

// False: the connection is over; what had to be answered was.
rt::Task<bool> Http1Connection::read_head() {
  parser_.emplace(context_.limits.header_bytes);
  const bool first = head_.method.empty();
  head_ = {};
  response_ = Response::None;
  bool started = false;
  bool expired = false;
  const auto wait = first ? context_.limits.header_timeout : context_.limits.idle_timeout;
  std::optional<ScopedTimer> timer;
  std::string no_body;
  for (;;) {
    auto consumed = parser_->feed(buffered(), no_body);
    if (!consumed) {
      const bool large = consumed.error().reason == Reason::RequestEntityTooLarge;
      co_await reject(large ? 431 : 400, consumed.error().message);
      co_return false;
    }
    if (*consumed > 0 && !started) {
      started = true;
      if (!parser_->is_header_done() && !first) timer.reset();
    }
    consume(*consumed);
    if (parser_->is_header_done()) co_return true;
    if (end_ - begin_ == capacity_) {
      if (!grow()) {
        co_await reject(431, "request header fields too large");
        co_return false;
      }
      continue;  // growing lets the reader run at once: there may be more to parse already
    }
    if (eof_ || broken_ || (draining_ && !started)) co_return false;
    if (expired) {
      if (started) co_await reject(408, "the request's header did not arrive in time");
      co_return false;
    }
    if (!timer)
      timer.emplace(context_.loop, started ? rt::Duration(context_.limits.header_timeout) : rt::Duration(wait),
                    [this, &expired] {
                      expired = true;
                      changed_.set();
                    });
    changed_.clear();
    co_await changed_.wait();
  }
}

bool Http1Connection::accept_head() {
  Http1Head& parsed = parser_->head();
  head_.method = std::move(parsed.method);
  head_.headers = std::move(parsed.headers);
  head_.peer = peer_;
  head_.certificate = certificate_;
  head_.certificate_problem = certificate_problem_;
  head_.http_version = 11;
  keep_alive_ = parser_->keep_alive();
  chunked_ = parsed.version >= 11;
  expect_continue_ = equals_ignoring_case(head_.headers.get("expect"), "100-continue");
  if (parsed.version >= 11 && !head_.headers.has("host")) return false;
  return split_target(parsed.target, head_);
}

rt::Task<void> Http1Connection::reject(int status, std::string message) {
  keep_alive_ = false;
  head_.method = "GET";
  response_ = Response::None;
  message += '\n';
  std::vector<Piece> body;
  body.push_back(Piece::of(std::move(message)));
  co_await respond(status, {{"content-type", "text/plain; charset=utf-8"}}, std::move(body));
}

rt::Task<void> Http1Connection::run_handler() {
  bool failed = false;
  try {
    co_await context_.handler(*this);
  } catch (const std::exception&) {
    failed = true;
  }
  if (response_ == Response::None) {
    std::vector<Piece> body;
    body.push_back(Piece::constant("internal error\n"));
    co_await respond(500, {{"content-type", "text/plain; charset=utf-8"}}, std::move(body));
  } else if (failed) {
    // The response is incomplete; only breaking the connection tells the client.
    broken_ = true;
    stream_->abort();
  }
  handler_done_ = true;
  changed_.set();
}

// True when the next request may follow on this connection.
rt::Task<bool> Http1Connection::finish_request() {
  if (response_ == Response::Upgraded || broken_) co_return false;
  if (response_ == Response::Streaming && chunked_ && head_.method != "HEAD") {
    auto sent = co_await send("0\r\n\r\n");
    if (!sent) co_return false;
  }
  if (!keep_alive_) co_return false;
  std::string dropped;
  std::size_t total = 0;
  while (!body_finished()) {
    dropped.clear();
    if (!feed_body(dropped)) co_return false;
    total += dropped.size();
    if (body_finished()) break;
    if (eof_ || broken_ || total > kDrainBytes) co_return false;
    bool expired = false;
    {
      ScopedTimer timer(context_.loop, context_.limits.body_timeout, [this, &expired] {
        expired = true;
        changed_.set();
      });
      changed_.clear();
      co_await changed_.wait();
    }
    if (expired) co_return false;
  }
  co_return true;
}

// Closing a socket with unread input makes the kernel send a reset, which can overtake the response: read a little longer.
rt::Task<void> Http1Connection::linger() {
  if (broken_) co_return;
  stream_->shutdown_write();
  bool expired = false;
  ScopedTimer timer(context_.loop, kLingerTime, [this, &expired] {
    expired = true;
    changed_.set();
  });
  while (!eof_ && !broken_ && !expired) {
    consume(end_ - begin_);
    changed_.clear();
    co_await changed_.wait();
  }
}

Result<void> Http1Connection::feed_body(std::string& body) {
  while (!parser_->is_done()) {
    auto consumed = parser_->feed(buffered(), body);
    if (!consumed) return fail(std::move(consumed.error()));
    if (*consumed == 0) break;
    consume(*consumed);
  }
  return {};
}

rt::Task<Result<std::string>> Http1Connection::body(std::size_t limit_bytes) {
  std::string body;
  const auto length = parser_->content_length();
  if (length && *length > limit_bytes) {
    keep_alive_ = false;
    co_return fail(Reason::RequestEntityTooLarge, "limit is " + number(limit_bytes));
  }
  if (length && !parser_->is_done()) body.reserve(*length);
  if (expect_continue_ && !parser_->is_done() && buffered().empty()) {
    CO_TRY(co_await send("HTTP/1.1 100 Continue\r\n\r\n"));
  }
  expect_continue_ = false;
  for (;;) {
    if (auto fed = feed_body(body); !fed) {
      keep_alive_ = false;
      co_return fail(std::move(fed.error()));
    }
    if (body.size() > limit_bytes) {
      keep_alive_ = false;
      co_return fail(Reason::RequestEntityTooLarge, "limit is " + number(limit_bytes));
    }
    if (parser_->is_done()) co_return body;
    if (eof_ || broken_) {
      keep_alive_ = false;
      co_return fail(Reason::BadRequest, "the request's body ended early");
    }
    bool expired = false;
    {
      ScopedTimer timer(context_.loop, context_.limits.body_timeout, [this, &expired] {
        expired = true;
        body_waiter_.wake();
      });
      co_await body_waiter_.wait();
    }
    if (expired) {
      keep_alive_ = false;
      co_return fail(Reason::Timeout, "the request's body did not arrive in time");
    }
  }
}

std::string Http1Connection::response_head(int status, const Headers& headers) {
  const auto reason = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  std::string text;
  text.reserve(256);
  text.append("HTTP/1.1 ").append(number(static_cast<std::uint64_t>(status))).append(" ");
  text.append(reason.data(), reason.size()).append("\r\n");
  for (const auto& [name, value] : headers.items())
    if (name != "content-length" && name != "connection") text.append(name).append(": ").append(value).append("\r\n");
  return text;
}

rt::Task<Result<void>> Http1Connection::send(std::string_view bytes) {
  auto sent = co_await stream_->write(bytes);
  if (!sent) {
    broken_ = true;
    changed_.set();
  }
  co_return sent;
}

rt::Task<Result<void>> Http1Connection::send_pieces(std::string head, std::vector<Piece> pieces, std::string_view tail) {
  std::string joined = std::move(head);
  for (const Piece& piece : pieces) {
    if (joined.size() + piece.bytes.size() <= kJoinBytes) {
      joined.append(piece.bytes);
      continue;
    }
    if (!joined.empty()) CO_TRY(co_await send(joined));
    joined.clear();
    if (piece.bytes.size() >= kJoinBytes / 2) {
      CO_TRY(co_await send(piece.bytes));
    } else {
      joined.append(piece.bytes);
    }
  }
  joined.append(tail);
  if (!joined.empty()) CO_TRY(co_await send(joined));
  co_return Result<void>{};
}

rt::Task<void> Http1Connection::respond(int status, Headers headers, std::vector<Piece> body) {
  ENSURE(response_ == Response::None);
  response_ = Response::Complete;
  const bool bodyless = status < 200 || status == 204 || status == 304;
  // A body that was neither read nor asked for with "100 Continue" may or may not follow.
  if (!parser_->is_done() && expect_continue_) keep_alive_ = false;
  if (draining_) keep_alive_ = false;
  std::string text = response_head(status, headers);
  if (!bodyless) text.append("content-length: ").append(number(total_size(body))).append("\r\n");
  if (!keep_alive_) {
    text.append("connection: close\r\n");
  } else if (!chunked_) {
    text.append("connection: keep-alive\r\n");  // HTTP/1.0
  }
  text.append("\r\n");
  if (bodyless || head_.method == "HEAD") body.clear();
  (void)co_await send_pieces(std::move(text), std::move(body), {});
}

rt::Task<Result<void>> Http1Connection::start(int status, Headers headers) {
  ENSURE(response_ == Response::None);
  response_ = Response::Streaming;
  if (draining_ || !chunked_ || (!parser_->is_done() && expect_continue_)) keep_alive_ = false;
  std::string text = response_head(status, headers);
  if (chunked_) text.append("transfer-encoding: chunked\r\n");
  if (!keep_alive_) text.append("connection: close\r\n");
  text.append("\r\n");
  co_return co_await send(text);
}

rt::Task<Result<void>> Http1Connection::write(std::vector<Piece> pieces) {
  ENSURE(response_ == Response::Streaming);
  const std::size_t size = total_size(pieces);
  if (size == 0 || head_.method == "HEAD") co_return Result<void>{};
  if (broken_) co_return fail(Reason::ServiceUnavailable, "the client is gone");
  std::string prefix;
  if (chunked_) prefix = number(size, 16) + "\r\n";
  auto sending = send_pieces(std::move(prefix), std::move(pieces), chunked_ ? "\r\n" : "");
  co_return co_await sending;
}

// The connection's stream as the handler of an upgrade sees it; it must not outlive the handler.
class Http1Connection::UpgradedStream final : public rt::Stream {
 public:
  explicit UpgradedStream(Http1Connection& connection) : connection_(connection) {}

  rt::Task<Result<std::size_t>> read(std::span<char> into) override {
    for (;;) {
      const std::string_view bytes = connection_.buffered();
      if (!bytes.empty()) {
        const std::size_t count = bytes.copy(into.data(), into.size());
        connection_.consume(count);
        co_return count;
      }
      if (connection_.eof_) co_return std::size_t{0};
      if (connection_.broken_) co_return fail(Reason::ServiceUnavailable, "the connection broke");
      co_await connection_.body_waiter_.wait();
    }
  }
  rt::Task<Result<void>> write(std::string_view bytes) override { return connection_.stream_->write(bytes); }
  void shutdown_write() override { connection_.stream_->shutdown_write(); }
  void abort() override { connection_.stream_->abort(); }
  rt::Address peer() const override { return connection_.peer_; }

 private:
  Http1Connection& connection_;
};

rt::Task<Result<std::unique_ptr<rt::Stream>>> Http1Connection::upgrade(std::string protocol, Headers headers) {
  ENSURE(response_ == Response::None);
  if (!has_token(head_.headers.get("connection"), "upgrade") || !equals_ignoring_case(head_.headers.get("upgrade"), protocol))
    co_return fail(Reason::BadRequest, "the request does not ask for an upgrade to " + protocol);
  response_ = Response::Upgraded;
  std::string text = response_head(101, headers);
  text.append("connection: Upgrade\r\nupgrade: ").append(protocol).append("\r\n\r\n");
  CO_TRY(co_await send(text));
  co_return std::make_unique<UpgradedStream>(*this);
}

rt::Task<Result<std::unique_ptr<WebSocket>>> Http1Connection::upgrade_websocket(std::vector<std::string> protocols) {
  CO_TRY_ASSIGN(WebSocketHandshake handshake, accept_websocket(head_, protocols));
  auto upgrading = upgrade("websocket", handshake.headers);
  CO_TRY_ASSIGN(auto stream, co_await upgrading);
  co_return make_websocket(context_.loop, std::move(stream), std::move(handshake.protocol), WebSocketRole::Server);
}

}  // namespace

std::unique_ptr<ServerConnection> make_http1_connection(ConnectionContext context, Accepted accepted) {
  return std::make_unique<Http1Connection>(context, std::move(accepted));
}

bool split_target(std::string_view target, RequestHead& head) {
  if (!target.starts_with('/')) {
    const std::size_t scheme = target.find("://");
    if (target == "*") {
      head.path = "*";
      return true;
    }
    if (scheme == std::string_view::npos) return false;
    const std::size_t slash = target.find_first_of("/?", scheme + 3);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  if (question != std::string_view::npos) head.query = target.substr(question + 1);
  const std::string_view path = target.substr(0, question);
  if (path.find('%') == std::string_view::npos) {
    head.path = path;
    return true;
  }
  auto decoded = percent_decode(path);
  if (!decoded) return false;
  head.path = *std::move(decoded);
  return true;
}

}  // namespace charon::net
