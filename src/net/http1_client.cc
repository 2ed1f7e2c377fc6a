#include "net/http1_client.h"

#include <cstring>

#include "net/http1_parser.h"

namespace charon::net {
namespace {

constexpr std::size_t kHeaderBytes = 256u << 10;
constexpr std::size_t kReadBytes = 32u << 10;
constexpr std::size_t kErrorBodyBytes = 4096;
constexpr std::size_t kJoinedBytes = 64u << 10;  // of a body that is written with the header

// The header, and the body where it is short: what follows in a write of its own costs a system call and a TLS record.
std::string request_text(const ClientRequest& request, const std::string& body, const std::string& authority) {
  std::string text;
  text.reserve(256 + (body.size() <= kJoinedBytes ? body.size() : 0));
  text.append(request.method).append(" ").append(request.path).append(" HTTP/1.1\r\n");
  if (!request.headers.has("host")) text.append("host: ").append(authority).append("\r\n");
  for (const auto& [name, value] : request.headers.items())
    if (name != "content-length") text.append(name).append(": ").append(value).append("\r\n");
  if (!body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH")
    text.append("content-length: ").append(std::to_string(body.size())).append("\r\n");
  text.append("\r\n");
  if (body.size() <= kJoinedBytes) text.append(body);
  return text;
}

class Http1Stream final : public ClientStream {
 public:
  Http1Stream(Http1Wire wire, bool head_request, std::weak_ptr<Http1Pool> pool)
      : wire_(std::move(wire)), head_request_(head_request), pool_(std::move(pool)) {}

  int status() const override { return head_.status; }
  const Headers& headers() const override { return head_.headers; }
  const Headers& trailers() const override { return trailers_; }

  rt::Task<Result<std::string>> read() override {
    while (body_.empty() && !parser_->is_done()) {
      CO_TRY(feed());
      if (!body_.empty() || parser_->is_done()) break;
      auto filling = fill();
      CO_TRY_ASSIGN(const bool more, co_await filling);
      if (more) continue;
      if (!parser_->feed_end()) co_return fail(Reason::ServiceUnavailable, "the response's body ended early");
      ended_ = true;
      break;
    }
    if (body_.empty() && parser_->is_done()) finish();
    co_return std::exchange(body_, {});
  }

  rt::Task<Result<void>> send(std::string text) { co_return co_await wire_.stream->write(text); }
  // Of somebody who waits.
  rt::Task<Result<void>> send_bytes(std::string_view bytes) { co_return co_await wire_.stream->write(bytes); }

  rt::Task<Result<void>> read_head() {
    for (;;) {
      parser_.emplace(kHeaderBytes);
      if (head_request_) parser_->skip(true);
      while (!parser_->is_header_done()) {
        CO_TRY(feed());
        if (parser_->is_header_done()) break;
        auto filling = fill();
        CO_TRY_ASSIGN(const bool more, co_await filling);
        if (!more) co_return fail(Reason::ServiceUnavailable, "the server closed the connection before it answered");
      }
      head_ = std::move(parser_->head());
      if (head_.status == 101 || head_.status >= 200) co_return Result<void>{};
    }
  }

  bool nothing_received() const { return nothing_received_; }
  Upgraded take_upgraded();

 private:
  Result<void> feed() {
    std::size_t used = 0;
    while (used < wire_.buffered.size() && !parser_->is_done()) {
      const bool in_header = !parser_->is_header_done();
      auto consumed = parser_->feed(std::string_view(wire_.buffered).substr(used), body_);
      if (!consumed) return fail(Reason::ServiceUnavailable, "from the server: " + consumed.error().message);
      used += *consumed;
      if (*consumed == 0 || (in_header && parser_->is_header_done())) break;
    }
    wire_.buffered.erase(0, used);
    return {};
  }

  // False at the end of the connection.
  rt::Task<Result<bool>> fill() {
    const std::size_t have = wire_.buffered.size();
    wire_.buffered.resize(have + kReadBytes);
    auto count = co_await wire_.stream->read(std::span(wire_.buffered.data() + have, kReadBytes));
    wire_.buffered.resize(have + count.value_or(0));
    if (!count) co_return fail(std::move(count.error()));
    nothing_received_ = nothing_received_ && *count == 0;
    co_return *count > 0;
  }

  void finish() {
    trailers_ = std::move(parser_->trailers());
    if (ended_ || !parser_->keep_alive() || !wire_.stream) return;
    if (const auto pool = pool_.lock()) pool->give_back(std::move(wire_));
    ended_ = true;
  }

  Http1Wire wire_;
  bool head_request_;
  std::weak_ptr<Http1Pool> pool_;
  std::optional<Http1Parser<false>> parser_;
  Http1Head head_;
  Headers trailers_;
  std::string body_;
  bool nothing_received_ = true;
  bool ended_ = false;
};

// What was read beyond the 101 comes first.
class PrefixedStream final : public rt::Stream {
 public:
  PrefixedStream(std::unique_ptr<rt::Stream> stream, std::string prefix)
      : stream_(std::move(stream)), prefix_(std::move(prefix)) {}
  rt::Task<Result<std::size_t>> read(std::span<char> into) override {
    if (!prefix_.empty()) {
      const std::size_t count = prefix_.copy(into.data(), into.size());
      prefix_.erase(0, count);
      co_return count;
    }
    co_return co_await stream_->read(into);
  }
  rt::Task<Result<void>> write(std::string_view bytes) override { return stream_->write(bytes); }
  void shutdown_write() override { stream_->shutdown_write(); }
  void abort() override { stream_->abort(); }
  rt::Address peer() const override { return stream_->peer(); }

 private:
  std::unique_ptr<rt::Stream> stream_;
  std::string prefix_;
};

Upgraded Http1Stream::take_upgraded() {
  return {std::move(head_.headers), std::make_unique<PrefixedStream>(std::move(wire_.stream), std::move(wire_.buffered))};
}

}  // namespace

rt::Task<Http1Outcome> http1_open(Http1Wire wire, Http1Request request, std::weak_ptr<Http1Pool> pool) {
  auto stream = std::make_unique<Http1Stream>(std::move(wire), request.request.method == "HEAD", std::move(pool));
  auto sent = co_await stream->send(request_text(request.request, *request.body, request.authority));
  if (sent && request.body->size() > kJoinedBytes) sent = co_await stream->send_bytes(*request.body);
  // A server may answer and close before it read everything: look for its answer.
  auto received = co_await stream->read_head();
  if (!received) {
    Error error = sent ? std::move(received.error()) : std::move(sent.error());
    co_return std::unexpected(Http1Failure{std::move(error), stream->nothing_received()});
  }
  co_return std::unique_ptr<ClientStream>(std::move(stream));
}

rt::Task<Result<Upgraded>> http1_upgrade(Http1Wire wire, ClientRequest request, std::string authority) {
  auto stream = std::make_unique<Http1Stream>(std::move(wire), false, std::weak_ptr<Http1Pool>());
  CO_TRY(co_await stream->send(request_text(request, request.body, authority)));
  CO_TRY(co_await stream->read_head());
  if (stream->status() == 101) co_return stream->take_upgraded();
  std::string message;
  while (message.size() < kErrorBodyBytes) {
    auto bytes = co_await stream->read();
    if (!bytes || bytes->empty()) break;
    message += *bytes;
  }
  if (message.empty()) message = "the server answered " + std::to_string(stream->status()) + " to an upgrade";
  co_return fail(reason_from("", stream->status()), std::move(message));
}

}  // namespace charon::net
