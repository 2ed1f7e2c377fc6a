#include "server/crd/custom_kind.h"

#include <algorithm>
#include <boost/json.hpp>
#include <deque>

#include "api/meta/v1/types.h"
#include "codec/tree.h"
#include "model/storage_form.h"
#include "schema/convert.h"
#include "schema/defaults.h"
#include "schema/from_openapi.h"
#include "server/crd/definition.h"

namespace charon::server::crd {

using codec::Value;

namespace {

constexpr std::string_view kVerbs[] = {"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"};

// One version, with all that its Kind points to.
class Version {
 public:
  // `storage`: the apiVersion in which objects are stored.
  Version(const Value& definition, const Value& version, const std::string& storage);
  Version(const Version&) = delete;

  model::Kind kind;

  // Objects are converted by a webhook to and from `stored`, the kind of the storage version.
  void convert_by(std::shared_ptr<model::Converter> converter, const std::shared_ptr<const model::Kind>& stored);

 private:
  std::string_view keep(std::string_view text) { return texts_.emplace_back(text); }
  std::span<const std::string_view> keep_all(const Value* list);
  void name(const Value& definition, const Value& version);
  void add_subresources(const Value& version);
  void add_columns(const Value& version);
  void add_fields(const Value& version);
  void add_storage(const std::string& storage);

  std::deque<std::string> texts_;
  std::deque<std::vector<std::string_view>> lists_;
  std::vector<model::Column> columns_;
  std::unique_ptr<const schema::OpenApiType> type_;
  model::ScalePaths scale_;
  model::StorageForm storage_;
  std::shared_ptr<const model::Kind> stored_;  // where it is another one
};

// "stable.example.com" -> "com.example.stable"
std::string reversed(std::string_view group) {
  std::string name;
  while (!group.empty()) {
    std::size_t dot = group.rfind('.');
    name.append(name.empty() ? "" : ".").append(dot == std::string_view::npos ? group : group.substr(dot + 1));
    group = dot == std::string_view::npos ? std::string_view() : group.substr(0, dot);
  }
  return name;
}

Version::Version(const Value& definition, const Value& version, const std::string& storage) {
  name(definition, version);
  static const Value kOpen = codec::Object{{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
  const Value* schema = codec::find_path(version, {"schema", "openAPIV3Schema"});
  std::string full_name = reversed(kind.gv.group) + "." + std::string(kind.gv.version) + "." + std::string(kind.kind);
  type_ = std::make_unique<const schema::OpenApiType>(schema != nullptr ? *schema : kOpen,
                                                      schema::OpenApiNames{kind.kind, full_name}, meta::v1::ObjectMeta::table(),
                                                      meta::v1::ListMeta::table());
  kind.type = &type_->type();
  kind.list_type = &type_->list_type();
  add_subresources(version);
  add_columns(version);
  add_fields(version);
  add_storage(storage);
}

std::span<const std::string_view> Version::keep_all(const Value* list) {
  std::vector<std::string_view>& kept = lists_.emplace_back();
  if (list != nullptr && list->is_array())
    for (const Value& text : list->get_array())
      if (text.is_string()) kept.push_back(keep(codec::view(text.get_string())));
  return kept;
}

void Version::name(const Value& definition, const Value& version) {
  const Value& names = *codec::find_path(definition, {"status", "acceptedNames"});
  kind.custom = true;
  kind.gv = {keep(codec::string_at_path(definition, {"spec", "group"})), keep(codec::string_at(version, "name"))};
  kind.kind = keep(codec::string_at(names, "kind"));
  kind.list_kind = keep(codec::string_at(names, "listKind"));
  kind.plural = keep(codec::string_at(names, "plural"));
  kind.singular = keep(codec::string_at(names, "singular"));
  kind.short_names = keep_all(codec::find(names, "shortNames"));
  kind.categories = keep_all(codec::find(names, "categories"));
  kind.namespaced = codec::string_at_path(definition, {"spec", "scope"}) == "Namespaced";
  kind.verbs = kVerbs;
  kind.generation = true;
  kind.terminating = is_terminating(definition);
  if (!codec::bool_at(version, "deprecated").value_or(false)) return;
  std::string_view warning = codec::string_at(version, "deprecationWarning");
  kind.deprecation =
      keep(warning.empty() ? kind.gv.text() + " " + std::string(kind.kind) + " is deprecated" : std::string(warning));
}

void Version::add_subresources(const Value& version) {
  std::vector<std::string_view>& names = lists_.emplace_back();
  if (codec::find_path(version, {"subresources", "status"}) != nullptr) names.emplace_back("status");
  if (const Value* scale = codec::find_path(version, {"subresources", "scale"})) {
    names.emplace_back("scale");
    scale_ = {keep(codec::string_at(*scale, "specReplicasPath")), keep(codec::string_at(*scale, "statusReplicasPath")),
              keep(codec::string_at(*scale, "labelSelectorPath"))};
    kind.scale = &scale_;
  }
  kind.subresources = names;
}

void Version::add_columns(const Value& version) {
  columns_.push_back({.name = "Name",
                      .type = "string",
                      .format = "name",
                      .description = "Name must be unique within a namespace.",
                      .json_path = ".metadata.name"});
  const Value* given = codec::find(version, "additionalPrinterColumns");
  if (given == nullptr || !given->is_array() || given->get_array().empty()) {
    columns_.push_back({.name = "Age",
                        .type = "date",
                        .description = "When the object was created.",
                        .json_path = ".metadata.creationTimestamp"});
  } else {
    for (const Value& column : given->get_array())
      columns_.push_back({.name = keep(codec::string_at(column, "name")),
                          .type = keep(codec::string_at(column, "type")),
                          .format = keep(codec::string_at(column, "format")),
                          .description = keep(codec::string_at(column, "description")),
                          .priority = static_cast<int>(codec::int_at(column, "priority").value_or(0)),
                          .json_path = keep(codec::string_at(column, "jsonPath"))});
  }
  kind.columns = columns_;
}

void Version::add_fields(const Value& version) {
  std::vector<std::string_view>& paths = lists_.emplace_back();
  if (const Value* fields = codec::find(version, "selectableFields"); fields != nullptr && fields->is_array())
    for (const Value& field : fields->get_array()) {
      std::string_view path = codec::string_at(field, "jsonPath");
      if (path.starts_with('.')) path.remove_prefix(1);
      if (!path.empty()) paths.push_back(keep(path));
    }
  kind.rules.selectable_fields = paths;
}

// What is stored is of the version that was the storage version when it was written; it is read by the schema of this one.
void Version::add_storage(const std::string& storage) {
  const schema::Type* type = kind.type;
  std::string api_version = kind.gv.text();
  storage_.stored = &kind;
  storage_.api_version = storage;
  storage_.to_stored = [storage](const Value& view) {
    Value stored = view;
    stored.as_object()["apiVersion"] = storage;
    return stored;
  };
  storage_.from_stored = [type, api_version](const Value& stored) {
    Value view = stored;
    view.as_object()["apiVersion"] = api_version;
    // Metadata that is malformed cannot have been stored.
    (void)schema::normalize(*type, view);
    schema::apply_defaults(*type, view);
    return view;
  };
  kind.storage = &storage_;
}

void Version::convert_by(std::shared_ptr<model::Converter> converter, const std::shared_ptr<const model::Kind>& stored) {
  storage_.converter = std::move(converter);
  storage_.stored = stored.get();
  if (stored.get() != &kind) stored_ = stored;
}

}  // namespace

bool has_webhook(const Value& definition) {
  return codec::string_at_path(definition, {"spec", "conversion", "strategy"}) == "Webhook";
}

CustomKinds make_kinds(const Value& definition, std::shared_ptr<model::Converter> converter) {
  CustomKinds kinds;
  kinds.definition = codec::string_at_path(definition, {"metadata", "name"});
  const Value* versions = codec::find_path(definition, {"spec", "versions"});
  if (versions == nullptr || !versions->is_array()) return kinds;
  std::vector<std::shared_ptr<Version>> made;
  std::string storage(codec::string_at_path(definition, {"spec", "group"}));
  for (const Value& version : versions->get_array())
    if (codec::bool_at(version, "storage").value_or(false)) storage.append("/").append(codec::string_at(version, "name"));
  std::shared_ptr<const model::Kind> stored;
  for (const Value& version : versions->get_array()) {
    std::shared_ptr<Version> one = made.emplace_back(std::make_shared<Version>(definition, version, storage));
    std::shared_ptr<const model::Kind> kind(one, &one->kind);
    one->kind.self = kind;
    kinds.all.push_back(kind);
    if (kind->gv.text() == storage) stored = kind;
    if (codec::bool_at(version, "served").value_or(false)) kinds.served.push_back(std::move(kind));
  }
  if (converter && stored)
    for (const auto& one : made) one->convert_by(converter, stored);
  // One served version stands for all where one is enough: the one that is stored, else the first.
  std::string chosen = kinds.served.empty() ? "" : kinds.served.front()->gv.text();
  for (const auto& kind : kinds.served)
    if (kind->gv.text() == storage) chosen = storage;
  for (const auto& one : made) one->kind.canonical = one->kind.gv.text() == chosen;
  return kinds;
}

}  // namespace charon::server::crd
