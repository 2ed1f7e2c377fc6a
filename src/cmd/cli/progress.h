// Progress: the steps of a long command on stdout, each with the time since the start.
#pragma once

#include <string>
#include <string_view>

#include "rt/loop.h"

namespace charon::cmd {

class Progress {
 public:
  explicit Progress(const rt::Clock& clock) : clock_(clock), started_(clock.now()) {}
  // "charon: [ 0.31 s] API server ready at https://127.0.0.1:6443"
  void step(std::string_view text) const;

 private:
  const rt::Clock& clock_;
  rt::Instant started_;
};

// The error and, where one is known, what to do about it.
int complain(std::string_view what, const Error& error);

}  // namespace charon::cmd
