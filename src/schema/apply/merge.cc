// merge, remove_items, extract.
#include <map>
#include <vector>

#include "codec/tree.h"
#include "schema/apply/operations.h"

namespace charon::schema::apply {

using codec::Value;

namespace {

void merge_into(const Node& declared, Value& target, const Value& config);

void merge_object(const Node& node, codec::Object& target, const codec::Object& config) {
  for (const auto& member : config) {
    Value* old = target.if_contains(member.key());
    if (old == nullptr) {
      target.emplace(member.key(), member.value());
      continue;
    }
    std::string_view name(member.key().data(), member.key().size());
    if (node.sort == Node::Sort::Map) {
      merge_into(node.element(), *old, member.value());
    } else if (std::optional<Member> known = member_of(*node.type, name)) {
      merge_into(known->node, *old, member.value());
    }
  }
}

// Joins two lists of named elements. The object's elements keep their order but for those that the configuration has in
// another; elements of the configuration alone come behind the one that they follow there.
class ListMerge {
 public:
  ListMerge(const Node& list, codec::Array& target, const codec::Array& config) : element_(list.element()) {
    for (Value& item : target) add(list, item, left_);
    for (const Value& item : config) add(list, item, right_);
    for (std::size_t i = 0; i < left_.size(); ++i) ++places_[left_[i].name].left_count;
    for (std::size_t i = 0; i < left_.size(); ++i) places_[left_[i].name].left = i;
    for (std::size_t i = 0; i < right_.size(); ++i) {
      places_[right_[i].name].in_right = true;
      if (in_left(right_[i].name)) shared_.push_back(i);
    }
  }

  codec::Array run() {
    codec::Array out;
    out.reserve(left_.size() + right_.size());
    std::size_t left = 0;
    std::size_t right = 0;
    while (left < left_.size() || right < right_.size()) {
      if (left < left_.size() && right < right_.size()) {
        const PathElement& name = left_[left].name;
        if (name == right_[right].name) {
          take(right++, out);
          ++left;
          next_shared();
          continue;
        }
        // Shared, but not the one whose turn it is.
        if (in_right(name) && next_ < shared_.size() && !(right_[shared_[next_]].name == name)) {
          ++left;
          continue;
        }
      }
      if (left < left_.size()) {
        const PathElement& name = left_[left].name;
        if (!in_right(name)) {
          out.push_back(std::move(*left_[left++].target));
          continue;
        }
        if (places_.at(name).merged) ++left;
      }
      if (right < right_.size()) {
        bool was_next = next_ < shared_.size() && right_[shared_[next_]].name == right_[right].name;
        take(right++, out);
        if (was_next) next_shared();
      }
    }
    return out;
  }

 private:
  struct Item {
    PathElement name;
    Value* target = nullptr;        // of the object's
    const Value* config = nullptr;  // of the configuration's
  };
  struct Place {
    std::size_t left = 0;
    std::size_t left_count = 0;
    bool in_right = false;
    bool merged = false;
  };

  static void add(const Node& list, Value& item, std::vector<Item>& items) {
    if (Result<PathElement> name = element_name(list, item)) items.push_back({*std::move(name), &item, nullptr});
  }
  static void add(const Node& list, const Value& item, std::vector<Item>& items) {
    if (Result<PathElement> name = element_name(list, item)) items.push_back({*std::move(name), nullptr, &item});
  }
  bool in_left(const PathElement& name) const { return places_.at(name).left_count > 0; }
  bool in_right(const PathElement& name) const { return places_.at(name).in_right; }
  void next_shared() {
    if (next_ < shared_.size()) ++next_;
  }

  // The configuration's element, merged with the object's of that name; several of one name are replaced by it.
  void take(std::size_t index, codec::Array& out) {
    Place& place = places_.at(right_[index].name);
    if (place.left_count == 1 && !place.merged) {
      Value merged = std::move(*left_[place.left].target);
      merge_into(element_, merged, *right_[index].config);
      out.push_back(std::move(merged));
    } else {
      out.push_back(*right_[index].config);
    }
    place.merged = true;
  }

  Node element_;
  std::vector<Item> left_;
  std::vector<Item> right_;
  std::map<PathElement, Place> places_;
  std::vector<std::size_t> shared_;  // indices into right_
  std::size_t next_ = 0;             // of shared_
};

void merge_into(const Node& declared, Value& target, const Value& config) {
  Node node = declared.resolved(&config);
  if (node.sort == Node::Sort::Leaf) {
    target = config;
    return;
  }
  // Empty and null differ, and are kept as the configuration has them, unless the object has something there.
  if (!has_members(node, &target, View::Raw)) {
    target = config;
    return;
  }
  if (!has_members(node, &config, View::Raw)) return;
  if (node.sort == Node::Sort::List) {
    target = ListMerge(node, target.get_array(), config.get_array()).run();
  } else {
    merge_object(node, target.get_object(), config.get_object());
  }
}

class Remover {
 public:
  enum class Keep : std::uint8_t { Others, Members };
  explicit Remover(Keep keep) : keep_(keep) {}

  // `value` without what `set` has, or with that alone.
  Value run(const Node& declared, Value value, const FieldSet& set) const {
    Node node = declared.resolved(&value);
    if (node.sort == Node::Sort::Leaf) {
      bool atomic_container = value.is_object() || value.is_array();
      return keep_ == Keep::Members || !atomic_container ? value : Value();
    }
    if (!has_members(node, &value, View::Raw)) return Value();
    if (node.sort == Node::Sort::List) return list(node, std::move(value.get_array()), set);
    return object(node, std::move(value.get_object()), set);
  }

 private:
  Value list(const Node& node, codec::Array items, const FieldSet& set) const {
    codec::Array out;
    Node element = node.element();
    for (Value& item : items) {
      Result<PathElement> name = element_name(node, item);
      const FieldEntry* entry = name ? set.find(*name) : nullptr;
      bool member = entry != nullptr && entry->member;
      bool below = entry != nullptr && !entry->children.empty();
      if (keep_ == Keep::Others ? member : !member && !below) continue;
      out.push_back(below ? run(element, std::move(item), entry->children) : std::move(item));
    }
    return out.empty() ? Value() : Value(std::move(out));
  }

  Value object(const Node& node, codec::Object members, const FieldSet& set) const {
    codec::Object out;
    for (auto& member : members) {
      std::string_view name(member.key().data(), member.key().size());
      const FieldEntry* entry = set.find(PathElement::field(name));
      bool self = entry != nullptr && entry->member;
      bool below = entry != nullptr && !entry->children.empty();
      if (keep_ == Keep::Others ? self : !self && !below) continue;
      Node child = node.sort == Node::Sort::Map ? node.element() : member_of(*node.type, name).value_or(Member{}).node;
      out.emplace(member.key(), below ? run(child, std::move(member.value()), entry->children) : std::move(member.value()));
    }
    return out.empty() ? Value() : Value(std::move(out));
  }

  Keep keep_;
};

}  // namespace

void merge(const Type& type, Value& object, const Value& config) { merge_into(Node::of(type), object, config); }

void remove_items(const Type& type, Value& object, const FieldSet& set) {
  if (!set.empty()) object = Remover(Remover::Keep::Others).run(Node::of(type), std::move(object), set);
}

Value extract(const Type& type, const Value& object, const FieldSet& set) {
  return Remover(Remover::Keep::Members).run(Node::of(type), object, set);
}

}  // namespace charon::schema::apply
