// Kubernetes' strategic merge patch (sig-api-machinery "strategic-merge-patch" and its element-order amendment).
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "codec/json.h"
#include "codec/tree.h"
#include "schema/patch.h"

namespace charon::schema {

using codec::Value;

namespace {

constexpr std::string_view kPatch = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFromList = "$deleteFromPrimitiveList/";
constexpr std::string_view kElementOrder = "$setElementOrder/";

std::string_view name_of(const boost::json::key_value_pair& member) { return {member.key().data(), member.key().size()}; }

void erase(codec::Object& object, std::string_view name) {
  if (auto place = object.find(name); place != object.end()) object.stable_erase(place);
}

template <class Predicate>
void remove_if(codec::Array& list, Predicate predicate) {
  for (std::size_t i = list.size(); i-- > 0;)
    if (predicate(list[i])) list.erase(list.begin() + i);
}

// codec::find of an object; passing the object itself would copy it into a Value.
Value* member_of(codec::Object& object, std::string_view name) {
  auto place = object.find(name);
  return place == object.end() ? nullptr : &place->value();
}

std::unexpected<Error> bad(std::string message) { return fail(Reason::BadRequest, std::move(message)); }

// A part of a patch that has nothing to merge with: without nulls and directives.
Value plain(const Value& patch) {
  if (patch.is_object()) {
    codec::Object out;
    for (const auto& member : patch.get_object())
      if (!member.value().is_null() && !name_of(member).starts_with('$')) out[member.key()] = plain(member.value());
    return Value(std::move(out));
  }
  if (!patch.is_array()) return patch;
  codec::Array out;
  for (const Value& item : patch.get_array()) {
    std::string_view directive = codec::string_at(item, kPatch);
    if (directive == "delete" || (directive == "replace" && item.get_object().size() == 1)) continue;
    out.push_back(plain(item));
  }
  return Value(std::move(out));
}

// How a list is merged: by `key` of its objects, or by value when `key` is empty.
class ListMerger {
 public:
  ListMerger(const Type* element, std::string_view key) : element_(element), key_(key) {}

  Result<void> merge(codec::Array& original, const codec::Array& patch);
  // Puts the elements that `order` names into its order; the others keep their places relative to each other and, where
  // they can, to those.
  void reorder(codec::Array& merged, const codec::Array& order, const codec::Array& original) const;

 private:
  bool same(const Value& left, const Value& right) const {
    if (key_.empty() || !left.is_object() || !right.is_object()) return codec::equal(left, right);
    const Value* left_key = codec::find(left, key_);
    const Value* right_key = codec::find(right, key_);
    return left_key != nullptr && right_key != nullptr && codec::equal(*left_key, *right_key);
  }
  std::size_t index_in(const codec::Array& list, const Value& item) const {
    return static_cast<std::size_t>(std::ranges::find_if(list, [&](const Value& other) { return same(other, item); }) -
                                    list.begin());
  }
  Result<void> merge_item(codec::Array& original, const Value& item);

  const Type* element_;
  std::string_view key_;
};

Result<void> merge_object(const Type* type, Value& document, const Value& patch);

Result<void> ListMerger::merge_item(codec::Array& original, const Value& item) {
  std::size_t index = index_in(original, item);
  bool found = index < original.size();
  if (key_.empty() || !item.is_object()) {
    if (!found) original.push_back(item);
    return {};
  }
  if (codec::find(item, key_) == nullptr)
    return bad(fmt::format("map: {} does not contain declared merge key: {}", codec::write_json(item), key_));
  std::string_view directive = codec::string_at(item, kPatch);
  if (directive == "delete") {
    remove_if(original, [&](const Value& other) { return same(other, item); });
    return {};
  }
  if (!found) {
    original.push_back(plain(item));
    return {};
  }
  return merge_object(element_, original[index], item);
}

Result<void> ListMerger::merge(codec::Array& original, const codec::Array& patch) {
  bool replace = std::ranges::any_of(patch, [](const Value& item) { return codec::string_at(item, kPatch) == "replace"; });
  if (replace) {
    original = plain(Value(patch)).get_array();
    return {};
  }
  codec::Array before = original;
  codec::Array order;
  for (const Value& item : patch) {
    TRY(merge_item(original, item));
    if (codec::string_at(item, kPatch).empty()) order.push_back(item);
  }
  reorder(original, order, before);
  return {};
}

void ListMerger::reorder(codec::Array& merged, const codec::Array& order, const codec::Array& original) const {
  std::vector<Value*> named;
  std::vector<Value*> others;
  for (Value& item : merged) (index_in(order, item) < order.size() ? named : others).push_back(&item);
  std::vector<std::pair<std::size_t, std::size_t>> places;  // in the order, in the list
  for (std::size_t i = 0; i < named.size(); ++i) places.emplace_back(index_in(order, *named[i]), i);
  std::ranges::sort(places);
  codec::Array out;
  out.reserve(merged.size());
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < others.size() || j < named.size()) {
    bool take_other = j >= named.size();
    if (i < others.size() && j < named.size()) {
      std::size_t left = index_in(original, *others[i]);
      std::size_t right = index_in(original, *named[places[j].second]);
      take_other = left < original.size() && right < original.size() && left < right;
    }
    out.push_back(take_other ? std::move(*others[i++]) : std::move(*named[places[j++].second]));
  }
  merged = std::move(out);
}

const Field* field_of(const Type* type, std::string_view name) {
  if (type == nullptr) return nullptr;
  const JsonField* found = type->find(name);
  return found != nullptr ? found->field : type->additional;
}

bool merges_lists(const Field* field) {
  return field != nullptr && (field->patch == PatchStrategy::Merge || field->patch == PatchStrategy::MergeRetainKeys);
}

// Run-time types have no patch keys, but the keys of their map lists; Kubernetes refuses the patch type for them anyway.
ListMerger merger_of(const Field* field) {
  return ListMerger(field->scalar == Scalar::Message ? field->message : nullptr, field->patch_key);
}

Result<void> retain_keys(codec::Object& object, const codec::Object& patch) {
  auto directive = patch.find(kRetainKeys);
  if (directive == patch.end()) return {};
  if (!directive->value().is_array()) return bad("$retainKeys must be a list of names");
  const codec::Array& retained = directive->value().get_array();
  auto kept = [&](std::string_view name) { return std::ranges::find(retained, Value(name)) != retained.end(); };
  for (const auto& member : patch)
    if (!name_of(member).starts_with('$') && !member.value().is_null() && !kept(name_of(member)))
      return bad("$retainKeys must contain all fields that are present in the patch");
  std::vector<std::string> dropped;
  for (const auto& member : object)
    if (!kept(name_of(member))) dropped.emplace_back(name_of(member));
  for (const std::string& name : dropped) erase(object, name);
  return {};
}

Result<void> delete_from_list(codec::Object& object, std::string_view name, const Value& removed) {
  if (!removed.is_array()) return bad(fmt::format("{}{} must be a list", kDeleteFromList, name));
  Value* list = member_of(object, name);
  if (list == nullptr || !list->is_array()) return {};
  remove_if(list->get_array(), [&](const Value& item) {
    return std::ranges::any_of(removed.get_array(), [&](const Value& other) { return codec::equal(item, other); });
  });
  return {};
}

Result<void> merge_member(const Field* field, codec::Object& object, std::string_view name, const Value& patch) {
  if (patch.is_null()) {
    erase(object, name);
    return {};
  }
  Value* place = member_of(object, name);
  if (place == nullptr || place->kind() != patch.kind()) {
    object[name] = plain(patch);
    return {};
  }
  if (patch.is_array() && merges_lists(field)) return merger_of(field).merge(place->get_array(), patch.get_array());
  if (!patch.is_object() || (field != nullptr && field->patch == PatchStrategy::Replace)) {
    *place = plain(patch);
    return {};
  }
  // The values of a map are merged one by one; only messages have a table of their own.
  bool message = field != nullptr && field->scalar == Scalar::Message && field->shape == Shape::Single;
  return merge_object(message ? field->message : nullptr, *place, patch);
}

Result<void> set_element_order(const Field* field, codec::Object& object, std::string_view name, const Value& order,
                               const Value* original) {
  if (!order.is_array()) return bad(fmt::format("{}{} must be a list", kElementOrder, name));
  Value* list = member_of(object, name);
  if (list == nullptr || !list->is_array() || !merges_lists(field)) return {};
  static const codec::Array kNone;
  const codec::Array& before = original != nullptr && original->is_array() ? original->get_array() : kNone;
  merger_of(field).reorder(list->get_array(), order.get_array(), before);
  return {};
}

Result<void> merge_members(const Type* type, codec::Object& object, const codec::Object& patch) {
  TRY(retain_keys(object, patch));
  // Deletions come first, the order last: both are about the list that the patch merges in between.
  for (const auto& member : patch)
    if (name_of(member).starts_with(kDeleteFromList))
      TRY(delete_from_list(object, name_of(member).substr(kDeleteFromList.size()), member.value()));
  std::vector<std::pair<std::string_view, Value>> ordered;
  for (const auto& member : patch) {
    if (!name_of(member).starts_with(kElementOrder)) continue;
    std::string_view name = name_of(member).substr(kElementOrder.size());
    const Value* before = member_of(object, name);
    ordered.emplace_back(name, before == nullptr ? Value() : *before);
  }
  for (const auto& member : patch)
    if (!name_of(member).starts_with('$') || (type != nullptr && field_of(type, name_of(member)) != nullptr))
      TRY(merge_member(field_of(type, name_of(member)), object, name_of(member), member.value()));
  for (const auto& [name, before] : ordered)
    TRY(set_element_order(field_of(type, name), object, name, patch.at(std::string(kElementOrder) + std::string(name)),
                          &before));
  return {};
}

Result<void> merge_object(const Type* type, Value& document, const Value& patch) {
  std::string_view directive = codec::string_at(patch, kPatch);
  if (directive == "replace") {
    document = plain(patch);
    return {};
  }
  if (directive == "delete") {
    document.emplace_object();
    return {};
  }
  if (!directive.empty() && directive != "merge")
    return bad(fmt::format("invalid patch type: {} ({} is not replace, delete or merge)", kPatch, directive));
  if (!document.is_object()) document.emplace_object();
  return merge_members(type, document.get_object(), patch.get_object());
}

}  // namespace

Result<void> strategic_merge_patch(const Type& type, Value& document, const Value& patch) {
  if (!patch.is_object()) return bad("strategic merge patch: not an object");
  Value changed = document;
  TRY(merge_object(&type, changed, patch));
  document = std::move(changed);
  return {};
}

}  // namespace charon::schema
