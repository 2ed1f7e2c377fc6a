#include "rt/os/net.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "rt/os/descriptor.h"

namespace charon::rt {
namespace {

namespace asio = boost::asio;

std::unexpected<Error> system_error(Reason reason, const std::string& what, int number) {
  return fail(reason, what + ": " + std::strerror(number));
}

// A socket address of any family.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

// Nullopt when the host is a name.
std::optional<SocketAddress> literal(const Address& address) {
  SocketAddress result;
  if (address.kind == Address::Kind::Unix) {
    auto* local = reinterpret_cast<sockaddr_un*>(&result.storage);
    local->sun_family = AF_UNIX;
    std::strncpy(local->sun_path, address.host.c_str(), sizeof local->sun_path - 1);
    result.length = sizeof(sockaddr_un);
    return result;
  }
  auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    result.length = sizeof *v4;
    return result;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
  if (inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    result.length = sizeof *v6;
    return result;
  }
  return std::nullopt;
}

Address readable(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.family() == AF_INET) {
    auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    return Address::tcp(text, ntohs(v4->sin_port));
  }
  if (address.family() == AF_INET6) {
    auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    return Address::tcp(text, ntohs(v6->sin6_port));
  }
  return Address::unix_path(reinterpret_cast<const sockaddr_un*>(&address.storage)->sun_path);
}

class OsStream final : public Stream {
 public:
  OsStream(OsLoop& loop, int fd, Address peer) : socket_(loop, fd), peer_(std::move(peer)) {
    int on = 1;
    if (peer_.kind == Address::Kind::Tcp) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  // A read that did not fill its buffer emptied the socket, so the next one waits first. Waiting arms the descriptor anew:
  // what came in between wakes it at once.
  Task<Result<std::size_t>> read(std::span<char> into) override {
    while (true) {
      if (std::exchange(emptied_, false)) co_await socket_.ready(Descriptor::For::Read);
      ssize_t count = ::recv(socket_.fd(), into.data(), into.size(), 0);
      if (count >= 0) {
        emptied_ = count > 0 && static_cast<std::size_t>(count) < into.size();
        co_return static_cast<std::size_t>(count);
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN) co_return system_error(Reason::ServiceUnavailable, "read from " + peer_.text(), errno);
      emptied_ = true;
    }
  }

  Task<Result<void>> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      ssize_t count = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
      } else if (errno == EAGAIN) {
        co_await socket_.ready(Descriptor::For::Write);
      } else if (errno != EINTR) {
        co_return system_error(Reason::ServiceUnavailable, "write to " + peer_.text(), errno);
      }
    }
    co_return Result<void>();
  }

  void shutdown_write() override { ::shutdown(socket_.fd(), SHUT_WR); }
  void abort() override { ::shutdown(socket_.fd(), SHUT_RDWR); }
  Address peer() const override { return peer_; }

 private:
  Descriptor socket_;
  Address peer_;
  bool emptied_ = false;
};

class OsListener final : public Listener {
 public:
  OsListener(OsLoop& loop, int fd, Address local) : loop_(loop), socket_(loop, fd), local_(std::move(local)) {}
  ~OsListener() override {
    if (local_.kind == Address::Kind::Unix) ::unlink(local_.host.c_str());
  }

  Task<Result<std::unique_ptr<Stream>>> accept() override {
    while (true) {
      SocketAddress peer;
      peer.length = sizeof peer.storage;
      int fd = ::accept4(socket_.fd(), peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0)
        co_return std::make_unique<OsStream>(loop_, fd, local_.kind == Address::Kind::Unix ? local_ : readable(peer));
      if (errno == EAGAIN) {
        co_await socket_.ready(Descriptor::For::Read);
      } else if (errno != EINTR && errno != ECONNABORTED) {
        co_return system_error(Reason::ServiceUnavailable, "accept on " + local_.text(), errno);
      }
    }
  }
  Address local() const override { return local_; }

 private:
  OsLoop& loop_;
  Descriptor socket_;
  Address local_;
};

// Waits for Asio's resolver thread.
class Resolve {
  struct State {
    std::coroutine_handle<> waiter;
    boost::system::error_code error;
    std::vector<SocketAddress> found;
  };

 public:
  Resolve(OsLoop& loop, const Address& address) : resolver_(loop.context()), address_(address) {}
  Resolve(const Resolve&) = delete;
  ~Resolve() { state_->waiter = nullptr; }
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    state_->waiter = waiter;
    resolver_.async_resolve(address_.host, std::to_string(address_.port),
                            [state = state_](const boost::system::error_code& error, auto results) {
                              state->error = error;
                              for (const auto& result : results) {
                                SocketAddress address;
                                address.length = static_cast<socklen_t>(result.endpoint().size());
                                std::memcpy(&address.storage, result.endpoint().data(), address.length);
                                state->found.push_back(address);
                              }
                              if (state->waiter) std::exchange(state->waiter, nullptr).resume();
                            });
  }
  Result<std::vector<SocketAddress>> await_resume() {
    if (state_->error) return fail(Reason::ServiceUnavailable, "resolve " + address_.host + ": " + state_->error.message());
    return std::move(state_->found);
  }

 private:
  asio::ip::tcp::resolver resolver_;
  const Address& address_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

class OsNet final : public Net {
 public:
  explicit OsNet(OsLoop& loop) : loop_(loop) {}

  Task<Result<std::unique_ptr<Stream>>> connect(Address address) override {
    std::vector<SocketAddress> candidates;
    if (auto known = literal(address)) {
      candidates.push_back(*known);
    } else {
      auto found = co_await Resolve(loop_, address);
      if (!found) co_return fail(std::move(found.error()));
      candidates = std::move(*found);
    }
    Error last{Reason::ServiceUnavailable, "connect to " + address.text() + ": no address", nullptr};
    for (const SocketAddress& candidate : candidates) {
      auto stream = co_await connect_one(candidate, address);
      if (stream) co_return stream;
      last = std::move(stream.error());
    }
    co_return fail(std::move(last));
  }

  Result<std::unique_ptr<Listener>> listen(const Address& address) override {
    auto target = literal(address);
    if (!target) return fail(Reason::BadRequest, "listen on " + address.text() + ": not an IP address");
    int fd = ::socket(target->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return system_error(Reason::InternalError, "socket", errno);
    int on = 1;
    if (target->family() == AF_UNIX) {
      ::unlink(address.host.c_str());
    } else {
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    if (::bind(fd, target->get(), target->length) < 0 || ::listen(fd, 4096) < 0) {
      int number = errno;
      ::close(fd);
      Reason reason = number == EADDRINUSE ? Reason::Conflict : number == EACCES ? Reason::Forbidden : Reason::InternalError;
      return system_error(reason, "listen on " + address.text(), number);
    }
    Address local = address;
    if (address.kind == Address::Kind::Tcp) {
      SocketAddress bound;
      bound.length = sizeof bound.storage;
      ::getsockname(fd, bound.get(), &bound.length);
      local = readable(bound);
    }
    return std::make_unique<OsListener>(loop_, fd, std::move(local));
  }

 private:
  Task<Result<std::unique_ptr<Stream>>> connect_one(SocketAddress target, Address address) {
    int fd = ::socket(target.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) co_return system_error(Reason::InternalError, "socket", errno);
    auto stream = std::make_unique<OsStream>(loop_, fd, address);
    int number = ::connect(fd, target.get(), target.length) == 0 ? 0 : errno;
    if (number == EINPROGRESS || number == EAGAIN) {
      number = co_await finish_connect(fd);
    }
    if (number != 0) co_return system_error(Reason::ServiceUnavailable, "connect to " + address.text(), number);
    co_return std::unique_ptr<Stream>(std::move(stream));
  }

  // The descriptor is watched through a duplicate, so that the stream stays the only owner of the socket itself.
  Task<int> finish_connect(int fd) {
    Descriptor watch(loop_, ::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    while (true) {
      co_await watch.ready(Descriptor::For::Write);
      int number = 0;
      socklen_t length = sizeof number;
      ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &length);
      co_return number;
    }
  }

  OsLoop& loop_;
};

}  // namespace

std::unique_ptr<Net> make_os_net(OsLoop& loop) { return std::make_unique<OsNet>(loop); }

}  // namespace charon::rt
