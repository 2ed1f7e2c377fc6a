// field_set_of, with_named_fields, fitted.
#include <algorithm>
#include <vector>

#include "codec/tree.h"
#include "schema/apply/operations.h"

namespace charon::schema::apply {

using codec::Value;

namespace {

// True when the place itself is a member; what is below it goes into `below`.
bool collect(const Node& declared, const Value& value, FieldSet& below);

void collect_object(const Node& node, const codec::Object& object, FieldSet& below) {
  bool sorted = true;
  for (const auto& entry : object) {
    std::string_view name(entry.key().data(), entry.key().size());
    std::optional<Member> member =
        node.sort == Node::Sort::Struct ? member_of(*node.type, name) : std::optional(Member{node.element(), false});
    if (!member) continue;
    FieldSet children;
    bool self = collect(member->node, entry.value(), children);
    const Value& value = entry.value();
    self = self || !member->declared || value.is_null() || (value.is_object() && value.get_object().empty());
    PathElement element = PathElement::field(name);
    sorted = sorted && (below.empty() || below.entries().back().element < element);
    below.append(std::move(element), self, std::move(children));
  }
  if (!sorted) below.sort();
}

void collect_list(const Node& node, const codec::Array& list, FieldSet& below) {
  struct Item {
    PathElement name;
    const Value* value;
  };
  std::vector<Item> items;
  items.reserve(list.size());
  for (const Value& value : list)
    if (Result<PathElement> name = element_name(node, value)) items.push_back({*std::move(name), &value});
  std::ranges::sort(items, {}, &Item::name);
  Node element = node.element();
  for (std::size_t i = 0; i < items.size();) {
    std::size_t end = i + 1;
    while (end < items.size() && items[end].name == items[i].name) ++end;
    FieldSet children;
    if (end == i + 1) collect(element, *items[i].value, children);  // several of one name are one leaf
    below.append(std::move(items[i].name), true, std::move(children));
    i = end;
  }
}

bool collect(const Node& declared, const Value& value, FieldSet& below) {
  Node node = declared.resolved(&value);
  if (node.sort == Node::Sort::Leaf) return true;
  if (node.sort == Node::Sort::List) {
    if (value.is_array()) collect_list(node, value.get_array(), below);
    return false;
  }
  if (value.is_object()) collect_object(node, value.get_object(), below);
  return false;
}

Node child_node(const Node& node, const PathElement& element) {
  if (node.sort == Node::Sort::Struct && element.field_name() != nullptr) {
    std::optional<Member> member = member_of(*node.type, *element.field_name());
    return member ? member->node : Node{};
  }
  if (node.sort == Node::Sort::Map || node.sort == Node::Sort::List || node.sort == Node::Sort::Deduced) return node.element();
  return Node{};
}

bool declares(const Node& node, const PathElement& element) {
  return node.sort == Node::Sort::Struct && element.field_name() != nullptr &&
         (node.type->find(*element.field_name()) != nullptr ||
          (node.type->is_object && (*element.field_name() == "apiVersion" || *element.field_name() == "kind")));
}

FieldSet named(const Node& node, const FieldSet& set) {
  FieldSet out;
  for (const FieldEntry& entry : set.entries()) {
    bool member = entry.member || (!entry.children.empty() && declares(node, entry.element));
    out.append(entry.element, member,
               entry.children.empty() ? FieldSet() : named(child_node(node, entry.element), entry.children));
  }
  return out;
}

const Value* child_value(const Node& node, const Value* value, const PathElement& element) {
  if (value == nullptr) return nullptr;
  if (element.field_name() != nullptr) return codec::find(*value, *element.field_name());
  if (node.sort != Node::Sort::List || !value->is_array()) return nullptr;
  for (const Value& item : value->get_array())
    if (Result<PathElement> name = element_name(node, item); name && *name == element) return &item;
  return nullptr;
}

FieldSet fit(const Node& node, const Value* value, const FieldSet& set) {
  FieldSet out;
  for (const FieldEntry& entry : set.entries()) {
    const Value* child = child_value(node, value, entry.element);
    Node below = child_node(node, entry.element).resolved(child);
    if (below.sort == Node::Sort::Leaf) {
      out.append(entry.element, true, FieldSet());
      continue;
    }
    FieldSet children = fit(below, child, entry.children);
    // An atomic field that has become granular: its owner owns all that is in it.
    bool was_leaf = entry.member && entry.children.empty() && declares(node, entry.element);
    if (was_leaf && has_members(below, child, View::Raw)) collect(below, *child, children);
    out.append(entry.element, entry.member, std::move(children));
  }
  return out;
}

}  // namespace

FieldSet field_set_of(const Type& type, const Value& tree) {
  FieldSet set;
  collect(Node::of(type), tree, set);
  return set;
}

FieldSet with_named_fields(const Type& type, const FieldSet& set) { return named(Node::of(type), set); }

FieldSet fitted(const Type& type, const Value& tree, const FieldSet& set) { return fit(Node::of(type), &tree, set); }

}  // namespace charon::schema::apply
