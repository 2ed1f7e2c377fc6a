#include "server/front/gzip.h"

#include <zlib.h>

#include "base/check.h"

namespace charon::server {

struct Gzip::State {
  z_stream stream{};

  void run(std::string_view bytes, int flush, std::string& out) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    char buffer[16 << 10];
    do {
      stream.next_out = reinterpret_cast<Bytef*>(buffer);
      stream.avail_out = sizeof buffer;
      int outcome = deflate(&stream, flush);
      CHECK(outcome != Z_STREAM_ERROR);
      out.append(buffer, sizeof buffer - stream.avail_out);
    } while (stream.avail_out == 0);
  }
};

Gzip::Gzip() : state_(std::make_unique<State>()) {
  constexpr int kGzipWindow = 15 + 16;  // the largest, with gzip's head
  constexpr int kMemoryLevel = 8;
  CHECK(deflateInit2(&state_->stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK);
}

Gzip::~Gzip() { deflateEnd(&state_->stream); }

std::string Gzip::add(std::span<const net::Piece> pieces) {
  std::string out;
  for (const net::Piece& piece : pieces) state_->run(piece.bytes, Z_NO_FLUSH, out);
  return out;
}

std::string Gzip::finish() {
  std::string out;
  state_->run({}, Z_FINISH, out);
  return out;
}

}  // namespace charon::server
