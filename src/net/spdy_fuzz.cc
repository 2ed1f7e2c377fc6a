// Any bytes as what a SPDY server sends.
#include <cstddef>
#include <cstdint>

#include "net/spdy.h"
#include "net/stream_for_fuzz.h"
#include "rt/scope.h"
#include "rt/virtual/loop.h"

namespace charon::net {
namespace {

rt::Task<void> use(SpdySession* session) {
  auto opening = session->open({{"streamtype", "stdout"}});
  auto stream = co_await opening;
  if (!stream) co_return;
  char buffer[1000];
  for (;;) {
    auto reading = (*stream)->read(buffer);
    auto count = co_await reading;
    if (!count || *count == 0) co_return;
    (void)co_await (*stream)->write({buffer, *count});
  }
}

}  // namespace
}  // namespace charon::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace charon;
  rt::VirtualLoop loop;
  const auto session = net::make_spdy_session(loop, std::make_unique<net::FuzzStream>(bytes, size));
  rt::Scope scope(loop);
  scope.spawn(net::use(session.get()));
  loop.run_for(std::chrono::seconds(1));
  return 0;
}
