#include "rt/splice.h"

#include <string>

#include "rt/scope.h"
#include "rt/sync.h"

namespace charon::rt {
namespace {

constexpr std::size_t kBufferBytes = 32u << 10;

Task<void> copy(Stream* from, Stream* to, Event* ended) {
  std::string buffer(kBufferBytes, '\0');
  while (true) {
    auto count = co_await from->read(buffer);
    if (!count || *count == 0) break;
    auto written = co_await to->write(std::string_view(buffer).substr(0, *count));
    if (!written) break;
  }
  to->shutdown_write();
  ended->set();
}

}  // namespace

Task<void> splice(Loop& loop, Stream& client, Stream& server) {
  Event forth(loop), back(loop);
  Scope copies(loop);
  copies.spawn(copy(&client, &server, &forth));
  copies.spawn(copy(&server, &client, &back));
  co_await back.wait();
}

}  // namespace charon::rt
