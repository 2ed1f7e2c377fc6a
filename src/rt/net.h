// Net: byte streams between peers. Real sockets in rt/os, a faulty virtual network in the simulator.
//
// Streams and listeners belong to the loop they were made on. Destroying one closes it and cancels nothing by itself:
// cancel the task that waits first (destroying the owner Scope does that).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rt/loop.h"
#include "rt/task.h"

namespace charon::rt {

// "tcp" host and port (host a literal IPv4/IPv6 address, or a name to resolve on connect), or a unix socket path.
struct Address {
  enum class Kind : std::uint8_t { Tcp, Unix };
  Kind kind = Kind::Tcp;
  std::string host;  // or the path of a unix socket
  std::uint16_t port = 0;

  static Address tcp(std::string host, std::uint16_t port) { return {Kind::Tcp, std::move(host), port}; }
  static Address unix_path(std::string path) { return {Kind::Unix, std::move(path), 0}; }
  std::string text() const;  // "127.0.0.1:6443", "[::1]:6443", "unix:/run/x.sock"
};

class Stream {
 public:
  virtual ~Stream() = default;

  // Reads at least one byte into `into`; 0 at the end of the stream. ServiceUnavailable when the connection broke.
  // At most one read at a time.
  virtual Task<Result<std::size_t>> read(std::span<char> into) = 0;
  // Writes all of `bytes`, which must stay valid until then. At most one write at a time.
  virtual Task<Result<void>> write(std::string_view bytes) = 0;
  // No more writes: the peer reads the end of the stream.
  virtual void shutdown_write() = 0;
  // Breaks the connection: a waiting read or write fails.
  virtual void abort() = 0;
  virtual Address peer() const = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;
  virtual Task<Result<std::unique_ptr<Stream>>> accept() = 0;
  virtual Address local() const = 0;  // with the port that was chosen for port 0
};

class Net {
 public:
  virtual ~Net() = default;
  // ServiceUnavailable with the system's text when nobody answers. Bound the wait yourself (rt/timeout.h).
  virtual Task<Result<std::unique_ptr<Stream>>> connect(Address address) = 0;
  // Conflict when the address is taken, Forbidden when the user may not bind it. A stale unix socket file is replaced.
  virtual Result<std::unique_ptr<Listener>> listen(const Address& address) = 0;
};

}  // namespace charon::rt
