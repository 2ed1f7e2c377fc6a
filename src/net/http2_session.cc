#include "net/http2_session.h"

#include <algorithm>

#include "net/connection.h"

namespace charon::net {
namespace {

constexpr std::size_t kIdleBytes = 64u << 10;   // of buffer that a writer without work keeps
constexpr std::chrono::seconds kLingerTime{1};  // for the peer to close after our last frame

}  // namespace

void SendQueue::add(std::vector<Piece> pieces) {
  for (const Piece& piece : pieces) bytes_ += piece.bytes.size();
  if (first_ == pieces_.size()) {
    pieces_ = std::move(pieces);
    first_ = 0;
    return;
  }
  if (first_ > 0) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
  std::ranges::move(pieces, std::back_inserter(pieces_));
}

void SendQueue::take(std::size_t count, std::string& out) {
  bytes_ -= count;
  while (count > 0) {
    Piece& piece = pieces_[first_];
    const std::size_t part = std::min(count, piece.bytes.size());
    out.append(piece.bytes.substr(0, part));
    piece.bytes.remove_prefix(part);
    count -= part;
    if (piece.bytes.empty()) {
      piece.owner.reset();
      ++first_;
    }
  }
}

void SendQueue::clear() {
  pieces_.clear();
  first_ = bytes_ = 0;
}

ssize_t SendQueue::offer(std::size_t limit, std::uint32_t* flags) {
  if (bytes_ == 0 && !ended_) {
    deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  const std::size_t count = std::min(limit, bytes_);
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (ended_ && count == bytes_) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(count);
}

Http2Session::Http2Session(rt::Loop& loop, std::unique_ptr<rt::Stream> stream)
    : loop_(loop), stream_(std::move(stream)), alive_(std::make_shared<bool>(true)) {
  buffer_ = std::make_unique_for_overwrite<char[]>(kReadBytes);
}

void Http2Session::kick() {
  if (reading_ || kick_posted_) return;
  kick_posted_ = true;
  loop_.post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    kick_posted_ = false;
    writer_idle_.wake();
  });
}

void Http2Session::break_off() {
  broken_ = true;
  stream_->abort();
}

// True when there is something to write.
bool Http2Session::collect() {
  const std::uint8_t* bytes = nullptr;
  while (out_.size() < kWriteBytes) {
    const ssize_t count = nghttp2_session_mem_send(session_.get(), &bytes);
    if (count < 0) {
      break_off();
      return false;
    }
    if (count == 0) break;
    out_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
  }
  return !out_.empty();
}

rt::Task<void> Http2Session::write_forever() {
  while (!broken_) {
    const bool something = collect();
    if (broken_) break;
    after_io();
    if (!something) {
      if (nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0) {
        finished_ = true;
        stream_->shutdown_write();
        co_return;
      }
      if (sending_.capacity() > kIdleBytes) std::string().swap(sending_);
      if (out_.capacity() > kIdleBytes) std::string().swap(out_);
      co_await writer_idle_.wait();
      continue;
    }
    sending_.swap(out_);
    out_.clear();
    auto sent = co_await stream_->write(sending_);
    if (!sent) break_off();
  }
}

rt::Task<void> Http2Session::exchange(std::string initial) {
  std::string_view input = initial;
  reading_ = true;
  std::optional<ScopedTimer> linger;
  writer_.start(write_forever());
  for (;;) {
    reading_ = true;
    if (!input.empty() && !finished_) {
      const ssize_t parsed =
          nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
      // A fatal error that nghttp2 could not answer with GOAWAY (a wrong preface, a flood).
      if (parsed < 0) nghttp2_session_terminate_session(session_.get(), NGHTTP2_PROTOCOL_ERROR);
      after_io();
      writer_idle_.wake();
    }
    reading_ = false;
    if (broken_) co_return;
    if (finished_ && !linger) linger.emplace(loop_, kLingerTime, [this] { break_off(); });
    auto count = co_await stream_->read(std::span(buffer_.get(), kReadBytes));
    if (!count || *count == 0) co_return;
    input = {buffer_.get(), *count};
  }
}

}  // namespace charon::net
