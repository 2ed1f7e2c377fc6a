// metav1.Table: objects as the rows that `kubectl get` prints, by the columns of their kind.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "codec/value.h"
#include "model/document.h"
#include "model/kind.h"

namespace charon::server {

struct TableOptions {
  // What each row carries beside its cells.
  enum class Include : unsigned char { None, Metadata, Object };
  Include include = Include::Metadata;
  std::string version = "v1";  // of the Table: v1 or v1beta1
  bool headers = true;         // column definitions; null on all but the first event of a watch
};

// Goes into the Table's metadata.
struct TableMeta {
  std::string resource_version;
  std::string continue_token;
  std::int64_t remaining = 0;
};

// A Table row by row: opening, rows with commas between them, kTableClosing.
std::string table_opening(const model::Kind& kind, const TableOptions& options, const TableMeta& meta);
void append_table_row(const model::Document& document, const TableOptions& options, Time now, std::string& out);
inline constexpr std::string_view kTableClosing = "]}";

std::string make_table(const model::Document& document, const TableOptions& options, Time now);

// {"kind":"PartialObjectMetadata",...} with the object's metadata alone: the opening, and the metadata's text, which is a part
// of the document's. A brace closes it.
std::string partial_metadata_opening(std::string_view version);
std::string_view metadata_text(const model::Document& document);

}  // namespace charon::server
