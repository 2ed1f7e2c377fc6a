#include "rt/virtual/net.h"

#include <algorithm>
#include <cstring>

#include "rt/sync.h"

namespace charon::rt {
namespace {

// One direction of a connection.
struct Pipe {
  Pipe(Loop& loop, std::size_t limit) : limit(limit), readable(loop), writable(loop) {}
  std::size_t limit;
  std::string bytes;
  bool ended = false;   // the writer is done
  bool broken = false;  // either side aborted or is gone
  Event readable;
  Event writable;

  void wake() {
    readable.set();
    writable.set();
  }
};

class PipeStream final : public Stream {
 public:
  PipeStream(std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out) : in_(std::move(in)), out_(std::move(out)) {}
  ~PipeStream() override {
    in_->broken = true;
    in_->wake();
    out_->ended = true;
    out_->wake();
  }

  Task<Result<std::size_t>> read(std::span<char> into) override {
    while (in_->bytes.empty()) {
      if (in_->broken) co_return fail(Reason::ServiceUnavailable, "read: connection reset");
      if (in_->ended) co_return std::size_t{0};
      in_->readable.clear();
      co_await in_->readable.wait();
    }
    std::size_t count = std::min(into.size(), in_->bytes.size());
    std::memcpy(into.data(), in_->bytes.data(), count);
    in_->bytes.erase(0, count);
    in_->writable.set();
    co_return count;
  }

  Task<Result<void>> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (out_->broken || out_->ended) co_return fail(Reason::ServiceUnavailable, "write: broken pipe");
      std::size_t room = out_->limit - std::min(out_->limit, out_->bytes.size());
      std::size_t count = std::min(room, bytes.size());
      out_->bytes.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      if (count > 0) out_->readable.set();
      if (bytes.empty()) break;
      out_->writable.clear();
      co_await out_->writable.wait();
    }
    co_return Result<void>();
  }

  void shutdown_write() override {
    out_->ended = true;
    out_->wake();
  }
  void abort() override {
    in_->broken = out_->broken = true;
    in_->wake();
    out_->wake();
  }
  Address peer() const override { return Address::tcp("virtual", 0); }

 private:
  std::shared_ptr<Pipe> in_;
  std::shared_ptr<Pipe> out_;
};

}  // namespace

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_stream_pair(Loop& loop, std::size_t buffer_bytes) {
  auto forth = std::make_shared<Pipe>(loop, buffer_bytes);
  auto back = std::make_shared<Pipe>(loop, buffer_bytes);
  return {std::make_unique<PipeStream>(back, forth), std::make_unique<PipeStream>(forth, back)};
}

struct VirtualNet::Board {
  std::map<std::string, std::shared_ptr<Queue<std::unique_ptr<Stream>>>> listeners;
};

namespace {

class VirtualListener final : public Listener {
 public:
  VirtualListener(Address local, std::shared_ptr<Queue<std::unique_ptr<Stream>>> queue, Callback gone)
      : local_(std::move(local)), queue_(std::move(queue)), gone_(std::move(gone)) {}
  ~VirtualListener() override { gone_(); }
  Task<Result<std::unique_ptr<Stream>>> accept() override {
    auto stream = co_await queue_->pop();
    if (!stream) co_return fail(Reason::ServiceUnavailable, "accept: listener closed");
    co_return std::move(*stream);
  }
  Address local() const override { return local_; }

 private:
  Address local_;
  std::shared_ptr<Queue<std::unique_ptr<Stream>>> queue_;
  Callback gone_;
};

}  // namespace

VirtualNet::VirtualNet(Loop& loop) : loop_(loop), board_(std::make_shared<Board>()) {}
VirtualNet::~VirtualNet() = default;

Task<Result<std::unique_ptr<Stream>>> VirtualNet::connect(Address address) {
  auto found = board_->listeners.find(address.text());
  if (found == board_->listeners.end())
    co_return fail(Reason::ServiceUnavailable, "connect to " + address.text() + ": connection refused");
  auto [near, far] = make_stream_pair(loop_);
  if (!found->second->push(std::move(far)))
    co_return fail(Reason::ServiceUnavailable, "connect to " + address.text() + ": too many waiting connections");
  co_return std::move(near);
}

Result<std::unique_ptr<Listener>> VirtualNet::listen(const Address& address) {
  Address local = address;
  if (local.kind == Address::Kind::Tcp && local.port == 0) local.port = next_port_++;
  std::string name = local.text();
  if (board_->listeners.contains(name)) return fail(Reason::Conflict, "listen on " + name + ": address in use");
  auto queue = std::make_shared<Queue<std::unique_ptr<Stream>>>(loop_, 4096);
  board_->listeners[name] = queue;
  return std::make_unique<VirtualListener>(local, queue, [board = board_, name] { board->listeners.erase(name); });
}

}  // namespace charon::rt
