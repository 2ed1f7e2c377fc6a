// Keeps the latest transcodings of Documents alive, so that all watchers of an event share one: a Document itself holds its
// protobuf form only weakly. On the server's loop.
#pragma once

#include <deque>

#include "base/bytes.h"

namespace charon::server {

class RecentForms {
 public:
  void keep(SharedBytes form) {
    if (!forms_.empty() && forms_.back() == form) return;
    bytes_ += form->size();
    forms_.push_back(std::move(form));
    for (; bytes_ > kBytes && forms_.size() > 1; forms_.pop_front()) bytes_ -= forms_.front()->size();
  }

 private:
  static constexpr std::size_t kBytes = 4u << 20;
  std::deque<SharedBytes> forms_;
  std::size_t bytes_ = 0;
};

}  // namespace charon::server
