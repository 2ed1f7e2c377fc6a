#include "schema/apply/updater.h"

#include <algorithm>
#include <map>

#include "codec/tree.h"

namespace charon::schema::apply {

using codec::Value;

namespace {

bool has_no_fields(const Owner& owner) { return owner.fields.empty(); }

}  // namespace

bool Owner::same_as(const Owner& other) const {
  return manager == other.manager && applied == other.applied && subresource == other.subresource &&
         (applied || api_version == other.api_version);
}

void Owner::replace(FieldSet changed) {
  fields = std::move(changed);
  stored = -1;
}

FieldSet ResetFields::filter(FieldSet fields) const {
  if (only) return fields.only_below(*only);
  return dropped.empty() ? fields : fields.without_below(dropped);
}

Comparison ResetFields::filter(Comparison comparison) const {
  return {filter(std::move(comparison.added)), filter(std::move(comparison.modified)), filter(std::move(comparison.removed))};
}

// What changed between two objects, in each version that an owner knows them in. Compared at first demand.
class Updater::Differences {
 public:
  Differences(const Updater& updater, const Value& before, const Value& after, Comparison own)
      : updater_(updater), before_(before), after_(after) {
    found_[std::string(updater.kind_.api_version)] = std::move(own);
  }

  const Comparison& own() { return *found_.at(std::string(updater_.kind_.api_version)); }

  // Null when the version is not served any more.
  const Comparison* in(const std::string& version) {
    auto [place, added] = found_.try_emplace(version);
    if (added) {
      std::string_view from = updater_.kind_.api_version;
      std::optional<Versioned> before = updater_.convert(before_, from, version);
      std::optional<Versioned> after = updater_.convert(after_, from, version);
      if (before && after)
        place->second = updater_.kind_.reset.filter(compare(*before->type, before->tree, after->tree, View::Typed));
    }
    return place->second ? &*place->second : nullptr;
  }

 private:
  const Updater& updater_;
  const Value& before_;
  const Value& after_;
  std::map<std::string, std::optional<Comparison>, std::less<>> found_;
};

namespace {

// Owners lose what somebody else changed or removed.
void yield_fields(Owner& owner, const Comparison& difference) {
  bool loses = owner.fields.intersects(difference.added) || owner.fields.intersects(difference.modified) ||
               owner.fields.intersects(difference.removed);
  if (loses) owner.replace(owner.fields.without(difference.added).without(difference.modified).without(difference.removed));
}

void fit_to_type(const WriteKind& kind, const Value& live, Owners& owners) {
  if (kind.type.construct != nullptr) return;  // only types made at run time change
  for (Owner& owner : owners) {
    if (owner.api_version != kind.api_version) continue;
    FieldSet fields = fitted(kind.type, live, owner.fields);
    if (!(fields == owner.fields)) owner.replace(std::move(fields));
  }
}

}  // namespace

std::optional<Versioned> Updater::convert(const Value& tree, std::string_view from, std::string_view to) const {
  if (from == to) {
    if (from == kind_.api_version) return Versioned{&kind_.type, tree};
  }
  if (kind_.versions == nullptr) return std::nullopt;
  return kind_.versions->convert(tree, from, to);
}

Comparison Updater::changes(const Value& live, const Value& object) const {
  return kind_.reset.filter(compare(kind_.type, live, object, View::Typed));
}

void Updater::update(const Value& live, const Value& object, Comparison changes, Owners& owners, const Owner& self) const {
  fit_to_type(kind_, live, owners);
  if (changes.empty()) return;
  Differences differences(*this, live, object, std::move(changes));
  std::erase_if(owners, [&](Owner& owner) {
    const Comparison* difference = differences.in(owner.api_version);
    if (difference != nullptr) yield_fields(owner, *difference);
    return difference == nullptr || has_no_fields(owner);
  });
  FieldSet taken = differences.own().added.united(differences.own().modified).without(kind_.unowned);
  if (taken.empty()) return;
  auto place = std::ranges::find_if(owners, [&](const Owner& owner) { return owner.same_as(self); });
  if (place == owners.end()) {
    owners.push_back(self);
    owners.back().replace(std::move(taken));
  } else {
    place->replace(place->fields.united(taken));
    place->time = self.time;
  }
}

std::expected<Updater::Applied, Conflicts> Updater::apply(const Value& live, const Value& config, Owners& owners, Owner self,
                                                          Force force) const {
  fit_to_type(kind_, live, owners);
  self.replace(kind_.reset.filter(field_set_of(kind_.type, config)));
  Value object = live;
  merge(kind_.type, object, config);
  auto previous = std::ranges::find_if(owners, [&](const Owner& owner) { return owner.same_as(self); });
  if (previous != owners.end()) {
    bool drops = previous->api_version != self.api_version || !previous->fields.without(self.fields).empty();
    if (drops) object = prune(std::move(object), owners, self, *previous);
  }
  Differences differences(*this, live, object, kind_.reset.filter(compare(kind_.type, live, object, View::Raw)));
  Conflicts conflicts;
  Owners others;
  for (const Owner& owner : owners) {
    if (owner.same_as(self)) continue;
    const Comparison* difference = differences.in(owner.api_version);
    if (difference == nullptr) continue;
    FieldSet contested = owner.fields.intersected(difference->added.united(difference->modified));
    if (force == Force::No && !contested.empty()) {
      Owner id = owner;
      id.fields = {};
      contested.each([&](const Path& path) { conflicts.push_back({id, path}); });
    }
    others.push_back(owner);
    yield_fields(others.back(), *difference);
    if (has_no_fields(others.back())) others.pop_back();
  }
  if (!conflicts.empty()) return std::unexpected(std::move(conflicts));
  bool changed = !codec::equal(live, object);
  FieldSet owned = self.fields.without(kind_.unowned);
  if (previous != owners.end() && !changed) self.time = previous->time;
  if (previous != owners.end() && previous->api_version == self.api_version && previous->fields == owned)
    self.stored = previous->stored;
  self.fields = std::move(owned);
  if (!has_no_fields(self)) others.push_back(std::move(self));
  owners = std::move(others);
  return Applied{std::move(object), changed};
}

// Removes what `self` applied last time and does not name any more, unless somebody else owns it.
Value Updater::prune(Value merged, const Owners& owners, const Owner& self, const Owner& last) const {
  std::optional<Versioned> in_last = convert(merged, kind_.api_version, last.api_version);
  if (!in_last) return merged;
  const Type& type = *in_last->type;
  FieldSet last_fields = with_named_fields(type, last.fields);
  Value pruned = in_last->tree;
  remove_items(type, pruned, last_fields);
  Owners now;
  for (const Owner& owner : owners)
    if (!owner.same_as(self)) now.push_back(owner);
  now.push_back(self);
  pruned = add_back_owned(*in_last, std::move(pruned), now, last.api_version);
  // Fields that nobody owns stay, though what they stand in was applied.
  FieldSet all = with_named_fields(type, field_set_of(type, in_last->tree));
  FieldSet left = with_named_fields(type, field_set_of(type, pruned));
  Value kept = in_last->tree;
  remove_items(type, kept, all.without(left).intersected(last_fields));
  std::optional<Versioned> back = convert(kept, last.api_version, kind_.api_version);
  return back ? std::move(back->tree) : std::move(merged);
}

// What anybody owns comes back; owners of the version at hand first, so that conversions find what they need.
Value Updater::add_back_owned(const Versioned& merged, Value pruned, const Owners& owners, const std::string& version) const {
  std::map<std::string, FieldSet, std::less<>> owned;
  for (const Owner& owner : owners) owned[owner.api_version] = owned[owner.api_version].united(owner.fields);
  auto add = [&](std::string_view at, const FieldSet& fields) {
    std::optional<Versioned> all = at == version ? merged : convert(merged.tree, version, at);
    std::optional<Versioned> rest = at == version ? Versioned{merged.type, pruned} : convert(pruned, version, at);
    if (!all || !rest) return;
    const Type& type = *all->type;
    FieldSet kept = with_named_fields(type, field_set_of(type, rest->tree)).united(with_named_fields(type, fields));
    FieldSet gone = with_named_fields(type, field_set_of(type, all->tree)).without(kept);
    remove_items(type, all->tree, gone);
    std::optional<Versioned> back = at == version ? std::move(all) : convert(all->tree, at, version);
    if (back) pruned = std::move(back->tree);
  };
  if (auto found = owned.find(version); found != owned.end()) {
    add(version, found->second);
    owned.erase(found);
  }
  for (const auto& [at, fields] : owned) add(at, fields);
  return pruned;
}

}  // namespace charon::schema::apply
