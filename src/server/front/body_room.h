// BodyRoom: how many bytes of request bodies may be held at a time on their way to other servers. Who finds it full waits a few
// seconds; requests of methods that have no body as a rule do not wait, and may bring only a little.
//
// On the server's loop.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "base/result.h"
#include "net/http.h"
#include "rt/loop.h"
#include "rt/sync.h"
#include "rt/task.h"

namespace charon::server {

class BodyRoom {
 public:
  static constexpr std::size_t kBodyBytes = 16u << 20;  // of one request
  static constexpr std::size_t kTotalBytes = 256u << 20;

  explicit BodyRoom(rt::Loop& loop) : loop_(loop), freed_(loop) {}
  BodyRoom(const BodyRoom&) = delete;

  // Must not outlive the room.
  class Held {
   public:
    Held(BodyRoom& room, std::size_t bytes) : room_(&room), bytes_(bytes) { room.held_ += bytes; }
    Held(Held&& other) noexcept : room_(std::exchange(other.room_, nullptr)), bytes_(other.bytes_) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (room_ == nullptr) return;
      room_->held_ -= bytes_;
      room_->freed_.set();
    }

   private:
    BodyRoom* room_;
    std::size_t bytes_;
  };
  struct Body {
    std::string text;
    Held held;
  };
  // The request's body. RequestEntityTooLarge beyond kBodyBytes, and beyond a small part of that when the method has none as a
  // rule; TooManyRequests when no room came free.
  rt::Task<Result<Body>> receive(net::Exchange& exchange);

  std::size_t held() const { return held_; }

 private:
  rt::Task<bool> wait_freed();

  rt::Loop& loop_;
  std::size_t held_ = 0;
  rt::Event freed_;
};

}  // namespace charon::server
