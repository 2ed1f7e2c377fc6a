#include "server/front/body_room.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string_view>

#include "rt/timeout.h"

namespace charon::server {
namespace {

constexpr std::size_t kUnsaidBytes = 64u << 10;
constexpr std::chrono::seconds kPatience{5};

bool rarely_has_body(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS";
}

// How much the request may bring.
std::size_t most_bytes(const net::RequestHead& head) {
  if (rarely_has_body(head.method)) return kUnsaidBytes;
  std::string_view announced = head.headers.get("content-length");
  std::size_t length = 0;
  auto [end, error] = std::from_chars(announced.data(), announced.data() + announced.size(), length);
  if (error == std::errc() && end == announced.data() + announced.size()) return std::min(length, BodyRoom::kBodyBytes);
  return BodyRoom::kBodyBytes;
}

}  // namespace

rt::Task<bool> BodyRoom::wait_freed() {
  freed_.clear();
  co_await freed_.wait();
  co_return true;
}

rt::Task<Result<BodyRoom::Body>> BodyRoom::receive(net::Exchange& exchange) {
  const std::size_t bytes = most_bytes(exchange.head());
  const bool waits = !rarely_has_body(exchange.head().method);
  const rt::Instant deadline = loop_.clock().now() + kPatience;
  while (waits && held_ > 0 && held_ + bytes > kTotalBytes)
    if (!co_await rt::with_timeout(loop_, deadline - loop_.clock().now(), wait_freed()))
      co_return fail(Reason::TooManyRequests,
                     "too many large requests are on their way to other servers, please try again later");
  Held held(*this, bytes);
  CO_TRY_ASSIGN(std::string text, co_await exchange.body(bytes));
  co_return Body{std::move(text), std::move(held)};
}

}  // namespace charon::server
