// The laws of patches on random objects: the patch that leads from one object to another makes it that other; once more it
// changes nothing; patches of what has nothing in common may come in any order. And the three-way patch of kubectl's apply,
// made as it makes it: what was applied is there, what is no longer applied is gone, what others added stays.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "api/networking/v1/types.h"
#include "codec/json.h"
#include "codec/random_tree_test.h"
#include "codec/tree.h"
#include "schema/patch.h"
#include "schema/random_objects_test.h"

namespace charon::schema {
namespace {

using codec::Array;
using codec::Object;
using codec::Value;

const Field* field_of(const Type* type, std::string_view name) {
  const JsonField* found = type != nullptr ? type->find(name) : nullptr;
  return found != nullptr ? found->field : nullptr;
}
const Type* type_in(const Field* field) {
  return field != nullptr && field->scalar == Scalar::Message ? field->message : nullptr;
}
const Type* object_in(const Field* field) {
  return field != nullptr && field->shape == Shape::Single ? type_in(field) : nullptr;
}
bool merges(const Field* field) {
  return field != nullptr && (field->patch == PatchStrategy::Merge || field->patch == PatchStrategy::MergeRetainKeys);
}
bool retains(const Field* field) {
  return field != nullptr && (field->patch == PatchStrategy::RetainKeys || field->patch == PatchStrategy::MergeRetainKeys);
}
bool replaces(const Field* field) { return field != nullptr && field->patch == PatchStrategy::Replace; }

std::string name_of(const Field& list, const Value& item) {
  return codec::write_json(item.is_object() ? item.get_object().at(list.patch_key) : item);
}
const Value* named(const Field& list, const Array& items, const std::string& name) {
  auto place = std::ranges::find_if(items, [&](const Value& item) { return name_of(list, item) == name; });
  return place == items.end() ? nullptr : &*place;
}
Value key_of(const Field& list, const Value& item) {
  if (!item.is_object()) return item;
  Object key;
  key[list.patch_key] = item.get_object().at(list.patch_key);
  return key;
}
const Array& array_or_none(const Value* value) {
  static const Array none;
  return value != nullptr && value->is_array() ? value->get_array() : none;
}
const Object& object_or_none(const Value* value) {
  static const Object none;
  return value != nullptr && value->is_object() ? value->get_object() : none;
}

// What was applied before, what is applied now, and what there is.
struct Sides {
  const Value* original;
  const Value& modified;
  const Value& current;
};

enum class Keys : std::uint8_t { Merged, Retained };

Object patch_of(const Type* type, const Sides& sides, Keys keys);

void add_list(const Field& list, std::string_view name, const Sides& sides, Object& patch) {
  const Array& before = array_or_none(sides.original);
  const Array& now = sides.current.get_array();
  Array items, order, deleted;
  for (const Value& item : before) {
    if (named(list, sides.modified.get_array(), name_of(list, item)) != nullptr) continue;
    if (!item.is_object()) {
      deleted.push_back(item);
      continue;
    }
    Value gone = key_of(list, item);
    gone.get_object()["$patch"] = "delete";
    items.push_back(std::move(gone));
  }
  for (const Value& item : sides.modified.get_array()) {
    order.push_back(key_of(list, item));
    const std::string known = name_of(list, item);
    const Value* there = named(list, now, known);
    if (there == nullptr) {
      items.push_back(item);
    } else if (item.is_object() && !codec::equal(item, *there)) {
      Object change =
          patch_of(list.message, {named(list, before, known), item, *there}, retains(&list) ? Keys::Retained : Keys::Merged);
      change[list.patch_key] = item.get_object().at(list.patch_key);
      items.push_back(std::move(change));
    }
  }
  if (!items.empty()) patch[name] = std::move(items);
  if (!deleted.empty()) patch["$deleteFromPrimitiveList/" + std::string(name)] = std::move(deleted);
  patch["$setElementOrder/" + std::string(name)] = std::move(order);
}

Object patch_of(const Type* type, const Sides& sides, Keys keys) {
  const Object& before = object_or_none(sides.original);
  const Object& now = sides.current.get_object();
  Object patch;
  if (keys == Keys::Retained) {
    Array names;
    for (const auto& member : sides.modified.get_object()) names.emplace_back(member.key());
    patch["$retainKeys"] = std::move(names);
  } else {
    for (const auto& [name, value] : before)
      if (!sides.modified.get_object().contains(name)) patch[name] = nullptr;
  }
  for (const auto& [name, value] : sides.modified.get_object()) {
    const Value* there = now.if_contains(name);
    const Field* field = field_of(type, {name.data(), name.size()});
    if (there == nullptr || there->kind() != value.kind()) {
      patch[name] = value;
      continue;
    }
    if (codec::equal(value, *there)) {
      // Only what others added to it would tell apart; the order that is applied is said all the same.
      continue;
    }
    const Sides inside{before.if_contains(name), value, *there};
    if (value.is_array() && merges(field)) {
      add_list(*field, {name.data(), name.size()}, inside, patch);
    } else if (value.is_object() && !replaces(field)) {
      patch[name] = patch_of(object_in(field), inside, retains(field) ? Keys::Retained : Keys::Merged);
    } else {
      patch[name] = value;
    }
  }
  return patch;
}

// What a three-way patch is to make. Elements that only `current` has come last.
Value wanted(const Type* type, const Field* field, const Sides& sides);

Array wanted_list(const Field& list, const Sides& sides) {
  Array out;
  for (const Value& item : sides.modified.get_array()) {
    const std::string known = name_of(list, item);
    const Value* there = named(list, sides.current.get_array(), known);
    if (there == nullptr || !item.is_object())
      out.push_back(item);
    else
      out.push_back(wanted(list.message, retains(&list) ? &list : nullptr,
                           {named(list, array_or_none(sides.original), known), item, *there}));
  }
  for (const Value& item : sides.current.get_array()) {
    const std::string known = name_of(list, item);
    if (named(list, sides.modified.get_array(), known) == nullptr &&
        named(list, array_or_none(sides.original), known) == nullptr)
      out.push_back(item);
  }
  return out;
}

Value wanted(const Type* type, const Field* field, const Sides& sides) {
  if (sides.current.kind() != sides.modified.kind() || codec::equal(sides.current, sides.modified)) return sides.modified;
  if (sides.modified.is_array()) return merges(field) ? Value(wanted_list(*field, sides)) : sides.modified;
  if (!sides.modified.is_object() || replaces(field)) return sides.modified;
  const Object& before = object_or_none(sides.original);
  const Object& now = sides.current.get_object();
  Object out;
  for (const auto& [name, value] : sides.modified.get_object()) {
    const Field* below = field_of(type, {name.data(), name.size()});
    const Value* there = now.if_contains(name);
    out[name] = there == nullptr ? value : wanted(object_in(below), below, {before.if_contains(name), value, *there});
  }
  if (retains(field)) return out;
  for (const auto& [name, value] : now)
    if (!out.contains(name) && !before.contains(name)) out[name] = value;
  return out;
}

// Lists that merge in the order of their names.
Value in_order(const Type* type, const Field* field, const Value& value) {
  if (value.is_array() && merges(field)) {
    std::map<std::string, Value> items;
    for (const Value& item : value.get_array()) items[name_of(*field, item)] = in_order(field->message, nullptr, item);
    Array out;
    for (auto& [name, item] : items) out.push_back(std::move(item));
    return out;
  }
  if (!value.is_object()) return value;
  Object out;
  for (const auto& [name, member] : value.get_object()) {
    const Field* below = field_of(type, {name.data(), name.size()});
    out[name] = in_order(object_in(below), below, member);
  }
  return out;
}

class PatchLaws : public testing::TestWithParam<unsigned> {
 protected:
  PatchLaws() : random_(GetParam()) {
    static const Type* const kTypes[] = {&apps::v1::Deployment::table(), &core::v1::Pod::table(), &core::v1::Service::table(),
                                         &core::v1::Node::table(), &core::v1::ServiceAccount::table()};
    type_ = kTypes[GetParam() % std::size(kTypes)];
  }
  Value object() { return random_.object(*type_); }
  Value patched(Value document, const Value& patch) {
    Result<void> done = strategic_merge_patch(*type_, document, patch);
    EXPECT_TRUE(done) << done.error().message << codec::write_json(patch);
    return document;
  }
  std::string text(const Value& value) { return codec::write_json(value); }

  RandomObjects random_;
  const Type* type_ = nullptr;
};

constexpr int kRounds = 150;

TEST_P(PatchLaws, ThePatchBetweenTwoObjectsLeadsFromOneToTheOther) {
  int orders = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Value from = object();
    const Value to = object();
    const Value patch = patch_of(type_, {&from, to, from}, Keys::Merged);
    const Value made = patched(from, patch);
    ASSERT_TRUE(codec::equal(made, to)) << text(from) << "\n" << text(patch) << "\n" << text(made) << "\n" << text(to);
    ASSERT_TRUE(codec::equal(patched(made, patch), to)) << text(to) << "\n" << text(patch);
    orders += text(patch).find("$setElementOrder") != std::string::npos ? 1 : 0;
  }
  EXPECT_GT(orders, 5);
}

TEST_P(PatchLaws, AThreeWayPatchKeepsWhatOthersAdded) {
  for (int round = 0; round < kRounds; ++round) {
    const Value original = object();
    const Value modified = object();
    const Value current = patched(original, object());
    const Value patch = patch_of(type_, {&original, modified, current}, Keys::Merged);
    const Value made = patched(current, patch);
    const Value expected = wanted(type_, nullptr, {&original, modified, current});
    ASSERT_TRUE(codec::equal(in_order(type_, nullptr, made), in_order(type_, nullptr, expected))) << text(original) << "\n"
                                                                                                  << text(modified) << "\n"
                                                                                                  << text(current) << "\n"
                                                                                                  << text(patch) << "\n"
                                                                                                  << text(made) << "\n"
                                                                                                  << text(expected);
    ASSERT_TRUE(codec::equal(patched(made, patch), made)) << text(made) << "\n" << text(patch);
  }
}

TEST_P(PatchLaws, WhatHasNothingInCommonMayComeInAnyOrder) {
  for (int round = 0; round < kRounds; ++round) {
    const Value base = object();
    Value one = object();
    Value other = object();
    // Of one member at most one of them speaks.
    std::vector<std::string> names;
    for (const char* part : {"metadata", "spec"}) {
      Value* left = codec::find(one, part);
      Value* right = codec::find(other, part);
      if (left == nullptr || right == nullptr) continue;
      names.clear();
      for (const auto& member : left->get_object()) names.emplace_back(member.key());
      for (const std::string& name : names) (random_.pick(2) == 0 ? left : right)->get_object().erase(name);
      for (const std::string& name : names)
        if (left->get_object().contains(name)) right->get_object().erase(name);
    }
    for (const auto& member : Object(one.get_object()))
      if (member.key() != "metadata" && member.key() != "spec") other.get_object().erase(member.key());
    ASSERT_TRUE(codec::equal(patched(patched(base, one), other), patched(patched(base, other), one))) << text(base) << "\n"
                                                                                                      << text(one) << "\n"
                                                                                                      << text(other);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PatchLaws, testing::Range(1u, 21u));

// RFC 7386 has no null in an object, and no patch into a list.
Value without_nulls(const Value& value) {
  if (!value.is_object()) return value;
  Object out;
  for (const auto& [name, member] : value.get_object())
    if (!member.is_null()) out[name] = without_nulls(member);
  return out;
}
Value merge_patch_of(const Value& from, const Value& to) {
  if (!from.is_object() || !to.is_object()) return to;
  Object patch;
  for (const auto& [name, member] : from.get_object())
    if (!to.get_object().contains(name)) patch[name] = nullptr;
  for (const auto& [name, member] : to.get_object()) {
    const Value* there = from.get_object().if_contains(name);
    if (there == nullptr)
      patch[name] = member;
    else if (!codec::equal(*there, member))
      patch[name] = merge_patch_of(*there, member);
  }
  return patch;
}

class MergePatchLaws : public testing::TestWithParam<unsigned> {};

TEST_P(MergePatchLaws, ThePatchBetweenTwoDocumentsLeadsFromOneToTheOther) {
  codec::RandomTrees trees(GetParam());
  for (int round = 0; round < kRounds; ++round) {
    const Value from = without_nulls(trees.next());
    Value to = without_nulls(trees.next());
    if (round % 3 != 0 && from.is_object() && to.is_object())  // so that they have much in common
      for (const auto& [name, member] : from.get_object()) to.get_object()[name] = round % 3 == 1 ? member : Value(1);
    const Value patch = merge_patch_of(from, to);
    Value made = from;
    merge_patch(made, patch);
    ASSERT_TRUE(codec::equal(made, to)) << codec::write_json(from) << "\n" << codec::write_json(patch);
    // Any patch is idempotent.
    const Value any = trees.next();
    merge_patch(made, any);
    Value again = made;
    merge_patch(again, any);
    ASSERT_TRUE(codec::equal(again, made)) << codec::write_json(any);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, MergePatchLaws, testing::Range(1u, 9u));

}  // namespace
}  // namespace charon::schema
