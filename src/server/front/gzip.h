// Compression of response bodies (RFC 1952), in pieces, so that no body is ever whole in memory.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "net/http.h"

namespace charon::server {

// Kubernetes compresses from here on, at the fastest level.
inline constexpr std::size_t kGzipFromBytes = 128u << 10;

class Gzip {
 public:
  Gzip();
  ~Gzip();
  // What is ready of the compressed bytes; may be empty.
  std::string add(std::span<const net::Piece> pieces);
  // The rest. Nothing may be added afterwards.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace charon::server
