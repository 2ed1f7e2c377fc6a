// A stream that delivers given bytes and swallows what is written. For fuzzers only.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>

#include "rt/net.h"

namespace charon::net {

class FuzzStream final : public rt::Stream {
 public:
  // The first byte of the input says in what portions the rest arrives.
  FuzzStream(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) return;
    portion_ = bytes[0] == 0 ? 65536 : bytes[0];
    input_.assign(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  }

  rt::Task<Result<std::size_t>> read(std::span<char> into) override {
    const std::size_t count = std::min({into.size(), portion_, input_.size() - position_});
    std::memcpy(into.data(), input_.data() + position_, count);
    position_ += count;
    co_return count;
  }
  rt::Task<Result<void>> write(std::string_view) override {
    if (aborted_) co_return fail(Reason::ServiceUnavailable, "aborted");
    co_return Result<void>{};
  }
  void shutdown_write() override {}
  void abort() override {
    aborted_ = true;
    position_ = input_.size();
  }
  rt::Address peer() const override { return rt::Address::tcp("fuzz", 0); }

 private:
  std::string input_;
  std::size_t position_ = 0;
  std::size_t portion_ = 1;
  bool aborted_ = false;
};

}  // namespace charon::net
