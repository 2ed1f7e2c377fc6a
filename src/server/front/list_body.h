// The body of a list response, made piece by piece from the Documents in any of the forms that lists have, so that no list is
// ever whole in memory: pieces of JSON refer to the Documents, other forms are made when it is their turn to be sent.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/http.h"
#include "server/api.h"
#include "server/front/media.h"
#include "server/json_text.h"
#include "server/table/table.h"

namespace charon::server {

class ListBody {
 public:
  ListBody(const model::Kind& kind, Listing listing, Media media, TableOptions table, Time now);

  // Puts the next pieces into `out`: at most some hundred items, maybe nothing yet. False at the end.
  bool next(std::vector<net::Piece>& out);
  // False when next() takes time: the loop wants to be let run between two calls.
  bool is_cheap() const;

 private:
  enum class Stage : unsigned char { Measure, Open, Items, Closed };

  codec::Object meta() const;
  std::string json_opening() const;
  std::string_view items_name() const { return media_.shape == Shape::Table ? "rows" : "items"; }
  void measure();
  void open(std::vector<net::Piece>& out);
  void add_item(const DocumentPtr& item, std::vector<net::Piece>& out);
  void add_json_item(const DocumentPtr& item, std::vector<net::Piece>& out);
  void add_yaml_item(const DocumentPtr& item, std::vector<net::Piece>& out);
  void add_protobuf_item(const DocumentPtr& item, std::vector<net::Piece>& out);
  std::string item_text(const DocumentPtr& item) const;
  void close(std::vector<net::Piece>& out);

  const model::Kind& kind_;
  Listing listing_;
  Media media_;
  TableOptions table_;
  Time now_;
  Stage stage_ = Stage::Open;
  std::size_t next_ = 0;
  Indenter indenter_;
  SharedBytes partial_opening_;
  // Protobuf: lengths stand before what they measure, so all items are measured first.
  std::size_t message_bytes_ = 0;
  std::vector<std::uint32_t> partial_bytes_;  // of each item reduced to its metadata
  std::deque<SharedBytes> measured_;          // what was made on the way, as much as may be kept for sending
  std::size_t measured_bytes_ = 0;
  std::string tail_;
};

}  // namespace charon::server
