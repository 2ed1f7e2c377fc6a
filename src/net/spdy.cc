#include "net/spdy.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "net/root_task.h"
#include "rt/sync.h"

namespace charon::net {
namespace {

constexpr std::size_t kReadBytes = 32u << 10;
constexpr std::size_t kFrameHeadBytes = 8;
constexpr std::size_t kDataBytes = 32u << 10;     // per frame that we send
constexpr std::size_t kControlBytes = 64u << 10;  // longest control frame that we accept
constexpr std::size_t kOutputBytes = 256u << 10;  // queued for the connection before writers wait
constexpr std::size_t kStreamBytes = 1u << 20;    // received and not read before the session stops reading
constexpr unsigned char kFin = 1;
constexpr std::uint32_t kCancel = 5;  // RST_STREAM status

enum Type : std::uint16_t { kSynStream = 1, kSynReply = 2, kRstStream = 3, kPing = 6, kGoAway = 7 };

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}
std::uint32_t get(std::string_view bytes, std::size_t at, int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return value;
}

std::string control_frame(Type type, unsigned char flags, std::string_view payload) {
  std::string frame;
  put(frame, 0x8003, 2);
  put(frame, type, 2);
  put(frame, flags, 1);
  put(frame, payload.size(), 3);
  return frame.append(payload);
}

struct StreamState {
  explicit StreamState(rt::Loop& loop) : changed(loop) {}
  std::uint32_t id = 0;
  bool replied = false;
  bool read_ended = false;
  bool write_ended = false;
  bool reset = false;
  std::string received;
  rt::Event changed;
};

// Shared by the session and its streams. Everybody is woken from the loop, because whoever is woken may drop the last
// reference to this.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(rt::Loop& loop, std::unique_ptr<rt::Stream> stream)
      : loop_(loop), stream_(std::move(stream)), output_(loop), room_(loop), drained_(loop) {
    buffer_ = std::make_unique_for_overwrite<char[]>(kReadBytes);
    reader_.start(read_forever());
    writer_.start(write_forever());
  }

  rt::Task<Result<std::unique_ptr<rt::Stream>>> open(Headers headers);
  rt::Task<Result<void>> write(std::shared_ptr<StreamState> state, std::string_view bytes);
  void finish_writing(StreamState& state) {
    if (std::exchange(state.write_ended, true) || over_) return;
    std::string frame;
    put(frame, state.id, 4);
    put(frame, kFin, 1);
    put(frame, 0, 3);
    send(frame);
  }
  void reset(StreamState& state) {
    if (state.reset || (state.read_ended && state.write_ended)) return;
    state.reset = true;
    std::string payload;
    put(payload, state.id, 4);
    put(payload, kCancel, 4);
    send(control_frame(kRstStream, 0, payload));
    state.changed.set();
  }
  void forget(StreamState& state) {
    reset(state);
    streams_.erase(state.id);
    drained_.set();
  }
  void taken() { drained_.set(); }
  bool over() const { return over_; }
  rt::Address peer() const { return stream_->peer(); }
  rt::Loop& loop() { return loop_; }

 private:
  rt::Task<void> read_forever();
  rt::Task<void> write_forever();
  bool parse();
  void control(std::uint16_t type, unsigned char flags, std::string_view payload);
  void send(std::string_view bytes) {
    out_.append(bytes);
    output_.set();
  }
  StreamState* find(std::uint32_t id) {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second.get();
  }
  bool crowded() const {
    return std::ranges::any_of(streams_, [](const auto& item) { return item.second->received.size() > kStreamBytes; });
  }
  void end() {
    over_ = true;
    for (auto& [id, state] : streams_) state->changed.set();
    room_.set();
    output_.set();
  }

  rt::Loop& loop_;
  std::unique_ptr<rt::Stream> stream_;
  std::unordered_map<std::uint32_t, std::shared_ptr<StreamState>> streams_;
  std::uint32_t next_id_ = 1;
  bool deflate_begun_ = false;
  bool over_ = false;
  std::string in_;
  std::string out_;
  std::string sending_;
  std::unique_ptr<char[]> buffer_;
  rt::Event output_;   // there is something to send
  rt::Event room_;     // the output queue is short
  rt::Event drained_;  // some stream's data was taken
  RootTask reader_;
  RootTask writer_;
};

rt::Task<void> Connection::read_forever() {
  for (;;) {
    while (crowded()) {
      drained_.clear();
      co_await drained_.wait();
    }
    auto count = co_await stream_->read(std::span(buffer_.get(), kReadBytes));
    if (!count || *count == 0) break;
    in_.append(buffer_.get(), *count);
    if (!parse()) {
      stream_->abort();
      break;
    }
  }
  end();
}

rt::Task<void> Connection::write_forever() {
  while (!over_) {
    if (out_.empty()) {
      room_.set();
      output_.clear();
      co_await output_.wait();
      continue;
    }
    sending_.clear();
    sending_.swap(out_);
    room_.set();
    auto sent = co_await stream_->write(sending_);
    if (!sent) end();
  }
}

// False when the peer breaks the protocol.
bool Connection::parse() {
  std::size_t used = 0;
  while (in_.size() - used >= kFrameHeadBytes) {
    const std::string_view rest = std::string_view(in_).substr(used);
    const bool is_control = (get(rest, 0, 1) & 0x80) != 0;
    const auto flags = static_cast<unsigned char>(get(rest, 4, 1));
    const std::size_t size = get(rest, 5, 3);
    if (is_control && size > kControlBytes) return false;
    if (rest.size() < kFrameHeadBytes + size) {
      // A long data frame is handed on only when it is complete; 16 MiB is the most that its length can say.
      break;
    }
    const std::string_view payload = rest.substr(kFrameHeadBytes, size);
    used += kFrameHeadBytes + size;
    if (is_control) {
      if (get(rest, 0, 2) != 0x8003) return false;
      control(static_cast<std::uint16_t>(get(rest, 2, 2)), flags, payload);
      continue;
    }
    StreamState* state = find(get(rest, 0, 4));
    if (state == nullptr || state->reset) continue;
    state->received.append(payload);
    if ((flags & kFin) != 0) state->read_ended = true;
    state->changed.set();
  }
  in_.erase(0, used);
  return true;
}

void Connection::control(std::uint16_t type, unsigned char flags, std::string_view payload) {
  if (payload.size() < 4) return;
  const std::uint32_t id = get(payload, 0, 4) & 0x7fffffff;
  StreamState* state = find(id);
  switch (type) {
    case kSynReply:
      if (state == nullptr) return;
      state->replied = true;
      if ((flags & kFin) != 0) state->read_ended = true;
      state->changed.set();
      return;
    case kRstStream:
      if (state == nullptr) return;
      state->reset = true;
      state->changed.set();
      return;
    case kPing:
      // The server's own pings are even and want an echo.
      if (id % 2 == 0) send(control_frame(kPing, 0, payload));
      return;
    default:
      // SETTINGS, WINDOW_UPDATE, HEADERS and GOAWAY change nothing for what we do.
      return;
  }
}

class SpdyStream final : public rt::Stream {
 public:
  SpdyStream(std::shared_ptr<Connection> connection, std::shared_ptr<StreamState> state)
      : connection_(std::move(connection)), state_(std::move(state)) {}
  ~SpdyStream() override { connection_->forget(*state_); }

  rt::Task<Result<std::size_t>> read(std::span<char> into) override {
    while (state_->received.empty()) {
      if (state_->read_ended) co_return std::size_t{0};
      if (state_->reset || connection_->over()) co_return fail(Reason::ServiceUnavailable, "the SPDY stream was reset");
      state_->changed.clear();
      co_await state_->changed.wait();
    }
    const std::size_t count = state_->received.copy(into.data(), into.size());
    state_->received.erase(0, count);
    connection_->taken();
    co_return count;
  }
  rt::Task<Result<void>> write(std::string_view bytes) override { return connection_->write(state_, bytes); }
  void shutdown_write() override { connection_->finish_writing(*state_); }
  void abort() override { connection_->reset(*state_); }
  rt::Address peer() const override { return connection_->peer(); }
  rt::Task<Result<void>> wait_for_reply() {
    while (!state_->replied) {
      if (state_->reset || connection_->over())
        co_return fail(Reason::ServiceUnavailable, "the server refused the SPDY stream");
      state_->changed.clear();
      co_await state_->changed.wait();
    }
    co_return Result<void>{};
  }

 private:
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<StreamState> state_;
};

rt::Task<Result<std::unique_ptr<rt::Stream>>> Connection::open(Headers headers) {
  if (over_) co_return fail(Reason::ServiceUnavailable, "the SPDY connection is over");
  auto state = std::make_shared<StreamState>(loop_);
  state->id = next_id_;
  next_id_ += 2;
  streams_.emplace(state->id, state);
  std::string block;
  put(block, headers.items().size(), 4);
  for (const auto& [name, value] : headers.items()) {
    put(block, name.size(), 4);
    block += name;
    put(block, value.size(), 4);
    block += value;
  }
  std::string payload;
  put(payload, state->id, 4);
  put(payload, 0, 4);  // no associated stream
  put(payload, 0, 2);  // highest priority, no credential slot
  // One deflate stream per connection (RFC 1950, 1951): its header once, then a stored block per header block.
  if (!std::exchange(deflate_begun_, true)) put(payload, 0x7801, 2);
  const auto size = static_cast<std::uint16_t>(block.size());
  payload += '\0';
  for (const std::uint16_t length : {size, static_cast<std::uint16_t>(~size)}) {
    payload += static_cast<char>(length & 0xff);
    payload += static_cast<char>(length >> 8);
  }
  payload += block;
  payload.append("\0\0\0\xff\xff", 5);  // an empty block: receivers hand out what came before only when they see it
  send(control_frame(kSynStream, 0, payload));
  auto stream = std::make_unique<SpdyStream>(shared_from_this(), state);
  auto waiting = stream->wait_for_reply();
  CO_TRY(co_await waiting);
  co_return std::unique_ptr<rt::Stream>(std::move(stream));
}

rt::Task<Result<void>> Connection::write(std::shared_ptr<StreamState> state, std::string_view bytes) {
  while (!bytes.empty()) {
    if (state->reset || state->write_ended || over_) co_return fail(Reason::ServiceUnavailable, "the SPDY stream is closed");
    if (out_.size() > kOutputBytes) {
      room_.clear();
      co_await room_.wait();
      continue;
    }
    const std::string_view part = bytes.substr(0, kDataBytes);
    std::string head;
    put(head, state->id, 4);
    put(head, 0, 1);
    put(head, part.size(), 3);
    send(head);
    send(part);
    bytes.remove_prefix(part.size());
  }
  co_return Result<void>{};
}

class Session final : public SpdySession {
 public:
  Session(rt::Loop& loop, std::unique_ptr<rt::Stream> stream)
      : connection_(std::make_shared<Connection>(loop, std::move(stream))) {}
  rt::Task<Result<std::unique_ptr<rt::Stream>>> open(Headers headers) override {
    std::size_t size = 4;
    for (const auto& [name, value] : headers.items()) size += name.size() + value.size() + 8;
    if (size > 0xffff) return refuse();
    return connection_->open(std::move(headers));
  }

 private:
  static rt::Task<Result<std::unique_ptr<rt::Stream>>> refuse() {
    co_return fail(Reason::BadRequest, "the SPDY stream's headers are too long");
  }
  std::shared_ptr<Connection> connection_;
};

}  // namespace

std::unique_ptr<SpdySession> make_spdy_session(rt::Loop& loop, std::unique_ptr<rt::Stream> stream) {
  return std::make_unique<Session>(loop, std::move(stream));
}

}  // namespace charon::net
