// The protobuf envelope of API objects: the bytes "k8s\0", then runtime.Unknown{1: TypeMeta{1: apiVersion, 2: kind}, 2: raw,
// 3: contentEncoding, 4: contentType} (apimachinery's protobuf serializer). The views of a decoded envelope point into its
// bytes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace charon::model {

struct Envelope {
  std::string_view api_version;
  std::string_view kind;
  std::string_view raw;  // the object's own wire bytes
};

std::string encode_envelope(const Envelope& envelope);
// BadRequest when the prefix is missing or the message is malformed.
Result<Envelope> decode_envelope(std::string_view bytes);

}  // namespace charon::model
