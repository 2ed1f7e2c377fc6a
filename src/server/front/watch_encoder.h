// The events of one watch as bytes, in the form that its reader asked for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "net/http.h"
#include "server/cache.h"
#include "server/front/media.h"
#include "server/front/recent_forms.h"
#include "server/table/table.h"

namespace charon::server {

class WatchEncoder {
 public:
  // `recent` outlives it.
  WatchEncoder(const model::Kind& kind, Media media, TableOptions table, RecentForms& recent)
      : kind_(kind), media_(std::move(media)), table_(std::move(table)), recent_(recent) {}

  void append(const CacheEvent& event, Time now, std::vector<net::Piece>& out);
  // An object of the kind with nothing but its resourceVersion. `initial_end`: all that was there at first has been sent
  // (KEP-3157).
  enum class Bookmark : unsigned char { Progress, InitialEnd };
  void append_bookmark(Bookmark bookmark, Revision revision, std::vector<net::Piece>& out);
  void append_error(const Error& error, std::vector<net::Piece>& out) const;

 private:
  void append_table(EventType type, const model::Document& document, Time now, std::vector<net::Piece>& out);
  void append_protobuf(std::string_view type, SharedBytes object, std::vector<net::Piece>& out);

  const model::Kind& kind_;
  Media media_;
  TableOptions table_;
  RecentForms& recent_;
};

}  // namespace charon::server
