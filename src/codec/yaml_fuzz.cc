// What parses is written, read again as the same tree, and written the same.
#include "codec/yaml.h"

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "codec/tree.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace charon::codec;
  const charon::Result<std::vector<Value>> documents = parse_yaml_documents({reinterpret_cast<const char*>(data), size});
  if (!documents) return 0;
  for (const Value& value : *documents) {
    const std::string written = write_yaml(value);
    const charon::Result<Value> again = parse_yaml(written);
    CHECK(again.has_value());
    CHECK(equal(value, *again));
    CHECK(write_yaml(*again) == written);
  }
  return 0;
}
