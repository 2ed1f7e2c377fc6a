// Any Accept header chooses a form or is refused, and an alternative that nobody can serve changes nothing.
#include "server/front/media.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"

using namespace charon::server;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string accept(reinterpret_cast<const char*>(data), size);
  auto chosen = negotiate(accept, false);
  auto again = negotiate(accept + ",no/such", false);
  CHECK(chosen.has_value() == again.has_value() || accept.find_first_not_of(" \t") == std::string::npos);
  if (chosen && again) CHECK(chosen->format == again->format && chosen->shape == again->shape);
  if (chosen) CHECK((chosen->shape == Shape::Object) == chosen->as_version.empty());
  auto watched = negotiate(accept, true);
  if (watched) CHECK(watched->format != Format::Yaml);
  (void)accepts_gzip(accept);
  (void)body_format(accept);
  return 0;
}
