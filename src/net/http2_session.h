// What both sides of an HTTP/2 connection share (RFC 9113): an nghttp2 session between a reader and a writer. Internal to net.
//
// The writer collects everything that is ready into one buffer and writes it at once, so one loop turn costs few system
// calls and TLS records. Nothing of ours runs inside nghttp2 but the callbacks: they note what happened, and `after_io` acts.
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "net/root_task.h"
#include "rt/loop.h"
#include "rt/net.h"

namespace charon::net {

inline constexpr std::uint32_t kStreamWindowBytes = 1u << 20;
inline constexpr std::uint32_t kConnectionWindowBytes = 2u << 20;

struct SessionDeleter {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};
using SessionPtr = std::unique_ptr<nghttp2_session, SessionDeleter>;

// Pieces on their way into DATA frames.
class SendQueue {
 public:
  void add(std::vector<Piece> pieces);
  void end() { ended_ = true; }
  bool ended() const { return ended_; }
  std::size_t bytes() const { return bytes_; }
  // Moves the next `count` bytes to `out`; there are as many.
  void take(std::size_t count, std::string& out);
  void clear();
  // nghttp2's data source: how much of `limit` can go; sets `deferred` when the queue must be resumed later.
  ssize_t offer(std::size_t limit, std::uint32_t* flags);
  bool deferred = false;

 private:
  std::vector<Piece> pieces_;
  std::size_t first_ = 0;
  std::size_t bytes_ = 0;
  bool ended_ = false;
};

class Http2Session {
 public:
  virtual ~Http2Session() = default;

 protected:
  Http2Session(rt::Loop& loop, std::unique_ptr<rt::Stream> stream);

  // Runs until the connection is over, in good order or not. `session_` is set before.
  rt::Task<void> exchange(std::string initial);
  // Something was submitted to the session: it is written in this turn of the loop.
  void kick();
  // Breaks the connection.
  void break_off();
  bool finished() const { return finished_; }

  // After input was parsed and after output was collected, outside of nghttp2.
  virtual void after_io() = 0;

  rt::Loop& loop_;
  std::unique_ptr<rt::Stream> stream_;
  SessionPtr session_;
  std::string out_;  // being collected

 private:
  rt::Task<void> write_forever();
  bool collect();

  std::unique_ptr<char[]> buffer_;
  std::string sending_;
  std::shared_ptr<bool> alive_;
  Waiter writer_idle_;
  bool kick_posted_ = false;
  bool reading_ = false;  // the reader is at work and wakes the writer itself
  bool broken_ = false;
  bool finished_ = false;  // nothing more to read or write
  RootTask writer_;

 protected:
  // How much one read takes.
  static constexpr std::size_t kReadBytes = 64u << 10;
  // How much one write may carry; DATA frames stop there.
  static constexpr std::size_t kWriteBytes = 256u << 10;
};

}  // namespace charon::net
