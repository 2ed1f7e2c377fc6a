#include "server/front/body_room.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace charon::server {
namespace {

constexpr std::size_t kUnsaidBytes = 64u << 10;

// How much the request may bring.
std::size_t most_bytes(const net::RequestHead& head) {
  std::string_view announced = head.headers.get("content-length");
  std::size_t length = 0;
  auto [end, error] = std::from_chars(announced.data(), announced.data() + announced.size(), length);
  if (error == std::errc() && end == announced.data() + announced.size()) return std::min(length, BodyRoom::kBodyBytes);
  bool rarely = head.method == "GET" || head.method == "HEAD" || head.method == "DELETE" || head.method == "OPTIONS";
  return rarely ? kUnsaidBytes : BodyRoom::kBodyBytes;
}

}  // namespace

rt::Task<Result<BodyRoom::Body>> BodyRoom::receive(net::Exchange& exchange) {
  const std::size_t bytes = most_bytes(exchange.head());
  while (held_ > 0 && held_ + bytes > kTotalBytes) {
    freed_.clear();
    co_await freed_.wait();
  }
  Held held(*this, bytes);
  CO_TRY_ASSIGN(std::string text, co_await exchange.body(bytes));
  co_return Body{std::move(text), std::move(held)};
}

}  // namespace charon::server
