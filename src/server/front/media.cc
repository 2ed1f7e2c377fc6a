#include "server/front/media.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

namespace charon::server {
namespace {

constexpr std::string_view kProtobuf = "application/vnd.kubernetes.protobuf";

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(separator), text.size());
    if (std::string_view part = trim(text.substr(0, end)); !part.empty()) parts.push_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

struct Offer {
  Media media;
  double quality = 1;
};

// One clause of an Accept header; nullopt when we cannot serve it.
std::optional<Offer> read_clause(std::string_view clause, bool watching) {
  std::vector<std::string_view> parts = split(clause, ';');
  if (parts.empty()) return std::nullopt;
  Offer offer;
  std::string_view type = parts[0];
  if (type == "application/json" || type == "*/*" || type == "application/*") {
    offer.media.format = Format::Json;
  } else if (type == "application/yaml") {
    if (watching) return std::nullopt;
    offer.media.format = Format::Yaml;
  } else if (type == kProtobuf) {
    offer.media.format = Format::Protobuf;
  } else {
    return std::nullopt;
  }
  for (std::string_view part : parts) {
    if (part.starts_with("q=")) offer.quality = std::atof(std::string(part.substr(2)).c_str());
    if (part.starts_with("v=")) offer.media.as_version = part.substr(2);
    if (part == "as=Table") offer.media.shape = Shape::Table;
    if (part == "as=PartialObjectMetadata" || part == "as=PartialObjectMetadataList")
      offer.media.shape = Shape::PartialMetadata;
    if (part == "pretty=1" || part == "pretty=true") offer.media.pretty = true;
  }
  bool transformed = offer.media.shape != Shape::Object;
  if (transformed && offer.media.as_version != "v1" && offer.media.as_version != "v1beta1") return std::nullopt;
  // Tables have no protobuf form in Kubernetes either.
  if (offer.media.shape == Shape::Table && offer.media.format == Format::Protobuf) return std::nullopt;
  if (offer.quality <= 0) return std::nullopt;
  return offer;
}

}  // namespace

Result<Media> negotiate(std::string_view accept, bool watching) {
  if (trim(accept).empty()) return Media{};
  std::optional<Offer> best;
  for (std::string_view clause : split(accept, ',')) {
    auto offer = read_clause(clause, watching);
    if (offer && (!best || offer->quality > best->quality)) best = std::move(offer);
  }
  if (!best)
    return fail(Reason::NotAcceptable,
                "only the following media types are accepted: application/json, application/yaml, " + std::string(kProtobuf));
  return std::move(best->media);
}

std::string content_type(const Media& media, bool watching) {
  std::string type = media.format == Format::Json   ? "application/json"
                     : media.format == Format::Yaml ? "application/yaml"
                                                    : std::string(kProtobuf);
  if (watching && media.format == Format::Protobuf) type += ";stream=watch";
  return type;
}

Result<Format> body_format(std::string_view content_type) {
  std::vector<std::string_view> parts = split(content_type, ';');
  std::string_view type = parts.empty() ? "application/json" : parts[0];
  if (type == "application/json") return Format::Json;
  if (type == "application/yaml") return Format::Yaml;
  if (type == kProtobuf) return Format::Protobuf;
  return fail(
      Reason::UnsupportedMediaType,
      "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, " +
          std::string(kProtobuf));
}

}  // namespace charon::server
