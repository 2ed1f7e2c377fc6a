// compare.
#include <algorithm>
#include <vector>

#include "codec/tree.h"
#include "schema/apply/operations.h"

namespace charon::schema::apply {

using codec::Value;

namespace {

struct NamedElement {
  PathElement name;
  const Value* value;
};

std::vector<NamedElement> named_elements(const Node& list, const Value* value) {
  std::vector<NamedElement> elements;
  if (value == nullptr || !value->is_array()) return elements;
  elements.reserve(value->get_array().size());
  for (const Value& item : value->get_array())
    if (Result<PathElement> name = element_name(list, item)) elements.push_back({*std::move(name), &item});
  std::ranges::sort(elements, [](const NamedElement& one, const NamedElement& other) {
    int order = one.name.compare(other.name);
    return order != 0 ? order < 0 : one.value < other.value;  // namesakes in the list's order
  });
  return elements;
}

class Comparer {
 public:
  explicit Comparer(View view) : view_(view) {}

  // What is found at one place: below it, and of itself.
  struct Level {
    Comparison below;
    bool added = false;
    bool modified = false;
    bool removed = false;
  };

  // At most one of left and right is null.
  Level visit(const Node& node, const Value* left, const Value* right) {
    Level level;
    if (left == right) return level;
    Node one = node.resolved(left != nullptr && !left->is_null() ? left : right);
    Node other = node.resolved(right != nullptr && !right->is_null() ? right : left);
    bool leaf = false;
    if (left != nullptr && right != nullptr && one.sort != other.sort) leaf = at(one, left, right, level);
    leaf = at(right == nullptr ? one : other, left, right, level);
    if (!leaf && left == nullptr) level.added = true;
    if (!leaf && right == nullptr) level.removed = true;
    return level;
  }

 private:
  static void put(Comparison& out, PathElement element, Level level) {
    bool last = level.below.modified.empty() && !level.modified && level.below.removed.empty() && !level.removed;
    if (last) return out.added.append(std::move(element), level.added, std::move(level.below.added));
    out.added.append(element, level.added, std::move(level.below.added));
    out.modified.append(element, level.modified, std::move(level.below.modified));
    out.removed.append(std::move(element), level.removed, std::move(level.below.removed));
  }

  // True when the place is a leaf.
  bool at(const Node& node, const Value* left, const Value* right, Level& level) {
    if (node.sort == Node::Sort::Leaf || (!has_members(node, left, view_) && !has_members(node, right, view_))) {
      level.added = level.added || left == nullptr;
      level.removed = level.removed || right == nullptr;
      level.modified = level.modified || (left != nullptr && right != nullptr && !same_leaf(node, *left, *right, view_));
      return true;
    }
    if (node.sort == Node::Sort::Struct) {
      structs(*node.type, left, right, level.below);
    } else if (node.sort == Node::Sort::Map) {
      maps(node.element(), left, right, level.below);
    } else {
      lists(node, left, right, level.below);
    }
    return false;
  }

  void structs(const Type& type, const Value* left, const Value* right, Comparison& out) {
    static const codec::Object nothing;
    const codec::Object* one = left != nullptr ? left->if_object() : nullptr;
    const codec::Object* other = right != nullptr ? right->if_object() : nullptr;
    if (!has_members(Node::of(type), left, view_)) one = nullptr;
    if (!has_members(Node::of(type), right, view_)) other = nullptr;
    std::size_t seen = 0;
    for (std::uint16_t index : type.by_name) {
      const JsonField& entry = type.json_fields[index];
      const Value* before = one != nullptr ? member_value(type, *entry.field, *one, view_) : nullptr;
      const Value* after = other != nullptr ? member_value(type, *entry.field, *other, view_) : nullptr;
      if (before == nullptr && after == nullptr) continue;
      ++seen;
      put(out, PathElement::field(entry.name), visit(Node::of(*entry.field), before, after));
    }
    if (type.additional == nullptr && !type.preserve_unknown && !type.is_object) return;
    Comparison more;
    undeclared(type, one != nullptr ? *one : nothing, other != nullptr ? *other : nothing, more);
    if (more.empty()) return;
    if (seen == 0) {
      out = std::move(more);
      return;
    }
    out = {out.added.united(more.added), out.modified.united(more.modified), out.removed.united(more.removed)};
  }

  // Members that the table does not name: additional and preserved ones, apiVersion and kind.
  void undeclared(const Type& type, const codec::Object& left, const codec::Object& right, Comparison& out) {
    auto one_side = [&](const codec::Object& object, const codec::Object& counterpart, bool leading) {
      for (const auto& member : object) {
        std::string_view name(member.key().data(), member.key().size());
        if (type.find(name) != nullptr) continue;
        const Value* partner = counterpart.if_contains(member.key());
        if (!leading && partner != nullptr) continue;  // seen already
        std::optional<Member> known = member_of(type, name);
        if (!known) continue;
        put(out, PathElement::field(name),
            leading ? visit(known->node, &member.value(), partner) : visit(known->node, nullptr, &member.value()));
      }
    };
    one_side(left, right, true);
    one_side(right, left, false);
    out.added.sort();
    out.modified.sort();
    out.removed.sort();
  }

  void maps(const Node& element, const Value* left, const Value* right, Comparison& out) {
    static const codec::Object nothing;
    const codec::Object* one = left != nullptr ? left->if_object() : nullptr;
    const codec::Object* other = right != nullptr ? right->if_object() : nullptr;
    if (one == nullptr) one = &nothing;
    if (other == nullptr) other = &nothing;
    for (const auto& member : *one)
      put(out, PathElement::field({member.key().data(), member.key().size()}),
          visit(element, &member.value(), other->if_contains(member.key())));
    for (const auto& member : *other)
      if (!one->contains(member.key()))
        put(out, PathElement::field({member.key().data(), member.key().size()}), visit(element, nullptr, &member.value()));
    out.added.sort();
    out.modified.sort();
    out.removed.sort();
  }

  void lists(const Node& list, const Value* left, const Value* right, Comparison& out) {
    std::vector<NamedElement> one = named_elements(list, left);
    std::vector<NamedElement> other = named_elements(list, right);
    Node element = list.element();
    auto before = one.begin();
    auto after = other.begin();
    while (before != one.end() || after != other.end()) {
      int order = before == one.end() ? 1 : after == other.end() ? -1 : before->name.compare(after->name);
      const PathElement& name = order <= 0 ? before->name : after->name;
      auto before_end = std::find_if(before, one.end(), [&](const NamedElement& item) { return !(item.name == name); });
      auto after_end = std::find_if(after, other.end(), [&](const NamedElement& item) { return !(item.name == name); });
      namesakes(element, {before, before_end}, {after, after_end}, out);
      before = before_end;
      after = after_end;
    }
  }

  // The elements of one name on both sides. Several of one name on a side are one leaf there.
  void namesakes(const Node& element, std::span<const NamedElement> left, std::span<const NamedElement> right,
                 Comparison& out) {
    const PathElement& name = left.empty() ? right.front().name : left.front().name;
    if (left.size() <= 1 && right.size() <= 1) {
      put(out, name, visit(element, left.empty() ? nullptr : left[0].value, right.empty() ? nullptr : right[0].value));
      return;
    }
    Level level;
    if (left.size() >= 2 && right.size() >= 2) {
      level.modified = !std::ranges::equal(left, right, [&](const NamedElement& one, const NamedElement& other) {
        return visit(element, one.value, other.value).below.empty() && codec::equal(*one.value, *other.value);
      });
    } else if (left.size() >= 2) {
      if (!right.empty()) level = visit(element, nullptr, right[0].value);
      level.removed = true;
    } else {
      if (!left.empty()) level = visit(element, left[0].value, nullptr);
      level.added = true;
    }
    put(out, name, std::move(level));
  }

  View view_;
};

}  // namespace

Comparison compare(const Type& type, const Value& left, const Value& right, View view) {
  return Comparer(view).visit(Node::of(type), &left, &right).below;
}

}  // namespace charon::schema::apply
