#include "server/table/table.h"

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "codec/json.h"
#include "codec/tree.h"

namespace charon::server {

using codec::Value;

namespace {

// ".spec.replicas" in the object; null when a step is missing.
const Value* at_path(const Value& object, std::string_view path) {
  const Value* place = &object;
  while (!path.empty() && place != nullptr) {
    path.remove_prefix(path.front() == '.' ? 1 : 0);
    std::size_t end = std::min(path.find('.'), path.size());
    place = codec::find(*place, path.substr(0, end));
    path.remove_prefix(end);
  }
  return place;
}

Value age(const Value* timestamp, Time now) {
  if (timestamp == nullptr || !timestamp->is_string()) return "<unknown>";
  auto then = parse_rfc3339(codec::view(timestamp->get_string()));
  if (!then) return "<invalid>";
  return boost::json::string(human_duration(std::chrono::seconds(now.seconds - then->seconds)));
}

Value plain_cell(const model::Column& column, const Value* value, Time now) {
  if (column.type == "date") return age(value, now);
  if (value == nullptr || value->is_null()) return column.type == "integer" ? Value(0) : Value("");
  if (column.type == "integer" || column.type == "boolean") return *value;
  if (value->is_string()) return *value;
  return boost::json::string(codec::write_json(*value));
}

codec::Array cells_of(const model::Kind& kind, const Value& object, Time now) {
  codec::Array special;
  if (kind.rules.cells != nullptr) kind.rules.cells(object, now, special);
  codec::Array cells;
  std::size_t next = 0;
  for (const model::Column& column : kind.columns) {
    if (!column.json_path.empty()) {
      cells.push_back(plain_cell(column, at_path(object, column.json_path), now));
    } else {
      cells.push_back(next < special.size() ? special[next] : Value("<unknown>"));
      ++next;
    }
  }
  return cells;
}

codec::Array definitions(const model::Kind& kind) {
  codec::Array list;
  for (const model::Column& column : kind.columns)
    list.push_back({{"name", column.name},
                    // Ages are sent as text, as Kubernetes does for built-in kinds.
                    {"type", column.type == "date" ? "string" : column.type},
                    {"format", column.format},
                    {"description", column.description},
                    {"priority", column.priority}});
  return list;
}

}  // namespace

Value partial_metadata(const Value& object, std::string_view version) {
  codec::Object partial;
  partial["kind"] = "PartialObjectMetadata";
  partial["apiVersion"] = "meta.k8s.io/" + std::string(version);
  if (const Value* meta = codec::find(object, "metadata")) partial["metadata"] = *meta;
  return partial;
}

std::string make_table(const model::Kind& kind, std::span<const model::DocumentPtr> documents, const TableOptions& options,
                       const TableMeta& meta, Time now) {
  codec::Object metadata;
  if (!meta.resource_version.empty()) metadata["resourceVersion"] = meta.resource_version;
  if (!meta.continue_token.empty()) metadata["continue"] = meta.continue_token;
  if (meta.remaining > 0) metadata["remainingItemCount"] = meta.remaining;
  std::string out = "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/" + options.version + "\",\"metadata\":";
  codec::append_json(metadata, out);
  out += ",\"columnDefinitions\":";
  codec::append_json(options.headers ? definitions(kind) : codec::Array(), out);
  out += ",\"rows\":[";
  bool first = true;
  for (const model::DocumentPtr& document : documents) {
    Value object = document->tree();
    out += first ? "{\"cells\":" : ",{\"cells\":";
    first = false;
    codec::append_json(cells_of(kind, object, now), out);
    if (options.include == TableOptions::Include::Metadata) {
      out += ",\"object\":";
      codec::append_json(partial_metadata(object, options.version), out);
    } else if (options.include == TableOptions::Include::Object) {
      out.append(",\"object\":").append(*document->json());
    }
    out += "}";
  }
  return out += "]}";
}

}  // namespace charon::server
