#include <boost/json.hpp>
#include <string>

#include "api/kind_rules.h"
#include "codec/tree.h"

namespace charon::core::v1 {

using codec::Value;

namespace {

// Selectors can name a namespace by this label.
void set_defaults(Value& space) {
  std::string name(codec::string_at_path(space, {"metadata", "name"}));
  if (!name.empty()) codec::ensure_object(space, {"metadata", "labels"})["kubernetes.io/metadata.name"] = name;
}

// A new namespace is active, and goes only when what is in it is gone. Its finalizers change by /finalize alone.
void prepare(Value& space, const model::WriteContext& context) {
  if (!context.create) {
    const Value* kept = context.subresource == "finalize" ? nullptr : codec::find_path(*context.before, {"spec", "finalizers"});
    if (kept != nullptr) codec::ensure_object(space, {"spec"})["finalizers"] = *kept;
    return;
  }
  set_defaults(space);  // the name may have been generated
  codec::ensure_object(space, {"status"})["phase"] = "Active";
  codec::Object& spec = codec::ensure_object(space, {"spec"});
  codec::Array finalizers;
  if (const Value* given = spec.if_contains("finalizers"); given != nullptr && given->is_array())
    finalizers = given->get_array();
  for (const Value& finalizer : finalizers)
    if (finalizer == "kubernetes") return;
  finalizers.emplace_back("kubernetes");
  spec["finalizers"] = std::move(finalizers);
}

constexpr std::string_view kSelectable[] = {"status.phase"};

}  // namespace

const model::KindRules namespace_rules = {.set_defaults = set_defaults, .prepare = prepare, .selectable_fields = kSelectable};

}  // namespace charon::core::v1
