// The fields of a message, written again, read as the same fields.
#include "codec/wire.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"

namespace {

using namespace charon::codec;

void write(WireWriter& writer, const WireField& field) {
  if (field.type == WireType::Bytes) {
    const std::size_t place = writer.open(field.number);
    writer.out().append(field.bytes);
    writer.close(place);
    return;
  }
  writer.tag(field.number, field.type);
  if (field.type == WireType::Varint) writer.varint(field.number_value);
  if (field.type == WireType::Fixed64) writer.fixed64(field.number_value);
  if (field.type == WireType::Fixed32) writer.fixed32(static_cast<std::uint32_t>(field.number_value));
}

bool same(const WireField& left, const WireField& right) {
  return left.number == right.number && left.type == right.type && left.number_value == right.number_value &&
         left.bytes == right.bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<WireField> fields;
  for (WireReader reader({reinterpret_cast<const char*>(data), size}); !reader.done();) {
    const charon::Result<WireField> field = reader.next();
    if (!field) break;
    fields.push_back(*field);
  }
  std::string out;
  WireWriter writer(out);
  for (const WireField& field : fields) write(writer, field);
  WireReader again(out);
  for (const WireField& field : fields) {
    const charon::Result<WireField> copy = again.next();
    CHECK(copy && same(field, *copy));
  }
  CHECK(again.done());
  return 0;
}
