#include "server/front/frames.h"

#include <boost/json.hpp>

#include "api/meta/v1/types.h"
#include "base/check.h"
#include "codec/wire.h"
#include "model/envelope.h"
#include "schema/convert.h"

namespace charon::server {

std::string protobuf_list(const model::Kind& kind, const codec::Object& meta, std::span<const model::DocumentPtr> items) {
  std::string api_version = kind.gv.text();
  std::string raw;
  codec::WireWriter writer(raw);
  std::size_t place = writer.open(1);
  codec::Value meta_tree(meta);
  CHECK(schema::normalize(meta::v1::ListMeta::table(), meta_tree).has_value());
  schema::append_wire(meta::v1::ListMeta::table(), meta_tree, raw);
  writer.close(place);
  for (const model::DocumentPtr& item : items) {
    auto envelope = model::decode_envelope(*item->protobuf());
    CHECK(envelope.has_value());
    writer.bytes(2, envelope->raw);
  }
  return model::encode_envelope({api_version, kind.list_kind, raw});
}

std::string watch_frame(std::string_view type, std::string_view enveloped_object) {
  std::string event;
  codec::WireWriter writer(event);
  writer.bytes(1, type);
  std::size_t place = writer.open(2);
  writer.bytes(1, enveloped_object);
  writer.close(place);
  auto size = static_cast<std::uint32_t>(event.size());
  std::string frame;
  frame.reserve(event.size() + 4);
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(size >> shift);
  return frame += event;
}

std::string bookmark_frame(const model::Kind& kind, model::Revision revision, bool initial_events_end) {
  codec::Object meta{{"resourceVersion", std::to_string(revision)}};
  if (initial_events_end) meta["annotations"] = codec::Object{{"k8s.io/initial-events-end", "true"}};
  codec::Value tree = codec::Object{{"metadata", std::move(meta)}};
  CHECK(schema::normalize(*kind.type, tree).has_value());
  std::string api_version = kind.gv.text();
  std::string raw;
  schema::append_wire(*kind.type, tree, raw);
  return watch_frame("BOOKMARK", model::encode_envelope({api_version, kind.kind, raw}));
}

std::string status_frame(const codec::Value& status) {
  std::string raw;
  schema::append_wire(meta::v1::Status::table(), status, raw);
  return watch_frame("ERROR", model::encode_envelope({"v1", "Status", raw}));
}

}  // namespace charon::server
