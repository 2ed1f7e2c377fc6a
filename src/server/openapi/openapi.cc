#include "server/openapi/openapi.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <vector>

#include "api/meta/v1/types.h"
#include "codec/json.h"
#include "net/http.h"
#include "server/openapi/gnostic.h"
#include "server/openapi/merge.h"
#include "server/openapi/paths.h"
#include "server/openapi/schemas.h"
#include "server/version.h"

namespace charon::server {
namespace {

using codec::Object;

// The kinds of each group version, the built-in ones first.
struct GroupVersionKinds {
  std::string name;     // as KindRegistry::all gave them first
  bool custom = false;  // some of them are
  std::vector<model::KindRef> kinds;
  model::GroupVersion gv() const { return kinds.front()->gv; }
};

std::vector<GroupVersionKinds> group_versions(const model::KindRegistry& registry) {
  std::vector<GroupVersionKinds> all;
  for (model::KindRef& kind : registry.all()) {
    auto place = std::ranges::find_if(all, [&](const GroupVersionKinds& each) { return each.gv() == kind->gv; });
    if (place == all.end()) place = all.insert(place, GroupVersionKinds{kind->gv.text(), false, {}});
    place->custom = place->custom || kind->custom;
    place->kinds.push_back(std::move(kind));
  }
  return all;
}

// "api/v1", "apis/apps/v1": the document's name below /openapi/v3/.
std::string document_name(model::GroupVersion gv) { return (gv.group.empty() ? "api/" : "apis/") + gv.text(); }

Object info() { return {{"title", "Kubernetes"}, {"version", kKubernetesVersion}}; }

void add_types(const GroupVersionKinds& group, Definitions& definitions) {
  for (const model::KindRef& kind : group.kinds) {
    definitions.add(*kind->type);
    if (kind->list_type != nullptr) definitions.add(*kind->list_type);
  }
  definitions.add(meta::v1::WatchEvent::table());
}

Object document_v3(const GroupVersionKinds& group, const model::KindRegistry& registry) {
  Definitions definitions(OpenApi::V3, registry);
  Object paths;
  add_types(group, definitions);
  add_resource_paths(group.kinds, OpenApi::V3, definitions, paths);
  return {{"openapi", "3.0.0"},
          {"info", info()},
          {"paths", std::move(paths)},
          {"components", Object{{"schemas", definitions.take()}}}};
}

Object own_document_v2(const model::KindRegistry& registry) {
  Definitions definitions(OpenApi::V2, registry);
  Object paths;
  for (const GroupVersionKinds& group : group_versions(registry)) {
    add_types(group, definitions);
    add_resource_paths(group.kinds, OpenApi::V2, definitions, paths);
  }
  return {{"swagger", "2.0"}, {"info", info()}, {"paths", std::move(paths)}, {"definitions", definitions.take()}};
}

Answer answer_of(std::string body, std::string_view content_type) {
  Answer answer{nullptr, std::string(content_type), "\"" + std::to_string(fnv1a_64(body)) + "\""};
  answer.body = share(std::move(body));
  return answer;
}

constexpr std::string_view kProtobufV2 = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

// client-go writes the version with an @, which is no media type's character; both spellings are in use.
bool wants_protobuf_v2(std::string_view accept) {
  return accept.find("proto-openapi.spec.v2@v1.0+protobuf") != std::string_view::npos ||
         accept.find("proto-openapi.spec.v2.v1.0+protobuf") != std::string_view::npos;
}

}  // namespace

void OpenApiDocuments::forget_outdated() {
  const std::uint64_t remote_generation = services_ == nullptr ? 0 : services_->remote_generation();
  const bool kinds_changed = generation_ != kinds_.generation();
  if (!kinds_changed && remote_generation_ == remote_generation) return;
  generation_ = kinds_.generation();
  remote_generation_ = remote_generation;
  index_v3_.reset();
  json_v2_.reset();
  protobuf_v2_.reset();
  if (!kinds_changed) return;
  std::map<std::string, bool, std::less<>> fixed;
  for (const GroupVersionKinds& group : group_versions(kinds_)) fixed[document_name(group.gv())] = !group.custom;
  std::erase_if(v3_, [&](const auto& document) {
    auto found = fixed.find(document.first);
    return found == fixed.end() || !found->second;
  });
}

// Made all at once, because the index tells the hash of each.
const OpenApiDocuments::Documents& OpenApiDocuments::documents_v3() {
  if (index_v3_) return v3_;
  for (const GroupVersionKinds& group : group_versions(kinds_)) {
    auto [place, fresh] = v3_.try_emplace(document_name(group.gv()));
    if (fresh) place->second = answer_of(codec::write_json(document_v3(group, kinds_)), "application/json");
  }
  Object paths;
  for (const auto& [name, document] : v3_) {
    std::string hash = document.etag.substr(1, document.etag.size() - 2);
    paths[name] = Object{{"serverRelativeURL", "/openapi/v3/" + name + "?hash=" + hash}};
  }
  if (services_ != nullptr)
    for (const ApiServices::Remote& remote : services_->remotes()) {
      std::string name = "apis/" + remote.service->group_version();
      paths.erase(name);
      const std::string& hash = remote.documents->openapi_v3_hash;
      if (!hash.empty())
        paths[name] = Object{{"serverRelativeURL", "/openapi/v3/" + name + "?hash=" + net::percent_encode(hash)}};
    }
  index_v3_ = answer_of(codec::write_json(Object{{"paths", std::move(paths)}}), "application/json");
  return v3_;
}

const Answer& OpenApiDocuments::index_v3() {
  documents_v3();
  return *index_v3_;
}

codec::Object OpenApiDocuments::document_v2() const {
  Object document = own_document_v2(kinds_);
  if (services_ != nullptr)
    for (const ApiServices::Remote& remote : services_->remotes())
      if (remote.documents->openapi_v2) merge_openapi_v2(document, *remote.documents->openapi_v2);
  return document;
}

const Answer& OpenApiDocuments::json_v2() {
  if (!json_v2_) json_v2_ = answer_of(codec::write_json(document_v2()), "application/json");
  return *json_v2_;
}

const Answer& OpenApiDocuments::protobuf_v2() {
  if (!protobuf_v2_) protobuf_v2_ = answer_of(gnostic_v2(document_v2()), kProtobufV2);
  return *protobuf_v2_;
}

std::optional<Answer> OpenApiDocuments::answer(std::string_view path, std::string_view accept) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (!path.starts_with("/openapi/")) return std::nullopt;
  forget_outdated();
  if (path == "/openapi/v2") return wants_protobuf_v2(accept) ? protobuf_v2() : json_v2();
  if (path == "/openapi/v3") return index_v3();
  constexpr std::string_view kPrefix = "/openapi/v3/";
  if (!path.starts_with(kPrefix)) return std::nullopt;
  const Documents& documents = documents_v3();
  auto found = documents.find(path.substr(kPrefix.size()));
  if (found == documents.end()) return std::nullopt;
  return found->second;
}

}  // namespace charon::server
