#include "server/aggregation/remote_documents.h"

#include <boost/json.hpp>
#include <map>

#include "base/bytes.h"
#include "codec/json.h"
#include "net/http.h"

namespace charon::server {

using codec::Array;
using codec::Object;
using codec::string_at;
using codec::Value;

namespace {

Array texts_at(const Value& entry, std::string_view member) {
  Array texts;
  const Value* list = codec::find(entry, member);
  if (list == nullptr || !list->is_array()) return texts;
  for (const Value& text : list->get_array())
    if (text.is_string() && !text.get_string().empty()) texts.push_back(text);
  return texts;
}

// Group and version of what is spoken are those of the list unless the entry names others.
Object response_kind(const Value& entry, model::GroupVersion gv) {
  bool own = string_at(entry, "version").empty();
  return {{"group", own ? gv.group : string_at(entry, "group")},
          {"version", own ? gv.version : string_at(entry, "version")},
          {"kind", string_at(entry, "kind")}};
}

Object resource(const Value& entry, model::GroupVersion gv) {
  Object made{{"resource", string_at(entry, "name")},
              {"responseKind", response_kind(entry, gv)},
              {"scope", codec::bool_at(entry, "namespaced").value_or(false) ? "Namespaced" : "Cluster"},
              {"singularResource", string_at(entry, "singularName")},
              {"verbs", texts_at(entry, "verbs")}};
  for (std::string_view member : {"shortNames", "categories"})
    if (Array texts = texts_at(entry, member); !texts.empty()) made[member] = std::move(texts);
  return made;
}

}  // namespace

Result<Array> read_resource_list(std::string_view text, model::GroupVersion gv) {
  TRY_ASSIGN(Value tree, codec::parse_json(text));
  const Value* entries = codec::find(tree, "resources");
  if (string_at(tree, "kind") != "APIResourceList" || entries == nullptr || !entries->is_array())
    return fail(Reason::BadRequest, "the answer is not an APIResourceList");
  std::map<std::string_view, std::size_t> places;
  Array resources;
  for (const Value& entry : entries->get_array()) {
    std::string_view name = string_at(entry, "name");
    if (name.empty() || string_at(entry, "kind").empty() || name.find('/') != std::string_view::npos) continue;
    if (places.try_emplace(name, resources.size()).second) resources.push_back(resource(entry, gv));
  }
  for (const Value& entry : entries->get_array()) {
    std::string_view name = string_at(entry, "name");
    std::size_t slash = name.find('/');
    if (slash == std::string_view::npos || slash + 1 == name.size() || string_at(entry, "kind").empty()) continue;
    auto parent = places.find(name.substr(0, slash));
    if (parent == places.end()) continue;
    Value& list = resources[parent->second].as_object()["subresources"];
    if (!list.is_array()) list.emplace_array();
    list.get_array().push_back(Object{{"subresource", name.substr(slash + 1)},
                                      {"responseKind", response_kind(entry, gv)},
                                      {"verbs", texts_at(entry, "verbs")}});
  }
  return resources;
}

Result<std::string> read_openapi_v3_hash(std::string_view text, model::GroupVersion gv) {
  TRY_ASSIGN(Value tree, codec::parse_json(text));
  std::string_view url = codec::string_at_path(tree, {"paths", "apis/" + gv.text(), "serverRelativeURL"});
  if (url.empty()) return std::string();
  std::size_t mark = url.find('?');
  auto hash = net::query_value(mark == std::string_view::npos ? std::string_view() : url.substr(mark + 1), "hash");
  // A document without a name of its content is named by where it is.
  return hash && !hash->empty() ? *hash : std::to_string(fnv1a_64(url));
}

}  // namespace charon::server
