#include "server/openapi/openapi.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <vector>

#include "api/meta/v1/types.h"
#include "codec/json.h"
#include "model/kind.h"
#include "server/openapi/gnostic.h"
#include "server/openapi/paths.h"
#include "server/openapi/schemas.h"
#include "server/version.h"

namespace charon::server {
namespace {

using codec::Object;

std::vector<model::GroupVersion> group_versions() {
  std::vector<model::GroupVersion> all;
  for (const model::Kind& kind : model::builtin_kinds())
    if (std::ranges::find(all, kind.gv) == all.end()) all.push_back(kind.gv);
  return all;
}

// "api/v1", "apis/apps/v1": the document's name below /openapi/v3/.
std::string document_name(model::GroupVersion gv) { return (gv.group.empty() ? "api/" : "apis/") + gv.text(); }

Object info() { return {{"title", "Kubernetes"}, {"version", kKubernetesVersion}}; }

void add_types(model::GroupVersion gv, Definitions& definitions) {
  for (const model::Kind& kind : model::builtin_kinds()) {
    if (kind.gv != gv) continue;
    definitions.add(*kind.type);
    if (kind.list_type != nullptr) definitions.add(*kind.list_type);
  }
  definitions.add(meta::v1::WatchEvent::table());
}

Object document_v3(model::GroupVersion gv) {
  Definitions definitions(OpenApi::V3);
  Object paths;
  add_types(gv, definitions);
  add_resource_paths(gv, OpenApi::V3, definitions, paths);
  return {{"openapi", "3.0.0"},
          {"info", info()},
          {"paths", std::move(paths)},
          {"components", Object{{"schemas", definitions.take()}}}};
}

Object document_v2() {
  Definitions definitions(OpenApi::V2);
  Object paths;
  for (model::GroupVersion gv : group_versions()) {
    add_types(gv, definitions);
    add_resource_paths(gv, OpenApi::V2, definitions, paths);
  }
  return {{"swagger", "2.0"}, {"info", info()}, {"paths", std::move(paths)}, {"definitions", definitions.take()}};
}

Answer answer_of(std::string body, std::string_view content_type) {
  Answer answer{nullptr, std::string(content_type), "\"" + std::to_string(fnv1a_64(body)) + "\""};
  answer.body = share(std::move(body));
  return answer;
}

// By name; made all at once, because the index tells the hash of each.
const std::map<std::string, Answer, std::less<>>& documents_v3() {
  static const auto all = [] {
    std::map<std::string, Answer, std::less<>> made;
    for (model::GroupVersion gv : group_versions())
      made[document_name(gv)] = answer_of(codec::write_json(document_v3(gv)), "application/json");
    return made;
  }();
  return all;
}

const Answer& index_v3() {
  static const Answer made = [] {
    Object paths;
    for (const auto& [name, document] : documents_v3()) {
      std::string hash = document.etag.substr(1, document.etag.size() - 2);
      paths[name] = Object{{"serverRelativeURL", "/openapi/v3/" + name + "?hash=" + hash}};
    }
    return answer_of(codec::write_json(Object{{"paths", std::move(paths)}}), "application/json");
  }();
  return made;
}

const Answer& json_v2() {
  static const Answer made = answer_of(codec::write_json(document_v2()), "application/json");
  return made;
}

constexpr std::string_view kProtobufV2 = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

const Answer& protobuf_v2() {
  static const Answer made = answer_of(gnostic_v2(document_v2()), kProtobufV2);
  return made;
}

// client-go writes the version with an @, which is no media type's character; both spellings are in use.
bool wants_protobuf_v2(std::string_view accept) {
  return accept.find("proto-openapi.spec.v2@v1.0+protobuf") != std::string_view::npos ||
         accept.find("proto-openapi.spec.v2.v1.0+protobuf") != std::string_view::npos;
}

}  // namespace

std::optional<Answer> openapi_answer(std::string_view path, std::string_view /*query*/, std::string_view accept) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (path == "/openapi/v2") return wants_protobuf_v2(accept) ? protobuf_v2() : json_v2();
  if (path == "/openapi/v3") return index_v3();
  constexpr std::string_view kPrefix = "/openapi/v3/";
  if (!path.starts_with(kPrefix)) return std::nullopt;
  auto found = documents_v3().find(path.substr(kPrefix.size()));
  if (found == documents_v3().end()) return std::nullopt;
  return found->second;
}

}  // namespace charon::server
