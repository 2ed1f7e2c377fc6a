#include "server/front/media.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <tuple>
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

// One alternative of an Accept header.
struct Clause {
  std::string_view type;  // "application/json"
  std::vector<std::string_view> parameters;
  double quality = 1;
  int wildcards = 0;
  std::size_t place = 0;
};

double read_quality(std::string_view text) {
  double quality = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quality);
  return error == std::errc() && end == text.data() + text.size() && quality >= 0 ? std::min(quality, 1.0) : 0;
}

std::vector<Clause> read_clauses(std::string_view accept) {
  std::vector<Clause> clauses;
  for (std::string_view text : split(accept, ',')) {
    std::vector<std::string_view> parts = split(text, ';');
    if (parts.empty()) continue;
    Clause clause{parts[0], {}, 1, 0, clauses.size()};
    clause.wildcards = clause.type == "*/*" ? 2 : clause.type.ends_with("/*") ? 1 : 0;
    for (std::string_view part : std::span(parts).subspan(1)) {
      if (part.starts_with("q=")) {
        clause.quality = read_quality(part.substr(2));
      } else {
        clause.parameters.push_back(part);
      }
    }
    if (clause.quality > 0) clauses.push_back(std::move(clause));
  }
  std::ranges::sort(clauses, {},
                    [](const Clause& clause) { return std::tuple(-clause.quality, clause.wildcards, clause.place); });
  return clauses;
}

// What "as=", "g=" and "v=" ask for; false when that is nothing that this format has.
using ReadShape = bool (*)(std::string_view as, std::string_view group, std::string_view version, Media& media);

bool read_object_shape(std::string_view as, std::string_view group, std::string_view version, Media& media) {
  if (group != "meta.k8s.io" || (version != "v1" && version != "v1beta1")) return false;
  media.as_version = version;
  if (as == "Table") {
    media.shape = Shape::Table;
    return media.format != Format::Protobuf;  // nor has Kubernetes one
  }
  if (as == "PartialObjectMetadata") {
    media.shape = Shape::PartialMetadata;
  } else if (as == "PartialObjectMetadataList") {
    media.shape = Shape::PartialMetadataList;
  } else {
    return false;
  }
  return true;
}

bool read_discovery_shape(std::string_view as, std::string_view group, std::string_view version, Media& media) {
  media.as_version = version;
  return group == "apidiscovery.k8s.io" && as == "APIGroupDiscoveryList" && (version == "v2" || version == "v2beta1");
}

// The clause in this format; nullopt when its parameters ask for what we have not.
std::optional<Media> offer(const Clause& clause, Format format, ReadShape read_shape) {
  Media media;
  media.format = format;
  std::string_view as, group, version;
  bool converts = false;
  for (std::string_view parameter : clause.parameters) {
    std::size_t equals = std::min(parameter.find('='), parameter.size());
    std::string_view name = trim(parameter.substr(0, equals));
    std::string_view value = equals < parameter.size() ? trim(parameter.substr(equals + 1)) : std::string_view();
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (name == "as" || name == "g" || name == "v") {
      converts = true;
      (name == "as" ? as : name == "g" ? group : version) = value;
    } else if (name == "stream") {
      if (!value.empty() && (value != "watch" || format == Format::Yaml)) return std::nullopt;
    } else if (name == "sv") {
      if (!value.empty() && value != "v1") return std::nullopt;
    } else if (name == "pretty") {
      media.pretty = value == "1";
    }
  }
  if (converts && !read_shape(as, group, version, media)) return std::nullopt;
  return media;
}

bool fits(const Clause& clause, Format format) {
  if (clause.wildcards == 2) return true;
  if (clause.wildcards == 1) return clause.type == "application/*";
  if (format == Format::Json) return clause.type == "application/json";
  return format == Format::Yaml ? clause.type == "application/yaml" : clause.type == kProtobuf;
}

std::optional<Media> choose(std::string_view accept, ReadShape read_shape) {
  if (trim(accept).empty()) return Media{};
  for (const Clause& clause : read_clauses(accept))
    for (Format format : {Format::Json, Format::Yaml, Format::Protobuf}) {
      if (!fits(clause, format)) continue;
      if (auto media = offer(clause, format, read_shape)) return media;
    }
  return std::nullopt;
}

}  // namespace

Result<Media> negotiate(std::string_view accept, bool watching) {
  auto media = choose(accept, read_object_shape);
  if (media && (!watching || media->format != Format::Yaml)) return *std::move(media);
  std::string offered = watching ? "application/json;stream=watch, " + std::string(kProtobuf) + ";stream=watch"
                                 : "application/json, application/yaml, " + std::string(kProtobuf);
  return fail(Reason::NotAcceptable, "only the following media types are accepted: " + offered);
}

Result<Media> negotiate_discovery(std::string_view accept) {
  if (auto media = choose(accept, read_discovery_shape)) return *std::move(media);
  return fail(Reason::NotAcceptable,
              "only the following media types are accepted: application/json, application/yaml, " + std::string(kProtobuf));
}

bool accepts_gzip(std::string_view accept_encoding) {
  auto tokens = split(accept_encoding, ',');
  return std::ranges::find(tokens, "gzip") != tokens.end();
}

bool is_read_by_people(std::string_view user_agent) {
  return user_agent.starts_with("curl") || user_agent.starts_with("Wget") || user_agent.starts_with("Mozilla/5.0");
}

std::string without_protobuf(std::string_view accept) {
  std::string kept;
  for (std::string_view clause : split(accept, ',')) {
    if (clause.starts_with(kProtobuf) && clause.find("as=PartialObjectMetadata") == std::string_view::npos) continue;
    kept.append(kept.empty() ? "" : ",").append(clause);
  }
  // Nothing left is nothing that can be served, not no wish.
  return kept.empty() && !trim(accept).empty() ? "application/x-none" : kept;
}

std::string content_type(const Media& media, bool watching) {
  std::string type = media.format == Format::Json   ? "application/json"
                     : media.format == Format::Yaml ? "application/yaml"
                                                    : std::string(kProtobuf);
  if (watching && media.format == Format::Protobuf) type += ";stream=watch";
  return type;
}

std::string media_type(std::string_view content_type) {
  std::string type(trim(content_type.substr(0, content_type.find(';'))));
  for (char& c : type)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return type;
}

Result<Format> body_format(std::string_view content_type) {
  std::string type = media_type(content_type);
  if (type.empty() || type == "application/json") return Format::Json;
  if (type == "application/yaml") return Format::Yaml;
  if (type == kProtobuf) return Format::Protobuf;
  return fail(
      Reason::UnsupportedMediaType,
      "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, " +
          std::string(kProtobuf));
}

}  // namespace charon::server
