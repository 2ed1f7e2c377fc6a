#include "server/front/watch_encoder.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/check.h"
#include "codec/json.h"
#include "model/envelope.h"
#include "schema/convert.h"
#include "server/front/frames.h"
#include "server/status.h"

namespace charon::server {
namespace {

constexpr std::string_view kNames[] = {"ADDED", "MODIFIED", "DELETED"};

constexpr std::string_view kOpenings[] = {
    "{\"type\":\"ADDED\",\"object\":", "{\"type\":\"MODIFIED\",\"object\":", "{\"type\":\"DELETED\",\"object\":"};

bool is_partial(Shape shape) { return shape == Shape::PartialMetadata || shape == Shape::PartialMetadataList; }

}  // namespace

void WatchEncoder::append(const CacheEvent& event, Time now, std::vector<net::Piece>& out) {
  const model::Document& document = *event.object;
  auto type = static_cast<std::size_t>(event.type);
  if (media_.format == Format::Protobuf) {
    if (is_partial(media_.shape)) {
      append_protobuf(kNames[type], share(partial_metadata_protobuf(document, media_.as_version)), out);
    } else {
      SharedBytes object = document.protobuf();
      recent_.keep(object);
      append_protobuf(kNames[type], std::move(object), out);
    }
    return;
  }
  out.push_back(net::Piece::constant(kOpenings[type]));
  if (media_.shape == Shape::Table) {
    out.push_back(net::Piece::of(make_table(document, table_, now)));
    table_.headers = false;  // the reader has them
  } else if (is_partial(media_.shape)) {
    out.push_back(net::Piece::of(partial_metadata_opening(media_.as_version)));
    out.push_back({document.json(), metadata_text(document)});
    out.push_back(net::Piece::constant("}"));
  } else {
    out.push_back(net::Piece::of(document.json()));
  }
  out.push_back(net::Piece::constant("}\n"));
}

void WatchEncoder::append_protobuf(std::string_view type, SharedBytes object, std::vector<net::Piece>& out) {
  out.push_back(net::Piece::of(watch_frame_head(type, object->size())));
  out.push_back(net::Piece::of(std::move(object)));
}

void WatchEncoder::append_bookmark(Bookmark bookmark, Revision revision, std::vector<net::Piece>& out) {
  bool partial = is_partial(media_.shape);
  std::string api_version = partial ? "meta.k8s.io/" + media_.as_version : kind_.gv.text();
  std::string_view name = partial ? "PartialObjectMetadata" : kind_.kind;
  std::string_view annotations =
      bookmark == Bookmark::InitialEnd ? R"(,"annotations":{"k8s.io/initial-events-end":"true"})" : "";
  std::string meta = fmt::format(R"({{"resourceVersion":"{}"{}}})", revision, annotations);
  if (media_.format == Format::Protobuf) {
    codec::Value tree = codec::parse_json("{\"metadata\":" + meta + "}").value();
    CHECK(schema::normalize(*kind_.type, tree).has_value());
    std::string message;
    schema::append_wire(*kind_.type, tree, message);
    append_protobuf("BOOKMARK", share(model::encode_envelope({api_version, name, message})), out);
    return;
  }
  std::string object = fmt::format(R"({{"kind":"{}","apiVersion":"{}","metadata":{}}})", name, api_version, meta);
  if (media_.shape == Shape::Table) {
    object =
        table_opening(kind_, table_, {std::to_string(revision), "", 0}) +
        fmt::format(R"({{"cells":[],"object":{}{}}})", partial_metadata_opening(media_.as_version) + meta + "}", kTableClosing);
    table_.headers = false;
  }
  out.push_back(net::Piece::of("{\"type\":\"BOOKMARK\",\"object\":" + object + "}\n"));
}

void WatchEncoder::append_error(const Error& error, std::vector<net::Piece>& out) const {
  codec::Value status = status_of(error);
  out.push_back(net::Piece::of(media_.format == Format::Protobuf
                                   ? status_frame(status)
                                   : "{\"type\":\"ERROR\",\"object\":" + codec::write_json(status) + "}\n"));
}

}  // namespace charon::server
