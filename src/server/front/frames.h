// Protobuf forms of what the API wraps around objects: lists, and the length-prefixed events of a watch.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "codec/value.h"
#include "model/document.h"
#include "model/kind.h"

namespace charon::server {

// The whole list with the k8s\0 envelope. `meta` is a ListMeta tree.
std::string protobuf_list(const model::Kind& kind, const codec::Object& meta, std::span<const model::DocumentPtr> items);

// One frame of a protobuf watch: 4 bytes of length (big endian), then a WatchEvent whose object is an enveloped message.
std::string watch_frame(std::string_view type, std::string_view enveloped_object);
std::string bookmark_frame(const model::Kind& kind, model::Revision revision, bool initial_events_end);
std::string status_frame(const codec::Value& status);

}  // namespace charon::server
