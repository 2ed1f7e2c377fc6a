#include "server/table/table.h"

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "codec/json.h"
#include "codec/json_path.h"
#include "codec/tree.h"
#include "server/json_text.h"

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

// Of a custom resource (apiextensions-apiserver pkg/registry/customresource/tableconvertor): the first that the path finds, if
// it is of the column's type.
Value custom_cell(const model::Column& column, const codec::JsonPath& path, const Value& object, Time now) {
  std::vector<const Value*> found = path.find(object);
  if (found.empty() || found.front()->is_null()) return nullptr;
  const Value& value = *found.front();
  if (column.type == "string") return value.is_string() ? value : Value(boost::json::string(codec::write_json(value)));
  if (column.type == "date") return value.is_string() ? age(&value, now) : Value(nullptr);
  if (column.type == "integer" && value.is_double()) return static_cast<std::int64_t>(value.get_double());
  bool fits = column.type == "boolean" ? value.is_bool() : value.is_number();
  return fits ? value : Value(nullptr);
}

codec::Array custom_cells(const model::Kind& kind, const Value& object, Time now) {
  codec::Array cells;
  for (const model::Column& column : kind.columns) {
    auto path = codec::JsonPath::parse(column.json_path);
    cells.push_back(path ? custom_cell(column, *path, object, now) : Value(nullptr));
  }
  return cells;
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
                    {"type", column.type == "date" && !kind.custom ? "string" : column.type},
                    {"format", column.format},
                    {"description", column.description},
                    {"priority", column.priority}});
  return list;
}

}  // namespace

std::string partial_metadata_opening(std::string_view version) {
  return "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/" + std::string(version) + "\",\"metadata\":";
}

std::string_view metadata_text(const model::Document& document) { return member_text(*document.json(), "metadata"); }

std::string table_opening(const model::Kind& kind, const TableOptions& options, const TableMeta& meta) {
  codec::Object metadata;
  if (!meta.resource_version.empty()) metadata["resourceVersion"] = meta.resource_version;
  if (!meta.continue_token.empty()) metadata["continue"] = meta.continue_token;
  if (meta.remaining > 0) metadata["remainingItemCount"] = meta.remaining;
  std::string out = "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/" + options.version + "\",\"metadata\":";
  codec::append_json(metadata, out);
  out += ",\"columnDefinitions\":";
  codec::append_json(options.headers ? Value(definitions(kind)) : Value(nullptr), out);
  return out += ",\"rows\":[";
}

void append_table_row(const model::Document& document, const TableOptions& options, Time now, std::string& out) {
  out += "{\"cells\":";
  const Value object = document.tree();
  codec::append_json(
      document.kind().custom ? custom_cells(document.kind(), object, now) : cells_of(document.kind(), object, now), out);
  out += ",\"object\":";
  switch (options.include) {
    case TableOptions::Include::None:
      out += "null";
      break;
    case TableOptions::Include::Metadata:
      out.append(partial_metadata_opening(options.version)).append(metadata_text(document)).append("}");
      break;
    case TableOptions::Include::Object:
      out.append(*document.json());
      break;
  }
  out += "}";
}

std::string make_table(const model::Document& document, const TableOptions& options, Time now) {
  std::string out = table_opening(document.kind(), options, {std::to_string(document.revision()), "", 0});
  append_table_row(document, options, now, out);
  return out.append(kTableClosing);
}

}  // namespace charon::server
