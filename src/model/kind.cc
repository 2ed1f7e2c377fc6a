#include "model/kind.h"

#include <algorithm>

#include "base/check.h"

namespace charon::model {

std::string GroupVersion::text() const {
  if (group.empty()) return std::string(version);
  return std::string(group) + "/" + std::string(version);
}

bool Kind::has_subresource(std::string_view name) const { return std::ranges::find(subresources, name) != subresources.end(); }

bool Kind::has_verb(std::string_view verb) const { return std::ranges::find(verbs, verb) != verbs.end(); }

std::string Kind::group_resource() const {
  if (gv.group.empty()) return std::string(plural);
  return std::string(plural) + "." + std::string(gv.group);
}

std::strong_ordering KindRef::operator<=>(const KindRef& other) const {
  if (kind_ == other.kind_) return std::strong_ordering::equal;
  if (kind_ == nullptr || other.kind_ == nullptr)
    return kind_ == nullptr ? std::strong_ordering::less : std::strong_ordering::greater;
  if (auto group = kind_->gv.group <=> other.kind_->gv.group; group != 0) return group;
  if (auto version = kind_->gv.version <=> other.kind_->gv.version; version != 0) return version;
  return kind_->plural <=> other.kind_->plural;
}

namespace {

template <class Predicate>
const Kind* find_builtin(Predicate predicate) {
  std::span<const Kind> kinds = builtin_kinds();
  auto place = std::ranges::find_if(kinds, predicate);
  return place == kinds.end() ? nullptr : &*place;
}

}  // namespace

const Kind* find_kind(GroupVersion gv, std::string_view kind) {
  return find_builtin([&](const Kind& candidate) { return candidate.kind == kind && candidate.gv == gv; });
}

const Kind* find_resource(GroupVersion gv, std::string_view plural) {
  return find_builtin([&](const Kind& candidate) { return candidate.plural == plural && candidate.gv == gv; });
}

const Kind& kind_of_type(const schema::Type& type) {
  const Kind* kind = find_builtin([&](const Kind& candidate) { return candidate.type == &type; });
  CHECK(kind != nullptr);
  return *kind;
}

bool served(const Kind& kind) { return kind.gv.group != "metrics.k8s.io"; }

}  // namespace charon::model
