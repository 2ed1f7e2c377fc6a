#include "server/audit/ids.h"

#include <span>

namespace charon::server::audit {

RequestIds::RequestIds(rt::Random& random) : count_(random.next()) {
  random.fill({reinterpret_cast<char*>(start_.data()), start_.size()});
  start_[6] = static_cast<std::uint8_t>((start_[6] & 0x0f) | 0x80);  // RFC 9562 version 8: bits of our own
  start_[8] = static_cast<std::uint8_t>((start_[8] & 0x3f) | 0x80);
}

std::string RequestIds::next() {
  constexpr std::size_t kCountBytes = 6;
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  auto append = [&text](unsigned byte) {
    text += kHex[byte >> 4 & 15];
    text += kHex[byte & 15];
  };
  for (std::size_t i = 0; i < start_.size(); ++i) {
    if (i == 4 || i == 6 || i == 8) text += '-';
    append(start_[i]);
  }
  text += '-';
  for (std::size_t i = kCountBytes; i-- > 0;) append(static_cast<unsigned>(count_ >> 8 * i & 0xff));
  ++count_;
  return text;
}

}  // namespace charon::server::audit
