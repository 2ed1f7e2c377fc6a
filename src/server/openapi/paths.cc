#include "server/openapi/paths.h"

#include <boost/json.hpp>
#include <cctype>
#include <string>
#include <vector>

#include "api/authentication/v1/types.h"
#include "api/autoscaling/v1/types.h"
#include "api/core/v1/types.h"
#include "api/meta/v1/types.h"
#include "api/policy/v1/types.h"
#include "server/discovery/discovery.h"

namespace charon::server {

using codec::Array;
using codec::Object;
using schema::Type;

namespace {

struct Parameter {
  std::string_view name;
  std::string_view type;
  std::string_view doc;
  bool in_path = false;
};

constexpr Parameter kName{"name", "string", "The object's name.", true};
constexpr Parameter kNamespace{"namespace", "string", "The namespace.", true};
constexpr Parameter kPretty{"pretty", "string", "If 'true', the answer is printed for people."};
constexpr Parameter kDryRun{"dryRun", "string", "All: check and answer as usual, but store nothing."};
constexpr Parameter kFieldManager{"fieldManager", "string", "Who makes this change; at most 128 printable characters."};
constexpr Parameter kFieldValidation{"fieldValidation", "string",
                                     "What to do about unknown and doubled fields: Ignore, Warn (default) or Strict."};
constexpr Parameter kForce{"force", "boolean", "Of apply patches: take over fields that others manage."};
constexpr Parameter kListParameters[] = {
    {"allowWatchBookmarks", "boolean", "Of a watch: send bookmarks."},
    {"continue", "string", "Where the page before ended, as it said."},
    {"fieldSelector", "string", "Only objects whose fields match."},
    {"labelSelector", "string", "Only objects whose labels match."},
    {"limit", "integer", "At most this many objects; the rest by 'continue'."},
    {"resourceVersion", "string", "Which state is good enough, or where a watch starts."},
    {"resourceVersionMatch", "string", "How resourceVersion is meant: Exact or NotOlderThan."},
    {"sendInitialEvents", "boolean", "Of a watch: begin with what there is."},
    {"timeoutSeconds", "integer", "How long the call may last."},
    {"watch", "boolean", "Follow the changes instead of listing."},
};
constexpr Parameter kDeleteParameters[] = {
    kDryRun,
    {"gracePeriodSeconds", "integer", "How long the object may take to stop; 0: at once."},
    {"orphanDependents", "boolean", "Deprecated: use propagationPolicy."},
    {"propagationPolicy", "string", "What becomes of dependents: Orphan, Background or Foreground."},
};

constexpr std::string_view kObjectMedia[] = {"application/json", "application/yaml", "application/vnd.kubernetes.protobuf"};
constexpr std::string_view kPatchMedia[] = {"application/json-patch+json", "application/merge-patch+json",
                                            "application/strategic-merge-patch+json", "application/apply-patch+yaml"};
// What custom resources are not: in protobuf, and merged by the rules of Go structs.
bool for_custom(std::string_view media) { return !media.ends_with("protobuf") && !media.starts_with("application/strategic"); }

// One operation, before it is written in one of the two versions.
struct Operation {
  std::string_view action;  // x-kubernetes-action
  std::string id;
  std::string doc;
  model::GroupVersion gv;
  std::string_view kind;
  const Type* body = nullptr;
  bool patch = false;            // the body is a patch
  bool custom = false;           // of a custom resource
  const Type* answer = nullptr;  // null: text
  int created = 0;               // 201 where the operation may create
  std::vector<Parameter> parameters;
};

std::string capital(std::string_view text) {
  std::string out(text);
  if (!out.empty()) out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
  return out;
}

// "rbac.authorization.k8s.io" -> "RbacAuthorization", "" -> "Core".
std::string group_words(std::string_view group) {
  if (group.empty()) return "Core";
  constexpr std::string_view kEnd = ".k8s.io";
  if (group.ends_with(kEnd)) group.remove_suffix(kEnd.size());
  std::string words;
  while (!group.empty()) {
    std::size_t dot = std::min(group.find('.'), group.size());
    words += capital(group.substr(0, dot));
    group.remove_prefix(std::min(dot + 1, group.size()));
  }
  return words;
}

std::string tag_of(model::GroupVersion gv) {
  std::string words = group_words(gv.group);
  words[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(words[0])));
  return words + "_" + std::string(gv.version);
}

class PathWriter {
 public:
  PathWriter(model::GroupVersion gv, OpenApi version, Definitions& definitions, Object& paths)
      : gv_(gv),
        version_(version),
        definitions_(definitions),
        paths_(paths),
        prefix_(gv.group.empty() ? "/api/" + gv.text() : "/apis/" + gv.text()),
        words_(group_words(gv.group) + capital(gv.version)) {}

  void add(const model::Kind& kind);

 private:
  Operation start(const model::Kind& kind, std::string_view action, std::string_view verb, std::string_view detail) const;
  void add_collection(const model::Kind& kind);
  void add_object(const model::Kind& kind);
  void add_subresource(const model::Kind& kind, std::string_view name);
  void add_changes(const model::Kind& kind, const Operation& base, Object& item);
  std::string collection_path(const model::Kind& kind) const;
  Object item_with(const std::vector<Parameter>& parameters);
  Object write(const Operation& operation);
  Object write_parameter(const Parameter& parameter) const;
  Object response(const Operation& operation);
  void put_body(const Operation& operation, Object& written);

  model::GroupVersion gv_;
  OpenApi version_;
  Definitions& definitions_;
  Object& paths_;
  std::string prefix_;
  std::string words_;
};

Object PathWriter::write_parameter(const Parameter& parameter) const {
  Object written{{"name", parameter.name}, {"in", parameter.in_path ? "path" : "query"}, {"description", parameter.doc}};
  if (parameter.in_path) written["required"] = true;
  if (version_ == OpenApi::V3) {
    written["schema"] = Object{{"type", parameter.type}, {"uniqueItems", true}};
  } else {
    written["type"] = parameter.type;
    written["uniqueItems"] = true;
  }
  return written;
}

Object PathWriter::response(const Operation& operation) {
  const Type* type = operation.answer;
  Object answer{{"description", "OK"}};
  if (version_ == OpenApi::V2) {
    answer["schema"] = type == nullptr ? Object{{"type", "string"}} : definitions_.reference(*type);
    return answer;
  }
  Object content;
  if (type == nullptr) {
    content["text/plain"] = Object{{"schema", Object{{"type", "string"}}}};
  } else {
    for (std::string_view media : kObjectMedia)
      if (!operation.custom || for_custom(media)) content[media] = Object{{"schema", definitions_.reference(*type)}};
  }
  answer["content"] = std::move(content);
  return answer;
}

void PathWriter::put_body(const Operation& operation, Object& written) {
  Object schema = operation.patch ? definitions_.named_reference(kPatchDefinition) : definitions_.reference(*operation.body);
  bool needed = operation.patch || operation.body != &meta::v1::DeleteOptions::table();
  if (version_ == OpenApi::V2) {
    Object body{{"name", "body"}, {"in", "body"}, {"schema", std::move(schema)}};
    if (needed) body["required"] = true;
    written["parameters"].as_array().push_back(std::move(body));
    return;
  }
  Object content;
  if (operation.patch) {
    for (std::string_view media : kPatchMedia)
      if (!operation.custom || for_custom(media)) content[media] = Object{{"schema", schema}};
  } else {
    content["*/*"] = Object{{"schema", std::move(schema)}};
  }
  written["requestBody"] = Object{{"content", std::move(content)}};
  if (needed) written["requestBody"].as_object()["required"] = true;
}

Object PathWriter::write(const Operation& operation) {
  Object written{{"description", operation.doc}, {"operationId", operation.id}, {"tags", Array{tag_of(gv_)}}};
  Array parameters;
  for (const Parameter& parameter : operation.parameters) parameters.push_back(write_parameter(parameter));
  written["parameters"] = std::move(parameters);
  if (version_ == OpenApi::V2) {
    Array produces, consumes;
    for (std::string_view media : kObjectMedia)
      if (!operation.custom || for_custom(media)) produces.emplace_back(media);
    if (operation.patch) {
      for (std::string_view media : kPatchMedia)
        if (!operation.custom || for_custom(media)) consumes.emplace_back(media);
    } else {
      consumes.emplace_back("*/*");
    }
    written["consumes"] = std::move(consumes);
    written["produces"] = std::move(produces);
  }
  if (operation.patch || operation.body != nullptr) put_body(operation, written);
  Object responses{{"200", response(operation)}};
  if (operation.created != 0) responses[std::to_string(operation.created)] = response(operation);
  responses["401"] = Object{{"description", "Unauthorized"}};
  written["responses"] = std::move(responses);
  written["x-kubernetes-action"] = operation.action;
  written["x-kubernetes-group-version-kind"] = group_version_kind(operation.gv, operation.kind);
  return written;
}

Object PathWriter::item_with(const std::vector<Parameter>& parameters) {
  Array list;
  for (const Parameter& parameter : parameters) list.push_back(write_parameter(parameter));
  return {{"parameters", std::move(list)}};
}

std::string PathWriter::collection_path(const model::Kind& kind) const {
  return prefix_ + (kind.namespaced ? "/namespaces/{namespace}/" : "/") + std::string(kind.plural);
}

// `verb` and `detail` make the id: "list" + "CoreV1" + "Namespaced" + "Pod" + detail.
Operation PathWriter::start(const model::Kind& kind, std::string_view action, std::string_view verb,
                            std::string_view detail) const {
  Operation operation;
  operation.action = action;
  operation.id =
      std::string(verb) + words_ + (kind.namespaced ? "Namespaced" : "") + std::string(kind.kind) + std::string(detail);
  operation.gv = gv_;
  operation.kind = kind.kind;
  operation.body = nullptr;
  operation.answer = kind.type;
  operation.custom = kind.custom;
  return operation;
}

void PathWriter::add_collection(const model::Kind& kind) {
  std::vector<Parameter> common{kPretty};
  if (kind.namespaced) common.insert(common.begin(), kNamespace);
  Object item = item_with(common);
  std::string name(kind.kind);
  if (kind.has_verb("list")) {
    Operation list = start(kind, "list", "list", "");
    list.doc = "list or watch objects of kind " + name;
    list.parameters.assign(std::begin(kListParameters), std::end(kListParameters));
    list.answer = kind.list_type;
    item["get"] = write(list);
    if (kind.namespaced) {
      list.id = "list" + words_ + name + "ForAllNamespaces";
      Object everywhere = item_with({kPretty});
      everywhere["get"] = write(list);
      paths_[prefix_ + "/" + std::string(kind.plural)] = std::move(everywhere);
    }
  }
  if (kind.has_verb("create")) {
    Operation create = start(kind, "post", "create", "");
    create.doc = "create a " + name;
    create.body = kind.type;
    create.created = 201;
    create.parameters = {kDryRun, kFieldManager, kFieldValidation};
    item["post"] = write(create);
  }
  if (kind.has_verb("deletecollection")) {
    Operation remove = start(kind, "deletecollection", "delete", "");
    remove.id = "delete" + words_ + "Collection" + (kind.namespaced ? "Namespaced" : "") + name;
    remove.doc = "delete all matching objects of kind " + name;
    remove.parameters.assign(std::begin(kDeleteParameters), std::end(kDeleteParameters));
    remove.parameters.insert(remove.parameters.end(), std::begin(kListParameters), std::end(kListParameters));
    remove.body = &meta::v1::DeleteOptions::table();
    remove.answer = &meta::v1::Status::table();
    item["delete"] = write(remove);
  }
  paths_[collection_path(kind)] = std::move(item);
}

// put and patch, which objects and most subresources have.
void PathWriter::add_changes(const model::Kind& kind, const Operation& base, Object& item) {
  std::string rest = base.id.substr(base.id.find(words_));
  Operation put = base;
  put.action = "put";
  put.id = "replace" + rest;
  put.doc = "replace the specified " + std::string(kind.kind);
  put.body = base.answer;
  put.created = 201;
  put.parameters = {kDryRun, kFieldManager, kFieldValidation};
  item["put"] = write(put);
  Operation patch = put;
  patch.action = "patch";
  patch.id = "patch" + rest;
  patch.doc = "partially update the specified " + std::string(kind.kind);
  patch.patch = true;
  patch.parameters.push_back(kForce);
  item["patch"] = write(patch);
}

void PathWriter::add_object(const model::Kind& kind) {
  std::vector<Parameter> common{kName, kPretty};
  if (kind.namespaced) common.insert(common.begin() + 1, kNamespace);
  Object item = item_with(common);
  Operation get = start(kind, "get", "read", "");
  get.doc = "read the specified " + std::string(kind.kind);
  item["get"] = write(get);
  if (kind.has_verb("update")) add_changes(kind, get, item);
  if (kind.has_verb("delete")) {
    Operation remove = start(kind, "delete", "delete", "");
    remove.doc = "delete a " + std::string(kind.kind);
    remove.parameters.assign(std::begin(kDeleteParameters), std::end(kDeleteParameters));
    remove.body = &meta::v1::DeleteOptions::table();
    remove.answer = &meta::v1::Status::table();
    remove.created = 202;
    item["delete"] = write(remove);
  }
  paths_[collection_path(kind) + "/{name}"] = std::move(item);
}

const Type* foreign_type(std::string_view subresource, const model::Kind& kind) {
  if (subresource == "scale") return &autoscaling::v1::Scale::table();
  if (subresource == "binding") return &core::v1::Binding::table();
  if (subresource == "eviction") return &policy::v1::Eviction::table();
  if (subresource == "token") return &authentication::v1::TokenRequest::table();
  return kind.type;
}

void PathWriter::add_subresource(const model::Kind& kind, std::string_view name) {
  std::vector<Parameter> common{kName, kPretty};
  if (kind.namespaced) common.insert(common.begin() + 1, kNamespace);
  Object item = item_with(common);
  ForeignKind spoken = subresource_kind(kind, name);
  Operation base = start(kind, "get", "read", capital(name));
  base.gv = {spoken.group, spoken.version};
  base.kind = spoken.kind;
  base.answer = foreign_type(name, kind);
  base.doc = "read " + std::string(name) + " of the specified " + std::string(kind.kind);
  std::string rest = base.id.substr(base.id.find(words_));
  bool connects = name == "exec" || name == "attach" || name == "portforward" || name == "proxy";
  if (connects || name == "log") base.answer = nullptr;
  for (std::string_view verb : subresource_verbs(name)) {
    if (connects) {
      Operation connect = base;
      connect.action = "connect";
      bool get = verb == "get", post = verb == "create";
      if (!get && !post) continue;
      connect.id = std::string(get ? "connectGet" : "connectPost") + rest;
      connect.doc = "connect to " + std::string(name) + " of the specified " + std::string(kind.kind);
      item[get ? "get" : "post"] = write(connect);
    } else if (verb == "get") {
      item["get"] = write(base);
    } else if (verb == "create") {
      Operation create = base;
      create.action = "post";
      create.id = "create" + rest;
      create.doc = "create " + std::string(name) + " of a " + std::string(kind.kind);
      create.body = base.answer;
      create.created = 201;
      create.parameters = {kDryRun, kFieldManager, kFieldValidation};
      item["post"] = write(create);
    } else if (verb == "update") {
      add_changes(kind, base, item);
    }
  }
  paths_[collection_path(kind) + "/{name}/" + std::string(name)] = std::move(item);
}

void PathWriter::add(const model::Kind& kind) {
  add_collection(kind);
  if (kind.has_verb("get")) add_object(kind);
  for (std::string_view name : kind.subresources) add_subresource(kind, name);
}

}  // namespace

void add_resource_paths(const std::vector<model::KindRef>& kinds, OpenApi version, Definitions& definitions, Object& paths) {
  PathWriter writer(kinds.front()->gv, version, definitions, paths);
  for (const model::KindRef& kind : kinds) writer.add(*kind);
}

}  // namespace charon::server
