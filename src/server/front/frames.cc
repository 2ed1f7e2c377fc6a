#include "server/front/frames.h"

#include <boost/json.hpp>

#include "api/meta/v1/types.h"
#include "base/check.h"
#include "codec/json.h"
#include "codec/wire.h"
#include "model/envelope.h"
#include "schema/convert.h"
#include "server/table/table.h"

namespace charon::server {

EnvelopeEnds envelope_around(std::string_view api_version, std::string_view kind, std::size_t message_bytes) {
  // An envelope around nothing shows what is around a message, but for its length.
  std::string around = model::encode_envelope({api_version, kind, ""});
  constexpr std::size_t kBehind = 6;  // the empty message's tag and length, and two empty fields
  EnvelopeEnds ends{around.substr(0, around.size() - kBehind), around.substr(around.size() - kBehind + 2)};
  codec::WireWriter writer(ends.head);
  writer.tag(2, codec::WireType::Bytes);
  writer.varint(message_bytes);
  return ends;
}

std::string list_metadata_field(const codec::Object& meta) {
  codec::Value tree(meta);
  CHECK(schema::normalize(meta::v1::ListMeta::table(), tree).has_value());
  std::string message;
  schema::append_wire(meta::v1::ListMeta::table(), tree, message);
  std::string out;
  codec::WireWriter(out).bytes(1, message);
  return out;
}

std::string list_item_head(std::size_t message_bytes) {
  std::string out;
  codec::WireWriter writer(out);
  writer.tag(2, codec::WireType::Bytes);
  writer.varint(message_bytes);
  return out;
}

std::string partial_metadata_message(const model::Document& document) {
  auto metadata = codec::parse_json(metadata_text(document));
  CHECK(metadata.has_value());
  std::string message;
  schema::append_wire(meta::v1::PartialObjectMetadata::table(), codec::Object{{"metadata", *std::move(metadata)}}, message);
  return message;
}

std::string partial_metadata_protobuf(const model::Document& document, std::string_view version) {
  std::string api_version = "meta.k8s.io/" + std::string(version);
  std::string message = partial_metadata_message(document);
  return model::encode_envelope({api_version, "PartialObjectMetadata", message});
}

std::string watch_frame_head(std::string_view type, std::size_t object_bytes) {
  std::string extension;  // RawExtension, up to the object
  codec::WireWriter inner(extension);
  inner.tag(1, codec::WireType::Bytes);
  inner.varint(object_bytes);
  std::string event;
  codec::WireWriter outer(event);
  outer.bytes(1, type);
  outer.tag(2, codec::WireType::Bytes);
  outer.varint(extension.size() + object_bytes);
  auto size = static_cast<std::uint32_t>(event.size() + extension.size() + object_bytes);
  std::string head;
  for (int shift = 24; shift >= 0; shift -= 8) head += static_cast<char>(size >> shift);
  return head.append(event).append(extension);
}

std::string watch_frame(std::string_view type, std::string_view enveloped_object) {
  return watch_frame_head(type, enveloped_object.size()).append(enveloped_object);
}

std::string status_frame(const codec::Value& status) {
  std::string raw;
  schema::append_wire(meta::v1::Status::table(), status, raw);
  return watch_frame("ERROR", model::encode_envelope({"v1", "Status", raw}));
}

}  // namespace charon::server
