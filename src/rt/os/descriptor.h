// Descriptor: a non-blocking file descriptor on an OsLoop that tasks wait on. Private to rt/os.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <coroutine>
#include <memory>
#include <utility>

#include "rt/os/loop.h"

namespace charon::rt {

class Descriptor {
 public:
  enum class For { Read, Write };

  // Takes `fd` over and closes it in the end.
  Descriptor(OsLoop& loop, int fd) : descriptor_(loop.context(), fd) {}
  Descriptor(const Descriptor&) = delete;

  int fd() { return descriptor_.native_handle(); }

 private:
  // One direction. It outlives the Descriptor while Asio still holds a handler.
  struct Waiting {
    std::coroutine_handle<> waiter;
    bool queued = false;  // Asio holds a handler
  };

 public:
  // Wakes when the descriptor may be ready; it may wake too early, so try the call again.
  class Ready {
   public:
    Ready(Descriptor& owner, For what) : owner_(owner), what_(what), waiting_(owner.waiting_[static_cast<int>(what)]) {}
    Ready(const Ready&) = delete;
    ~Ready() { waiting_->waiter = nullptr; }
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) {
      waiting_->waiter = waiter;
      if (waiting_->queued) return;
      waiting_->queued = true;
      auto kind = what_ == For::Read ? boost::asio::posix::stream_descriptor::wait_read
                                     : boost::asio::posix::stream_descriptor::wait_write;
      owner_.descriptor_.async_wait(kind, [waiting = waiting_](const boost::system::error_code&) {
        waiting->queued = false;
        if (waiting->waiter) std::exchange(waiting->waiter, nullptr).resume();
      });
    }
    void await_resume() const {}

   private:
    Descriptor& owner_;
    For what_;
    std::shared_ptr<Waiting> waiting_;
  };
  Ready ready(For what) { return Ready(*this, what); }

 private:
  boost::asio::posix::stream_descriptor descriptor_;
  std::shared_ptr<Waiting> waiting_[2] = {std::make_shared<Waiting>(), std::make_shared<Waiting>()};
};

}  // namespace charon::rt
