#include "schema/apply/field_set.h"

#include <algorithm>

#include "base/limits.h"
#include "codec/tree.h"

namespace charon::schema::apply {

using codec::Value;

namespace {

// Walks two levels side by side: `visit(left, right)`, one of them null where an element is on one side only.
template <class Visit>
void zip(std::span<const FieldEntry> left, std::span<const FieldEntry> right, Visit visit) {
  auto one = left.begin();
  auto other = right.begin();
  while (one != left.end() || other != right.end()) {
    int order = one == left.end() ? 1 : other == right.end() ? -1 : one->element.compare(other->element);
    visit(order <= 0 ? &*one : nullptr, order >= 0 ? &*other : nullptr);
    if (order <= 0) ++one;
    if (order >= 0) ++other;
  }
}

void each_below(const FieldSet& set, Path& path, const std::function<void(const Path&)>& visit) {
  for (const FieldEntry& entry : set.entries()) {
    path.push_back(entry.element);
    if (entry.member) visit(path);
    each_below(entry.children, path, visit);
    path.pop_back();
  }
}

Result<FieldSet> parse_level(const Value& fields, int depth, bool* self) {
  if (depth > limits::kDocumentDepth) return fail(Reason::BadRequest, "fieldsV1 nests too deeply");
  if (!fields.is_object()) return fail(Reason::BadRequest, "fieldsV1 must be an object of objects");
  FieldSet set;
  bool sorted = true;
  for (const auto& member : fields.get_object()) {
    std::string_view key(member.key().data(), member.key().size());
    if (key == ".") {
      if (self != nullptr) *self = true;
      continue;
    }
    TRY_ASSIGN(PathElement element, PathElement::parse(key));
    bool is_member = false;
    TRY_ASSIGN(FieldSet children, parse_level(member.value(), depth + 1, &is_member));
    is_member = is_member || children.empty();
    sorted = sorted && (set.empty() || set.entries().back().element < element);
    set.append(std::move(element), is_member, std::move(children));
  }
  if (!sorted) set.sort();
  return set;
}

}  // namespace

std::size_t FieldSet::size() const {
  std::size_t count = 0;
  for (const FieldEntry& entry : entries_) count += (entry.member ? 1 : 0) + entry.children.size();
  return count;
}

const FieldEntry* FieldSet::find(const PathElement& element) const {
  auto place = std::ranges::lower_bound(entries_, element, {}, &FieldEntry::element);
  return place != entries_.end() && place->element == element ? &*place : nullptr;
}

void FieldSet::insert(std::span<const PathElement> path) {
  if (path.empty()) return;
  auto place = std::ranges::lower_bound(entries_, path.front(), {}, &FieldEntry::element);
  if (place == entries_.end() || !(place->element == path.front()))
    place = entries_.insert(place, FieldEntry{path.front(), false, {}});
  if (path.size() == 1) {
    place->member = true;
  } else {
    place->children.insert(path.subspan(1));
  }
}

bool FieldSet::has(std::span<const PathElement> path) const {
  if (path.empty()) return false;
  const FieldEntry* entry = find(path.front());
  if (entry == nullptr) return false;
  return path.size() == 1 ? entry->member : entry->children.has(path.subspan(1));
}

void FieldSet::append(PathElement element, bool member, FieldSet children) {
  if (member || !children.empty()) entries_.push_back({std::move(element), member, std::move(children)});
}

void FieldSet::sort() {
  std::ranges::sort(entries_, {}, &FieldEntry::element);
  std::vector<FieldEntry> joined;
  for (FieldEntry& entry : entries_) {
    if (!joined.empty() && joined.back().element == entry.element) {
      joined.back().member = joined.back().member || entry.member;
      joined.back().children = joined.back().children.united(entry.children);
    } else {
      joined.push_back(std::move(entry));
    }
  }
  entries_ = std::move(joined);
}

FieldSet FieldSet::united(const FieldSet& other) const {
  if (other.empty()) return *this;
  if (empty()) return other;
  FieldSet out;
  zip(entries_, other.entries_, [&out](const FieldEntry* left, const FieldEntry* right) {
    if (left == nullptr || right == nullptr) {
      out.entries_.push_back(left != nullptr ? *left : *right);
    } else {
      out.append(left->element, left->member || right->member, left->children.united(right->children));
    }
  });
  return out;
}

FieldSet FieldSet::without(const FieldSet& other) const {
  if (other.empty()) return *this;
  FieldSet out;
  zip(entries_, other.entries_, [&out](const FieldEntry* left, const FieldEntry* right) {
    if (left == nullptr) return;
    if (right == nullptr) {
      out.entries_.push_back(*left);
    } else {
      out.append(left->element, left->member && !right->member, left->children.without(right->children));
    }
  });
  return out;
}

FieldSet FieldSet::without_below(const FieldSet& other) const {
  if (other.empty()) return *this;
  FieldSet out;
  zip(entries_, other.entries_, [&out](const FieldEntry* left, const FieldEntry* right) {
    if (left == nullptr || (right != nullptr && right->member)) return;
    if (right == nullptr) {
      out.entries_.push_back(*left);
    } else {
      out.append(left->element, left->member, left->children.without_below(right->children));
    }
  });
  return out;
}

FieldSet FieldSet::only_below(const FieldSet& other) const {
  FieldSet out;
  zip(entries_, other.entries_, [&out](const FieldEntry* left, const FieldEntry* right) {
    if (left == nullptr || right == nullptr) return;
    if (right->member) {
      out.entries_.push_back(*left);
    } else {
      out.append(left->element, false, left->children.only_below(right->children));
    }
  });
  return out;
}

FieldSet FieldSet::intersected(const FieldSet& other) const {
  FieldSet out;
  if (empty() || other.empty()) return out;
  zip(entries_, other.entries_, [&out](const FieldEntry* left, const FieldEntry* right) {
    if (left == nullptr || right == nullptr) return;
    out.append(left->element, left->member && right->member, left->children.intersected(right->children));
  });
  return out;
}

bool FieldSet::intersects(const FieldSet& other) const {
  bool found = false;
  if (empty() || other.empty()) return false;
  zip(entries_, other.entries_, [&found](const FieldEntry* left, const FieldEntry* right) {
    if (found || left == nullptr || right == nullptr) return;
    found = (left->member && right->member) || left->children.intersects(right->children);
  });
  return found;
}

bool FieldSet::operator==(const FieldSet& other) const {
  return std::ranges::equal(entries_, other.entries_, [](const FieldEntry& left, const FieldEntry& right) {
    return left.member == right.member && left.element == right.element && left.children == right.children;
  });
}

void FieldSet::each(const std::function<void(const Path& path)>& visit) const {
  Path path;
  each_below(*this, path, visit);
}

Value FieldSet::to_fields_v1() const {
  codec::Object object;
  object.reserve(entries_.size());
  for (const FieldEntry& entry : entries_) {
    Value below = entry.children.to_fields_v1();
    if (entry.member && !entry.children.empty()) {
      codec::Object with_self;
      with_self.reserve(below.get_object().size() + 1);
      with_self.emplace(".", codec::Object());
      for (auto& member : below.get_object()) with_self.emplace(member.key(), std::move(member.value()));
      below = std::move(with_self);
    }
    object.emplace(entry.element.text(), std::move(below));
  }
  return object;
}

Result<FieldSet> FieldSet::from_fields_v1(const Value& fields) { return parse_level(fields, 0, nullptr); }

}  // namespace charon::schema::apply
