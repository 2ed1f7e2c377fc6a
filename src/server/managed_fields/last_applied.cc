#include "server/managed_fields/last_applied.h"

#include <algorithm>
#include <vector>

#include "codec/json.h"
#include "codec/tree.h"
#include "schema/apply/operations.h"

namespace charon::server {

using codec::Value;
using schema::apply::FieldSet;

namespace {

constexpr std::string_view kAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
constexpr std::size_t kAnnotationBytes = 256u << 10;  // of all annotations of an object

// Go's encoding/json writes the members of a map by name.
Value with_sorted_members(const Value& value) {
  if (value.is_array()) {
    codec::Array out;
    for (const Value& item : value.get_array()) out.push_back(with_sorted_members(item));
    return out;
  }
  if (!value.is_object()) return value;
  std::vector<const boost::json::key_value_pair*> members;
  for (const auto& member : value.get_object()) members.push_back(&member);
  std::ranges::sort(members, {},
                    [](const auto* member) { return std::string_view(member->key().data(), member->key().size()); });
  codec::Object out;
  for (const auto* member : members) out.emplace(member->key(), with_sorted_members(member->value()));
  return out;
}

}  // namespace

FieldSet last_applied_fields(const model::Kind& kind, const Value& live) {
  std::string_view text = codec::string_at_path(live, {"metadata", "annotations", kAnnotation});
  if (text.empty()) return {};
  Result<Value> last = codec::parse_json(text);
  if (!last || codec::string_at(*last, "apiVersion") != kind.gv.text()) return {};
  if (!schema::apply::check(*kind.type, *last)) return {};
  schema::apply::Comparison difference = schema::apply::compare(*kind.type, *last, live, schema::apply::View::Raw);
  return schema::apply::field_set_of(*kind.type, *last)
      .without(difference.modified)
      .without(difference.added)
      .without(difference.removed);
}

void update_last_applied(Value& object, const Value& config) {
  Value* meta = codec::find(object, "metadata");
  Value* annotations = meta != nullptr ? codec::find(*meta, "annotations") : nullptr;
  if (annotations == nullptr || codec::string_at(*annotations, kAnnotation).empty()) return;
  Value named = config;
  if (Value* own = codec::find(named, "metadata"); own != nullptr && own->is_object()) {
    if (Value* given = codec::find(*own, "annotations"); given != nullptr && given->is_object()) {
      given->get_object().erase(kAnnotation);
      if (given->get_object().empty()) own->get_object().erase("annotations");
    }
  }
  std::string text = codec::write_json(with_sorted_members(named)) + "\n";
  std::size_t others = 0;
  for (const auto& annotation : annotations->get_object()) {
    others += annotation.key().size();
    if (annotation.key() != kAnnotation && annotation.value().is_string()) others += annotation.value().get_string().size();
  }
  if (others + text.size() > kAnnotationBytes) {
    annotations->get_object().erase(kAnnotation);
  } else {
    annotations->get_object()[kAnnotation] = text;
  }
}

}  // namespace charon::server
