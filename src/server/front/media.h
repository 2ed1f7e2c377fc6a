// Content negotiation (RFC 9110, api-concepts "Alternate representations of resources"): which form a reader wants and which
// form a writer sent.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace charon::server {

enum class Format : std::uint8_t { Json, Yaml, Protobuf };
enum class Shape : std::uint8_t { Object, Table, PartialMetadata };

struct Media {
  Format format = Format::Json;
  Shape shape = Shape::Object;
  std::string as_version;  // of Table and PartialObjectMetadata: "v1" or "v1beta1"
  bool pretty = false;
};

// The best form that is offered; q-values and the order of the header count. NotAcceptable when there is none.
Result<Media> negotiate(std::string_view accept, bool watching);
std::string content_type(const Media& media, bool watching);

// Of a request body; an empty header is JSON. UnsupportedMediaType with the list of what is supported.
Result<Format> body_format(std::string_view content_type);

}  // namespace charon::server
