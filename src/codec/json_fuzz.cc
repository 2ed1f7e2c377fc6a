// What parses is written, read again as the same tree, and written the same.
#include "codec/json.h"

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "codec/tree.h"
#include "codec/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace charon::codec;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  JsonNotes notes;
  const charon::Result<Value> value = parse_json(text, &notes);
  if (!value) return 0;
  CHECK(find_invalid_utf8(text) == std::string_view::npos);
  const std::string written = write_json(*value);
  JsonNotes none;
  const charon::Result<Value> again = parse_json(written, &none);
  CHECK(again.has_value());
  CHECK(equal(*value, *again));
  CHECK(none.duplicate_fields.empty());
  CHECK(write_json(*again) == written);
  const charon::Result<Value> pretty = parse_json(write_json_pretty(*value));
  CHECK(pretty && equal(*value, *pretty));
  return 0;
}
