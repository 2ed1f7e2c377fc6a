// Content negotiation (RFC 9110, api-concepts "Alternate representations of resources"): which form a reader wants and which
// form a writer sent. The rules are those of Kubernetes' negotiation package: clauses by quality, wildcards last, each tried
// against JSON, YAML and protobuf, and the first that can be served wins.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace charon::server {

enum class Format : std::uint8_t { Json, Yaml, Protobuf };
enum class Shape : std::uint8_t { Object, Table, PartialMetadata, PartialMetadataList };

struct Media {
  Format format = Format::Json;
  Shape shape = Shape::Object;
  std::string as_version;  // of all shapes but Object: "v1" or "v1beta1"
  bool pretty = false;
};

// NotAcceptable with the list of what there is when nothing fits.
Result<Media> negotiate(std::string_view accept, bool watching);
// Of discovery; `as_version` is that of the aggregated form, "v2" or "v2beta1", and empty for the other.
Result<Media> negotiate_discovery(std::string_view accept);
// The header less what custom resources are not offered in: protobuf, but of metadata alone.
std::string without_protobuf(std::string_view accept);
std::string content_type(const Media& media, bool watching);

// Whether an Accept-Encoding header lets responses be compressed.
bool accepts_gzip(std::string_view accept_encoding);
// Tools that people read with get indented JSON unless they say otherwise.
bool is_read_by_people(std::string_view user_agent);

// Of a Content-Type header, without its parameters and in lower case, as which all of them mean the same.
std::string media_type(std::string_view content_type);
// Of a request body; an empty header is JSON. UnsupportedMediaType with the list of what is supported.
Result<Format> body_format(std::string_view content_type);

}  // namespace charon::server
