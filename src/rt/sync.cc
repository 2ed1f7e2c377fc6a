#include "rt/sync.h"

namespace charon::rt {

void Event::set() {
  if (set_) return;
  set_ = true;
  if (!waiters_.empty()) wake_next();
}

// Waiters resume from the loop, one post for all: each may clear the event again, or destroy it.
void Event::wake_next() {
  loop_.post([this, alive = alive_] {
    while (*alive && set_ && !waiters_.empty()) {
      Wait* first = waiters_.front();
      waiters_.pop_front();
      first->linked_ = false;
      first->waiter_.resume();
    }
  });
}

}  // namespace charon::rt
