#include "server/admission/default_class.h"

#include <string>

#include "codec/tree.h"

namespace charon::server {

DocumentPtr default_class(const Cache& classes, std::initializer_list<std::string_view> keys) {
  DocumentPtr found;
  std::string newest;
  // In the order of names, so that the first of equally old ones stays.
  classes.each({}, nullptr, [&](const DocumentPtr& document) {
    codec::Value tree = document->tree();
    const codec::Value* annotations = codec::find_path(tree, {"metadata", "annotations"});
    if (annotations == nullptr) return true;
    bool marked = false;
    for (std::string_view key : keys) marked = marked || codec::string_at(*annotations, key) == "true";
    std::string created(codec::string_at_path(tree, {"metadata", "creationTimestamp"}));
    if (!marked || (found && created <= newest)) return true;
    found = document;
    newest = std::move(created);
    return true;
  });
  return found;
}

}  // namespace charon::server
