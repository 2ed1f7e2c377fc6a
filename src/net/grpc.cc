#include "net/grpc.h"

#include <charconv>

#include "rt/timeout.h"

namespace charon::net {
namespace {

constexpr std::size_t kMessageBytes = 16u << 20;  // what the kubelet allows the runtime
constexpr std::size_t kPrefixBytes = 5;           // compressed flag, length

std::string framed(std::string_view message) {
  std::string frame;
  frame.reserve(message.size() + kPrefixBytes);
  frame += '\0';
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(message.size() >> shift);
  frame += message;
  return frame;
}

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
Reason reason_of(int status) {
  switch (status) {
    case 1:  // CANCELLED
      return Reason::ServiceUnavailable;
    case 3:   // INVALID_ARGUMENT
    case 11:  // OUT_OF_RANGE
      return Reason::BadRequest;
    case 4:  // DEADLINE_EXCEEDED
      return Reason::Timeout;
    case 5:  // NOT_FOUND
      return Reason::NotFound;
    case 6:  // ALREADY_EXISTS
      return Reason::AlreadyExists;
    case 7:  // PERMISSION_DENIED
      return Reason::Forbidden;
    case 8:  // RESOURCE_EXHAUSTED
      return Reason::TooManyRequests;
    case 9:   // FAILED_PRECONDITION
    case 10:  // ABORTED
      return Reason::Conflict;
    case 12:  // UNIMPLEMENTED
      return Reason::NotImplemented;
    case 14:  // UNAVAILABLE
      return Reason::ServiceUnavailable;
    case 16:  // UNAUTHENTICATED
      return Reason::Unauthorized;
    default:
      return Reason::InternalError;
  }
}

// The verdict in trailers, or in the headers of a response without messages.
Result<void> verdict(const ClientStream& stream) {
  const Headers& place = stream.trailers().has("grpc-status") ? stream.trailers() : stream.headers();
  const std::string_view text = place.get("grpc-status");
  int status = -1;
  std::from_chars(text.data(), text.data() + text.size(), status);
  if (status == 0) return {};
  if (status < 0) return fail(Reason::ServiceUnavailable, "gRPC: the server ended the call without a status");
  const std::string_view raw = place.get("grpc-message");
  std::string message = percent_decode(raw).value_or(std::string(raw));
  if (message.empty()) message = "gRPC status " + std::to_string(status);
  return fail(reason_of(status), std::move(message));
}

class Messages final : public GrpcStream {
 public:
  explicit Messages(std::unique_ptr<ClientStream> stream) : stream_(std::move(stream)) {}

  rt::Task<Result<std::optional<std::string>>> next() override {
    for (;;) {
      if (buffer_.size() >= kPrefixBytes) {
        if (buffer_[0] != 0) co_return fail(Reason::InternalError, "gRPC: a compressed message, which was not offered");
        std::size_t size = 0;
        for (std::size_t i = 1; i < kPrefixBytes; ++i) size = size << 8 | static_cast<unsigned char>(buffer_[i]);
        if (size > kMessageBytes)
          co_return fail(Reason::RequestEntityTooLarge, "gRPC: message of " + std::to_string(size) + " bytes");
        if (buffer_.size() >= kPrefixBytes + size) {
          std::string message = buffer_.substr(kPrefixBytes, size);
          buffer_.erase(0, kPrefixBytes + size);
          co_return std::optional(std::move(message));
        }
      }
      auto bytes = co_await stream_->read();
      if (!bytes) co_return fail(std::move(bytes.error()));
      if (!bytes->empty()) {
        buffer_ += *bytes;
        continue;
      }
      CO_TRY(verdict(*stream_));
      if (!buffer_.empty()) co_return fail(Reason::InternalError, "gRPC: the last message is incomplete");
      co_return std::optional<std::string>();
    }
  }

 private:
  std::unique_ptr<ClientStream> stream_;
  std::string buffer_;
};

class Channel final : public GrpcChannel {
 public:
  Channel(rt::Loop& loop, rt::Net& net, rt::Address address, Headers metadata) : loop_(loop), metadata_(std::move(metadata)) {
    ClientOptions options;
    if (address.kind == rt::Address::Kind::Unix) options.authority = "localhost";
    options.address = std::move(address);
    options.http2_prior_knowledge = true;
    client_ = make_client(loop, net, std::move(options));
  }

  rt::Task<Result<std::string>> unary(std::string method, std::string request, std::chrono::milliseconds timeout) override {
    auto bounded = rt::with_timeout(loop_, timeout, unary_unbounded(method, std::move(request), timeout));
    auto outcome = co_await bounded;
    if (!outcome) co_return fail(Reason::Timeout, method + ": no answer within " + std::to_string(timeout.count()) + " ms");
    co_return std::move(*outcome);
  }

  rt::Task<Result<std::unique_ptr<GrpcStream>>> server_stream(std::string method, std::string request) override {
    auto calling = call_method(std::move(method), std::move(request), std::nullopt);
    CO_TRY_ASSIGN(auto stream, co_await calling);
    co_return std::unique_ptr<GrpcStream>(std::make_unique<Messages>(std::move(stream)));
  }

 private:
  rt::Task<Result<std::unique_ptr<ClientStream>>> call_method(std::string method, std::string message,
                                                              std::optional<std::chrono::milliseconds> timeout) {
    ClientRequest request;
    request.method = "POST";
    request.path = std::move(method);
    request.headers = metadata_;
    request.headers.set("content-type", "application/grpc+proto");
    request.headers.set("te", "trailers");
    // At most eight digits fit (PROTOCOL-HTTP2, "Timeout").
    if (timeout && timeout->count() < 100'000'000) request.headers.set("grpc-timeout", std::to_string(timeout->count()) + "m");
    request.body = framed(message);
    auto opening = client_->open(std::move(request));
    CO_TRY_ASSIGN(auto stream, co_await opening);
    if (stream->status() != 200 && !stream->headers().has("grpc-status"))
      co_return fail(reason_from("", stream->status()), "gRPC: HTTP status " + std::to_string(stream->status()));
    co_return stream;
  }

  rt::Task<Result<std::string>> unary_unbounded(std::string method, std::string message, std::chrono::milliseconds timeout) {
    auto calling = call_method(std::move(method), std::move(message), timeout);
    CO_TRY_ASSIGN(auto stream, co_await calling);
    Messages messages(std::move(stream));
    auto first = messages.next();
    CO_TRY_ASSIGN(auto answer, co_await first);
    if (!answer) co_return fail(Reason::InternalError, "gRPC: status OK without a message");
    auto second = messages.next();
    CO_TRY_ASSIGN(const auto more, co_await second);
    if (more) co_return fail(Reason::InternalError, "gRPC: several messages for a unary call");
    co_return std::move(*answer);
  }

  rt::Loop& loop_;
  Headers metadata_;
  std::unique_ptr<HttpClient> client_;
};

}  // namespace

std::unique_ptr<GrpcChannel> make_grpc_channel(rt::Loop& loop, rt::Net& net, rt::Address address, Headers metadata) {
  return std::make_unique<Channel>(loop, net, std::move(address), std::move(metadata));
}

}  // namespace charon::net
