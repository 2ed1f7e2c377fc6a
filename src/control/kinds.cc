#include "control/kinds.h"

#include "base/time.h"
#include "codec/tree.h"

namespace charon::control {

std::vector<model::KindRef> deletable_kinds(const model::KindRegistry& registry) {
  std::vector<model::KindRef> kinds = registry.all();
  std::erase_if(kinds, [](const model::KindRef& kind) {
    return !kind->has_verb("list") || !kind->has_verb("watch") || !kind->has_verb("delete") || !kind->canonical;
  });
  return kinds;
}

meta::v1::ObjectMeta deletion_metadata(const model::Document& document) {
  meta::v1::ObjectMeta metadata;
  metadata.name = document.key().name;
  metadata.namespace_ = document.key().ns;
  metadata.uid = document.uid();
  const std::string& json = *document.json();
  // Most objects have none of the three; only the others are parsed.
  if (json.find("\"ownerReferences\"") == std::string::npos && json.find("\"finalizers\"") == std::string::npos &&
      json.find("\"deletionTimestamp\"") == std::string::npos)
    return metadata;
  const codec::Value tree = document.tree();
  const codec::Value* read = codec::find(tree, "metadata");
  if (read == nullptr) return metadata;
  if (const auto when = parse_rfc3339(codec::string_at(*read, "deletionTimestamp"))) metadata.deletionTimestamp = *when;
  if (const codec::Value* finalizers = codec::find(*read, "finalizers"); finalizers != nullptr && finalizers->is_array())
    for (const codec::Value& finalizer : finalizers->get_array())
      if (finalizer.is_string()) metadata.finalizers.emplace_back(codec::view(finalizer.get_string()));
  const codec::Value* owners = codec::find(*read, "ownerReferences");
  if (owners == nullptr || !owners->is_array()) return metadata;
  for (const codec::Value& owner : owners->get_array()) {
    meta::v1::OwnerReference& reference = metadata.ownerReferences.emplace_back();
    reference.apiVersion = codec::string_at(owner, "apiVersion");
    reference.kind = codec::string_at(owner, "kind");
    reference.name = codec::string_at(owner, "name");
    reference.uid = codec::string_at(owner, "uid");
    reference.controller = codec::bool_at(owner, "controller");
    reference.blockOwnerDeletion = codec::bool_at(owner, "blockOwnerDeletion");
  }
  return metadata;
}

}  // namespace charon::control
