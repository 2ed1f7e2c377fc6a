#include "model/envelope.h"

#include "codec/wire.h"

namespace charon::model {

using codec::WireField;
using codec::WireReader;
using codec::WireType;
using codec::WireWriter;

namespace {

constexpr std::string_view kPrefix("k8s\0", 4);

}  // namespace

std::string encode_envelope(const Envelope& envelope) {
  std::string out(kPrefix);
  out.reserve(envelope.raw.size() + 64);
  WireWriter writer(out);
  std::size_t place = writer.open(1);
  writer.bytes(1, envelope.api_version);
  writer.bytes(2, envelope.kind);
  writer.close(place);
  writer.bytes(2, envelope.raw);
  writer.bytes(3, "");
  writer.bytes(4, "");
  return out;
}

Result<Envelope> decode_envelope(std::string_view bytes) {
  if (!bytes.starts_with(kPrefix))
    return fail(Reason::BadRequest, "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  Envelope envelope;
  WireReader reader(bytes.substr(kPrefix.size()));
  while (!reader.done()) {
    TRY_ASSIGN(WireField field, reader.next());
    if (field.type != WireType::Bytes) continue;
    if (field.number == 2) envelope.raw = field.bytes;
    if (field.number != 1) continue;
    WireReader meta(field.bytes);
    while (!meta.done()) {
      TRY_ASSIGN(WireField name, meta.next());
      if (name.number == 1) envelope.api_version = name.bytes;
      if (name.number == 2) envelope.kind = name.bytes;
    }
  }
  return envelope;
}

}  // namespace charon::model
