// Protobuf forms of what the API wraps around objects: lists, and the length-prefixed events of a watch.
#pragma once

#include <string>
#include <string_view>

#include "codec/value.h"
#include "model/document.h"
#include "model/kind.h"

namespace charon::server {

// What stands before and behind a message of so many bytes to make it an enveloped one.
struct EnvelopeEnds {
  std::string head;
  std::string tail;
};
EnvelopeEnds envelope_around(std::string_view api_version, std::string_view kind, std::size_t message_bytes);

// Protobuf lists have their metadata as field 1 and their items as field 2.
std::string list_metadata_field(const codec::Object& meta);
std::string list_item_head(std::size_t message_bytes);

// The metadata of a document as the message of a PartialObjectMetadata, and with an envelope. `version`: v1 or v1beta1.
std::string partial_metadata_message(const model::Document& document);
std::string partial_metadata_protobuf(const model::Document& document, std::string_view version);

// What stands before the enveloped object of so many bytes in one frame of a protobuf watch: 4 bytes of length (big endian),
// then a WatchEvent whose object it is.
std::string watch_frame_head(std::string_view type, std::size_t object_bytes);
std::string watch_frame(std::string_view type, std::string_view enveloped_object);
std::string status_frame(const codec::Value& status);

}  // namespace charon::server
