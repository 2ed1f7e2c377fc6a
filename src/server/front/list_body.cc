#include "server/front/list_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/check.h"
#include "codec/json.h"
#include "codec/yaml.h"
#include "model/envelope.h"
#include "server/front/frames.h"

namespace charon::server {
namespace {

constexpr std::size_t kStepItems = 200;
constexpr std::size_t kStepBytes = 256u << 10;
constexpr std::size_t kMeasuredBytes = 4u << 20;

std::size_t varint_bytes(std::size_t number) {
  std::size_t bytes = 1;
  while (number >>= 7) ++bytes;
  return bytes;
}

// As field 2 of a list.
std::size_t field_bytes(std::size_t message_bytes) { return 1 + varint_bytes(message_bytes) + message_bytes; }

}  // namespace

ListBody::ListBody(const model::Kind& kind, Listing listing, Media media, TableOptions table, Time now)
    : kind_(kind), listing_(std::move(listing)), media_(std::move(media)), table_(std::move(table)), now_(now) {
  if (media_.format == Format::Protobuf) stage_ = Stage::Measure;
  if (media_.shape == Shape::PartialMetadataList) partial_opening_ = share(partial_metadata_opening(media_.as_version));
}

bool ListBody::is_cheap() const { return media_.format == Format::Json && !media_.pretty && media_.shape != Shape::Table; }

bool ListBody::next(std::vector<net::Piece>& out) {
  switch (stage_) {
    case Stage::Measure:
      measure();
      return true;
    case Stage::Open:
      open(out);
      stage_ = Stage::Items;
      next_ = 0;
      [[fallthrough]];
    case Stage::Items: {
      std::size_t bytes = 0;
      std::size_t end = std::min(next_ + kStepItems, listing_.items.size());
      for (; next_ < end && bytes < kStepBytes; ++next_) {
        DocumentPtr item = std::move(listing_.items[next_]);  // what is sent need not be kept
        bytes += item->json()->size();
        add_item(item, out);
      }
      if (next_ < listing_.items.size()) return true;
      close(out);
      stage_ = Stage::Closed;
      return false;
    }
    case Stage::Closed:
      return false;
  }
  return false;
}

codec::Object ListBody::meta() const {
  codec::Object meta;
  meta["resourceVersion"] = std::to_string(listing_.revision);
  if (!listing_.continue_token.empty()) meta["continue"] = listing_.continue_token;
  if (listing_.remaining) meta["remainingItemCount"] = *listing_.remaining;
  return meta;
}

std::string ListBody::json_opening() const {
  if (media_.shape == Shape::Table)
    return table_opening(kind_, table_,
                         {std::to_string(listing_.revision), listing_.continue_token, listing_.remaining.value_or(0)});
  bool partial = media_.shape == Shape::PartialMetadataList;
  return fmt::format(R"({{"kind":"{}","apiVersion":"{}","metadata":{},"items":[)",
                     partial ? "PartialObjectMetadataList" : kind_.list_kind,
                     partial ? "meta.k8s.io/" + media_.as_version : kind_.gv.text(), codec::write_json(meta()));
}

void ListBody::measure() {
  bool partial = media_.shape == Shape::PartialMetadataList;
  std::size_t end = std::min(next_ + kStepItems, listing_.items.size());
  for (; next_ < end; ++next_) {
    const model::Document& item = *listing_.items[next_];
    std::size_t bytes = 0;
    if (partial) {
      bytes = partial_metadata_message(item).size();
      partial_bytes_.push_back(static_cast<std::uint32_t>(bytes));
    } else {
      if (measured_bytes_ < kMeasuredBytes) {
        measured_.push_back(item.protobuf());
        measured_bytes_ += measured_.back()->size();
      }
      bytes = item.protobuf_message_bytes();
    }
    message_bytes_ += field_bytes(bytes);
  }
  if (next_ == listing_.items.size()) stage_ = Stage::Open;
}

void ListBody::open(std::vector<net::Piece>& out) {
  if (media_.format == Format::Protobuf) {
    bool partial = media_.shape == Shape::PartialMetadataList;
    std::string metadata = list_metadata_field(meta());
    EnvelopeEnds ends = partial ? envelope_around("meta.k8s.io/" + media_.as_version, "PartialObjectMetadataList",
                                                  metadata.size() + message_bytes_)
                                : envelope_around(kind_.gv.text(), kind_.list_kind, metadata.size() + message_bytes_);
    tail_ = std::move(ends.tail);
    out.push_back(net::Piece::of(ends.head + metadata));
    return;
  }
  std::string opening = json_opening();
  if (media_.format == Format::Yaml) {
    auto tree = codec::parse_json(opening + "]}");
    CHECK(tree.has_value());
    bool empty = listing_.items.empty();
    if (!empty) tree->as_object().erase(items_name());
    std::string text = codec::write_yaml(*tree);
    if (!empty) text.append(items_name()).append(":\n");
    out.push_back(net::Piece::of(std::move(text)));
  } else if (media_.pretty) {
    std::string text;
    indenter_.append(opening, text);
    out.push_back(net::Piece::of(std::move(text)));
  } else {
    out.push_back(net::Piece::of(std::move(opening)));
  }
}

void ListBody::add_item(const DocumentPtr& item, std::vector<net::Piece>& out) {
  if (media_.format == Format::Protobuf) return add_protobuf_item(item, out);
  if (media_.format == Format::Yaml) return add_yaml_item(item, out);
  if (!media_.pretty) return add_json_item(item, out);
  std::string text;
  if (next_ > 0) indenter_.append(",", text);
  indenter_.append(item_text(item), text);
  out.push_back(net::Piece::of(std::move(text)));
}

void ListBody::add_json_item(const DocumentPtr& item, std::vector<net::Piece>& out) {
  if (next_ > 0) out.push_back(net::Piece::constant(","));
  if (media_.shape == Shape::Table) {
    out.push_back(net::Piece::of(item_text(item)));
  } else if (media_.shape == Shape::PartialMetadataList) {
    out.push_back(net::Piece::of(partial_opening_));
    out.push_back({item->json(), metadata_text(*item)});
    out.push_back(net::Piece::constant("}"));
  } else {
    out.push_back(net::Piece::of(item->json()));
  }
}

std::string ListBody::item_text(const DocumentPtr& item) const {
  if (media_.shape == Shape::PartialMetadataList) return *partial_opening_ + std::string(metadata_text(*item)) + "}";
  if (media_.shape == Shape::Object) return *item->json();
  std::string row;
  append_table_row(*item, table_, now_, row);
  return row;
}

void ListBody::add_yaml_item(const DocumentPtr& item, std::vector<net::Piece>& out) {
  auto tree = codec::parse_json(item_text(item));
  CHECK(tree.has_value());
  codec::Array one;
  one.push_back(*std::move(tree));
  out.push_back(net::Piece::of(codec::write_yaml(one)));
}

void ListBody::add_protobuf_item(const DocumentPtr& item, std::vector<net::Piece>& out) {
  if (media_.shape == Shape::PartialMetadataList) {
    out.push_back(net::Piece::of(list_item_head(partial_bytes_[next_]) + partial_metadata_message(*item)));
    return;
  }
  SharedBytes enveloped;
  if (!measured_.empty()) {
    enveloped = std::move(measured_.front());
    measured_.pop_front();
  } else {
    enveloped = item->protobuf();
  }
  auto envelope = model::decode_envelope(*enveloped);
  CHECK(envelope.has_value());
  out.push_back(net::Piece::of(list_item_head(envelope->raw.size())));
  out.push_back({std::move(enveloped), envelope->raw});
}

void ListBody::close(std::vector<net::Piece>& out) {
  if (media_.format == Format::Protobuf) {
    out.push_back(net::Piece::of(std::move(tail_)));
  } else if (media_.format == Format::Json) {
    std::string text;
    if (media_.pretty) {
      indenter_.append("]}", text);
    } else {
      text = "]}";
    }
    out.push_back(net::Piece::of(text + "\n"));
  }
}

}  // namespace charon::server
