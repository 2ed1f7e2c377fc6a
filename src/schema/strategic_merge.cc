// Kubernetes' strategic merge patch (sig-api-machinery "strategic-merge-patch" and its element-order amendment).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "codec/json.h"
#include "codec/tree.h"
#include "schema/erase_members.h"
#include "schema/patch.h"

namespace charon::schema {

using codec::Value;

namespace {

constexpr std::string_view kPatch = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFromList = "$deleteFromPrimitiveList/";
constexpr std::string_view kElementOrder = "$setElementOrder/";

std::string_view name_of(const boost::json::key_value_pair& member) { return {member.key().data(), member.key().size()}; }

// The elements that stay, in their order.
template <class Predicate>
void keep_if(codec::Array& list, Predicate kept) {
  codec::Array out;
  out.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i)
    if (kept(i)) out.push_back(std::move(list[i]));
  list = std::move(out);
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

// One text for all numbers that codec::equal holds to be the same.
void append_number(const Value& number, std::string& out) {
  if (number.is_double()) {
    const double real = number.get_double();
    const bool whole = real >= -0x1p63 && real < 0x1p64 && real == std::trunc(real);
    if (!whole)
      out += fmt::format("{}", real);
    else if (real < 0x1p63)
      out += std::to_string(static_cast<std::int64_t>(real));
    else
      out += std::to_string(static_cast<std::uint64_t>(real));
    return;
  }
  out += number.is_int64() ? std::to_string(number.get_int64()) : std::to_string(number.get_uint64());
}

// The same text for what codec::equal holds to be the same, and only for that.
void append_identity(const Value& value, std::string& out) {
  if (value.is_number()) return append_number(value, out);
  if (value.is_array()) {
    out += '[';
    for (const Value& item : value.get_array()) {
      append_identity(item, out);
      out += ',';
    }
    out += ']';
  } else if (value.is_object()) {
    std::map<std::string_view, const Value*> sorted;
    for (const auto& member : value.get_object()) sorted.emplace(name_of(member), &member.value());
    out += '{';
    for (const auto& [name, member] : sorted) {
      codec::append_json_string(name, out);
      out += ':';
      append_identity(*member, out);
      out += ',';
    }
    out += '}';
  } else {
    codec::append_json(value, out);
  }
}

// What an element of a list is known by: the value of `key` among objects where there is a key, else the whole of it.
// Nothing for an object without the key, which is like no other.
std::optional<std::string> identity_of(const Value& item, std::string_view key) {
  std::string identity;
  if (key.empty() || !item.is_object()) {
    append_identity(item, identity);
    return identity;
  }
  const Value* value = codec::find(item, key);
  if (value == nullptr) return std::nullopt;
  identity = "key ";
  append_identity(*value, identity);
  return identity;
}

// Where the elements of a list stand, by identity.
class Places {
 public:
  Places(const codec::Array& list, std::string_view key) : key_(key) {
    for (std::size_t i = 0; i < list.size(); ++i) add(list[i], i);
  }

  void add(const Value& item, std::size_t place) {
    if (auto identity = identity_of(item, key_)) places_.emplace(std::move(*identity), place);
  }
  // The first of the same identity.
  std::optional<std::size_t> find(const Value& item) const {
    auto identity = identity_of(item, key_);
    if (!identity) return std::nullopt;
    auto first = places_.lower_bound({*identity, 0});
    if (first == places_.end() || first->first != *identity) return std::nullopt;
    return first->second;
  }
  void erase(const Value& item, std::size_t place) {
    if (auto identity = identity_of(item, key_)) places_.erase({std::move(*identity), place});
  }

 private:
  std::string_view key_;
  std::set<std::pair<std::string, std::size_t>> places_;
};

// How a list is merged: by `key` of its objects, or by value when `key` is empty.
class ListMerger {
 public:
  ListMerger(const Type* element, std::string_view key) : element_(element), key_(key) {}

  Result<void> merge(codec::Array& original, const codec::Array& patch);
  // Puts the elements that `order` names into its order; the others keep their places relative to each other and, where
  // they can, to those.
  void reorder(codec::Array& merged, const codec::Array& order, const codec::Array& original) const;

 private:
  // A list while it is merged: what is deleted keeps its place until the end.
  struct Merging {
    codec::Array& list;
    Places places;
    std::vector<bool> deleted;
  };
  Result<void> merge_item(Merging& merging, const Value& item);

  const Type* element_;
  std::string_view key_;
};

Result<void> merge_object(const Type* type, Value& document, const Value& patch);

Result<void> ListMerger::merge_item(Merging& merging, const Value& item) {
  auto append = [&merging](Value added) {
    merging.places.add(added, merging.list.size());
    merging.list.push_back(std::move(added));
    merging.deleted.push_back(false);
  };
  std::optional<std::size_t> found = merging.places.find(item);
  if (key_.empty() || !item.is_object()) {
    if (!found) append(item);
    return {};
  }
  if (codec::find(item, key_) == nullptr)
    return bad(fmt::format("map: {} does not contain declared merge key: {}", codec::write_json(item), key_));
  std::string_view directive = codec::string_at(item, kPatch);
  if (directive == "delete") {
    for (; found; found = merging.places.find(item)) {
      merging.deleted[*found] = true;
      merging.places.erase(item, *found);
    }
    return {};
  }
  if (!found) {
    append(plain(item));
    return {};
  }
  // The key itself may go when the patch's is null.
  Value& merged = merging.list[*found];
  merging.places.erase(merged, *found);
  Result<void> done = merge_object(element_, merged, item);
  merging.places.add(merged, *found);
  return done;
}

Result<void> ListMerger::merge(codec::Array& original, const codec::Array& patch) {
  bool replace = std::ranges::any_of(patch, [](const Value& item) { return codec::string_at(item, kPatch) == "replace"; });
  if (replace) {
    original = plain(Value(patch)).get_array();
    return {};
  }
  codec::Array before = original;
  codec::Array order;
  Merging merging{original, Places(original, key_), std::vector<bool>(original.size())};
  for (const Value& item : patch) {
    TRY(merge_item(merging, item));
    if (codec::string_at(item, kPatch).empty()) order.push_back(item);
  }
  keep_if(original, [&merging](std::size_t i) { return !merging.deleted[i]; });
  reorder(original, order, before);
  return {};
}

void ListMerger::reorder(codec::Array& merged, const codec::Array& order, const codec::Array& original) const {
  struct Element {
    std::size_t ordered;  // in the order
    std::size_t place;    // in the list
    std::optional<std::size_t> before;
  };
  const Places order_places(order, key_);
  const Places original_places(original, key_);
  std::vector<Element> named;
  std::vector<Element> others;
  for (std::size_t i = 0; i < merged.size(); ++i) {
    std::optional<std::size_t> ordered = order_places.find(merged[i]);
    (ordered ? named : others).push_back({ordered.value_or(0), i, original_places.find(merged[i])});
  }
  std::ranges::sort(named, {}, [](const Element& each) { return std::pair(each.ordered, each.place); });
  codec::Array out;
  out.reserve(merged.size());
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < others.size() || j < named.size()) {
    bool take_other = j >= named.size();
    if (i < others.size() && j < named.size()) {
      const std::optional<std::size_t>& left = others[i].before;
      const std::optional<std::size_t>& right = named[j].before;
      take_other = left && right && *left < *right;
    }
    out.push_back(std::move(merged[take_other ? others[i++].place : named[j++].place]));
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
  std::set<std::string_view> kept;
  for (const Value& name : retained)
    if (name.is_string()) kept.insert(codec::view(name.get_string()));
  for (const auto& member : patch)
    if (!name_of(member).starts_with('$') && !member.value().is_null() && !kept.contains(name_of(member)))
      return bad("$retainKeys must contain all fields that are present in the patch");
  std::vector<std::string> dropped;
  for (const auto& member : object)
    if (!kept.contains(name_of(member))) dropped.emplace_back(name_of(member));
  erase_members(object, {dropped.begin(), dropped.end()});
  return {};
}

Result<void> delete_from_list(codec::Object& object, std::string_view name, const Value& removed) {
  if (!removed.is_array()) return bad(fmt::format("{}{} must be a list", kDeleteFromList, name));
  Value* list = member_of(object, name);
  if (list == nullptr || !list->is_array()) return {};
  const Places places(removed.get_array(), "");
  codec::Array& items = list->get_array();
  keep_if(items, [&](std::size_t i) { return !places.find(items[i]); });
  return {};
}

Result<void> merge_member(const Field* field, codec::Object& object, std::string_view name, const Value& patch) {
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
  std::set<std::string_view> removed;
  for (const auto& member : patch) {
    const Field* field = field_of(type, name_of(member));
    if (name_of(member).starts_with('$') && field == nullptr) continue;
    if (member.value().is_null())
      removed.insert(name_of(member));
    else
      TRY(merge_member(field, object, name_of(member), member.value()));
  }
  erase_members(object, removed);
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
