// metav1.Table: objects as the rows that `kubectl get` prints, by the columns of their kind.
#pragma once

#include <span>
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
  bool headers = true;         // column definitions; left out on all but the first event of a watch
};

// `revision` and `continue_token` go into the Table's metadata.
struct TableMeta {
  std::string resource_version;
  std::string continue_token;
  std::int64_t remaining = 0;
};

std::string make_table(const model::Kind& kind, std::span<const model::DocumentPtr> documents, const TableOptions& options,
                       const TableMeta& meta, Time now);

// {"kind":"PartialObjectMetadata",...} with the object's metadata alone.
codec::Value partial_metadata(const codec::Value& object, std::string_view version);

}  // namespace charon::server
