// VirtualNet: byte streams between tasks of one loop, without sockets. Bytes arrive in order; a pipe holds a bounded number of
// bytes, so writers feel back-pressure as on a real network.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "rt/net.h"
#include "rt/virtual/loop.h"

namespace charon::rt {

// Two connected ends.
std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_stream_pair(Loop& loop, std::size_t buffer_bytes = 65536);

class VirtualNet final : public Net {
 public:
  explicit VirtualNet(Loop& loop);
  ~VirtualNet() override;
  Task<Result<std::unique_ptr<Stream>>> connect(Address address) override;
  Result<std::unique_ptr<Listener>> listen(const Address& address) override;

 private:
  struct Board;
  Loop& loop_;
  std::shared_ptr<Board> board_;
  std::uint16_t next_port_ = 40000;
};

}  // namespace charon::rt
