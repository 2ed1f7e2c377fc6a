#include "server/managed_fields/managed_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "codec/json.h"
#include "codec/tree.h"
#include "model/storage_form.h"
#include "schema/convert.h"
#include "server/managed_fields/converted_trees.h"
#include "server/managed_fields/last_applied.h"

namespace charon::server {

using codec::Value;
using schema::apply::FieldSet;
using schema::apply::Owner;
using schema::apply::Owners;
using schema::apply::PathElement;

namespace {

constexpr std::string_view kAncientChanges = "ancient-changes";
constexpr std::string_view kBeforeFirstApply = "before-first-apply";

FieldSet paths(std::initializer_list<std::initializer_list<std::string_view>> list) {
  FieldSet set;
  for (const auto& names : list) {
    schema::apply::Path path;
    for (std::string_view name : names) path.push_back(PathElement::field(name));
    set.insert(path);
  }
  return set;
}

// What identifies an object, and what only the server sets.
const FieldSet& unowned_fields() {
  static const FieldSet fields = paths({{"apiVersion"},
                                        {"kind"},
                                        {"metadata"},
                                        {"metadata", "name"},
                                        {"metadata", "namespace"},
                                        {"metadata", "creationTimestamp"},
                                        {"metadata", "selfLink"},
                                        {"metadata", "uid"},
                                        {"metadata", "clusterName"},
                                        {"metadata", "generation"},
                                        {"metadata", "managedFields"},
                                        {"metadata", "resourceVersion"}});
  return fields;
}

// Agrees with keep_other_half and drop_status (prepare.h): what they reset is nobody's.
const schema::apply::ResetFields& reset_fields(const Request& request) {
  static const schema::apply::ResetFields nothing;
  static const schema::apply::ResetFields main{paths({{"status"}}), std::nullopt};
  static const schema::apply::ResetFields status{{}, paths({{"status"}})};
  static const schema::apply::ResetFields labelled{{},
                                                   paths({{"status"}, {"metadata", "labels"}, {"metadata", "annotations"}})};
  static const schema::apply::ResetFields finalize{{}, paths({{"spec", "finalizers"}})};
  static const schema::apply::ResetFields ephemeral{{}, paths({{"spec", "ephemeralContainers"}})};
  static const schema::apply::ResetFields resize{{}, paths({{"spec", "containers"}, {"spec", "initContainers"}})};
  const model::Kind& kind = *request.kind;
  if (request.subresource == "finalize") return finalize;
  if (request.subresource == "ephemeralcontainers") return ephemeral;
  if (request.subresource == "resize") return resize;
  if (request.subresource == "status") return kind.kind == "Node" || kind.kind == "Pod" ? labelled : status;
  bool kept = request.verb == "create" && (kind.kind == "Node" || kind.kind == "Namespace");
  return kind.has_subresource("status") && !kept ? main : nothing;
}

// The versions of a kind: views of one stored object (model/storage_form.h).
class StoredVersions final : public schema::apply::Versions {
 public:
  explicit StoredVersions(const TrackedWrite& write) : kind_(*write.request.kind), kinds_(write.kinds), others_(write.others) {}

  std::optional<schema::apply::Versioned> convert(const Value& tree, std::string_view from,
                                                  std::string_view to) const override {
    const model::Kind* source = in_version(from);
    const model::Kind* target = in_version(to);
    if (source == nullptr || target == nullptr) return std::nullopt;
    if (source != target && model::converter_of(*target) != nullptr) return made_elsewhere(tree, *target);
    Value out = tree;
    if (source != target) {
      if (const model::StorageForm* form = model::storage_form(*source)) out = form->to_stored(out);
      if (const model::StorageForm* form = model::storage_form(*target)) out = form->from_stored(out);
    }
    return schema::apply::Versioned{target->type, std::move(out)};
  }

 private:
  const model::Kind* in_version(std::string_view text) const {
    std::size_t slash = text.find('/');
    model::GroupVersion gv{text.substr(0, slash == text.npos ? 0 : slash), slash == text.npos ? text : text.substr(slash + 1)};
    if (gv == kind_.gv) return &kind_;
    const model::Kind* other = kinds_.find_kind(gv, kind_.kind);
    if (other == nullptr) return nullptr;
    const model::Kind& one_form = stored_as(*other);
    const model::Kind& own_form = stored_as(kind_);
    return one_form.gv.group == own_form.gv.group && one_form.plural == own_form.plural ? other : nullptr;
  }
  static const model::Kind& stored_as(const model::Kind& kind) {
    const model::StorageForm* form = model::storage_form(kind);
    return form != nullptr ? *form->stored : kind;
  }

  std::optional<schema::apply::Versioned> made_elsewhere(const Value& tree, const model::Kind& target) const {
    const Value* made = others_ == nullptr ? nullptr : others_->find(tree, target);
    if (made == nullptr) return std::nullopt;
    return schema::apply::Versioned{target.type, *made};
  }

  const model::Kind& kind_;
  const model::KindRegistry& kinds_;
  ConvertedTrees* others_;
};

Owner owner_of(const TrackedWrite& write) {
  Owner owner;
  owner.manager = write.request.field_manager.empty() ? "unknown" : write.request.field_manager;
  owner.api_version = write.request.kind->gv.text();
  owner.subresource = write.request.subresource.empty() ? write.request.came_through : write.request.subresource;
  owner.time = format_rfc3339(write.now);
  return owner;
}

class Tracker {
 public:
  explicit Tracker(const TrackedWrite& write)
      : version_(write.request.kind->gv.text()),
        versions_(write),
        kind_{*write.request.kind->type, version_, reset_fields(write.request), unowned_fields(), &versions_},
        updater(kind_) {}

 private:
  std::string version_;
  StoredVersions versions_;
  schema::apply::WriteKind kind_;

 public:
  const schema::apply::Updater updater;
};

Value empty_object(const Request& request) {
  return codec::Object{{"kind", request.kind->kind}, {"apiVersion", request.kind->gv.text()}, {"metadata", codec::Object()}};
}

std::int64_t seconds_of(const Owner& owner) {
  if (owner.time.empty()) return 0;
  Result<Time> time = parse_rfc3339(owner.time);
  return time ? time->seconds : 0;
}

std::optional<std::size_t> ancient_of(const Owners& owners, std::string_view api_version) {
  for (std::size_t i = 0; i < owners.size(); ++i)
    if (owners[i].manager == kAncientChanges && !owners[i].applied && owners[i].subresource.empty() &&
        owners[i].api_version == api_version)
      return i;
  return std::nullopt;
}

// Joins the oldest updaters of each version until there are no more than kUpdateManagers.
void cap_updaters(Owners& owners) {
  std::vector<std::size_t> updaters;
  for (std::size_t i = 0; i < owners.size(); ++i)
    if (!owners[i].applied) updaters.push_back(i);
  if (updaters.size() <= kUpdateManagers) return;
  std::ranges::sort(updaters, {}, [&](std::size_t i) {
    return std::tuple(seconds_of(owners[i]), owners[i].manager, owners[i].api_version, owners[i].subresource);
  });
  std::map<std::string, std::size_t> first_of_version;
  std::vector<bool> gone(owners.size());
  std::size_t count = updaters.size();
  for (std::size_t i : updaters) {
    if (count <= kUpdateManagers) break;
    auto [first, is_first] = first_of_version.try_emplace(owners[i].api_version, i);
    if (is_first) continue;
    std::size_t bucket = ancient_of(owners, owners[i].api_version).value_or(first->second);
    std::size_t joined = bucket == i ? first->second : i;
    owners[bucket].manager = kAncientChanges;
    owners[bucket].subresource.clear();
    owners[bucket].time = owners[i].time;
    owners[bucket].replace(owners[bucket].fields.united(owners[joined].fields));
    first->second = bucket;
    gone[joined] = true;
    --count;
  }
  Owners kept;
  for (std::size_t i = 0; i < owners.size(); ++i)
    if (!gone[i]) kept.push_back(std::move(owners[i]));
  owners = std::move(kept);
}

bool is_reset(const Value& given) {
  if (!given.is_array() || given.get_array().size() != 1) return false;
  const Value& only = given.get_array().front();
  return only.is_object() && only.get_object().empty();
}

Error entry_error(std::string text, std::size_t index) {
  return Error{Reason::Unknown, fmt::format("{} in managed fields entry {}", text, index), nullptr};
}

// Through /scale all is named as it is in a Scale.
struct Naming {
  explicit Naming(const Request& request) : scale(request.came_through == "scale") {}
  std::string version(const Owner& owner) const { return scale ? "autoscaling/v1" : owner.api_version; }
  std::string path(const schema::apply::Path& path) const { return scale ? ".spec.replicas" : display(path); }
  bool scale;
};

std::string conflict_owner(const Owner& owner, const Naming& naming) {
  std::string out;
  codec::append_json_string(owner.manager, out);
  if (!owner.subresource.empty()) {
    out += " with subresource ";
    codec::append_json_string(owner.subresource, out);
  }
  if (!owner.applied) out += " using " + naming.version(owner);
  return out;
}

Error conflict_error(const schema::apply::Conflicts& conflicts, const Naming& naming) {
  auto details = std::make_shared<StatusDetails>();
  std::map<std::string, std::vector<std::string>> by_owner;
  for (const schema::apply::Conflict& conflict : conflicts) {
    std::string owner = conflict_owner(conflict.owner, naming);
    std::string path = naming.path(conflict.path);
    details->causes.push_back({"FieldManagerConflict", "conflict with " + owner, path});
    by_owner[owner].push_back(std::move(path));
  }
  std::string message;
  if (conflicts.size() == 1) {
    message = fmt::format("Apply failed with 1 conflict: {}: {}", details->causes[0].message, details->causes[0].field);
  } else {
    message = fmt::format("Apply failed with {} conflicts: ", conflicts.size());
    bool first = true;
    for (const auto& [owner, fields] : by_owner) {
      message += (first ? "conflicts with " : "\nconflicts with ") + owner + ":";
      first = false;
      for (const std::string& field : fields) message += "\n- " + field;
    }
  }
  return Error{Reason::Conflict, std::move(message), std::move(details)};
}

}  // namespace

Result<Owners> decode_managed_fields(const Value* managed) {
  Owners owners;
  if (managed == nullptr || !managed->is_array()) return owners;
  const codec::Array& entries = managed->get_array();
  owners.reserve(entries.size());
  // By what Owner::same_as compares.
  std::map<std::tuple<std::string_view, bool, std::string_view, std::string_view>, std::size_t> places;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Value& entry = entries[i];
    Owner owner;
    std::string_view operation = codec::string_at(entry, "operation");
    if (operation != "Apply" && operation != "Update") return fail(entry_error("operation must be `Apply` or `Update`", i));
    owner.applied = operation == "Apply";
    owner.api_version = codec::string_at(entry, "apiVersion");
    if (owner.api_version.empty()) return fail(entry_error("apiVersion must not be empty", i));
    std::string_view form = codec::string_at(entry, "fieldsType");
    if (form.empty()) return fail(entry_error("missing fieldsType", i));
    if (form != "FieldsV1") return fail(entry_error(fmt::format("invalid fieldsType \"{}\"", form), i));
    owner.manager = codec::string_at(entry, "manager");
    owner.subresource = codec::string_at(entry, "subresource");
    owner.time = codec::string_at(entry, "time");
    if (const Value* fields = codec::find(entry, "fieldsV1"); fields != nullptr && !fields->is_null()) {
      auto set = FieldSet::from_fields_v1(*fields);
      if (!set) return fail(entry_error("error decoding set: " + set.error().message, i));
      owner.fields = *std::move(set);
    }
    owner.stored = static_cast<int>(i);
    // The last entry of an owner counts.
    const std::string_view version = owner.applied ? std::string_view() : codec::string_at(entry, "apiVersion");
    auto [same, added] = places.try_emplace(
        {codec::string_at(entry, "manager"), owner.applied, version, codec::string_at(entry, "subresource")}, owners.size());
    if (added)
      owners.push_back(std::move(owner));
    else
      owners[same->second] = std::move(owner);
  }
  return owners;
}

Value encode_managed_fields(const Owners& owners, const Value* stored) {
  std::vector<const Owner*> order;
  for (const Owner& owner : owners) order.push_back(&owner);
  std::ranges::sort(order, {}, [](const Owner* owner) {
    return std::tuple(!owner->applied, seconds_of(*owner), std::string_view(owner->manager),
                      std::string_view(owner->api_version), std::string_view(owner->subresource));
  });
  codec::Array entries;
  entries.reserve(order.size());
  for (const Owner* owner : order) {
    codec::Object entry;
    entry.reserve(7);
    if (!owner->manager.empty()) entry.emplace("manager", owner->manager);
    entry.emplace("operation", owner->applied ? "Apply" : "Update");
    entry.emplace("apiVersion", owner->api_version);
    if (!owner->time.empty()) entry.emplace("time", owner->time);
    entry.emplace("fieldsType", "FieldsV1");
    const Value* fields = nullptr;
    if (owner->stored >= 0 && stored != nullptr)
      fields = codec::find(stored->get_array()[static_cast<std::size_t>(owner->stored)], "fieldsV1");
    entry.emplace("fieldsV1", fields != nullptr ? *fields : owner->fields.to_fields_v1());
    if (!owner->subresource.empty()) entry.emplace("subresource", owner->subresource);
    entries.push_back(std::move(entry));
  }
  return entries;
}

Value take_managed_fields(Value& object) {
  Value* meta = codec::find(object, "metadata");
  Value* managed = meta != nullptr ? codec::find(*meta, "managedFields") : nullptr;
  if (managed == nullptr) return nullptr;
  Value taken = std::move(*managed);
  meta->get_object().erase("managedFields");
  return taken;
}

void put_managed_fields(Value& object, Value managed) {
  codec::Object& meta = codec::ensure_object(object, {"metadata"});
  if (managed.is_null()) {
    meta.erase("managedFields");
  } else {
    meta["managedFields"] = std::move(managed);
  }
}

Value track_create(const TrackedWrite& write, const Value& object) {
  Owners owners;
  Value nothing = empty_object(write.request);
  Tracker tracker(write);
  tracker.updater.update(nothing, object, tracker.updater.changes(nothing, object), owners, owner_of(write));
  return owners.empty() ? Value() : encode_managed_fields(owners, nullptr);
}

Value track_update(const TrackedWrite& write, const Value& live, const Value& object, Value stored, Value given) {
  if (write.request.subresource.empty() && is_reset(given)) return nullptr;
  Tracker tracker(write);
  schema::apply::Comparison changes = tracker.updater.changes(live, object);
  bool counts = write.request.subresource.empty() && given.is_array() && !given.get_array().empty() && given != stored;
  Owners owners;
  if (counts) {
    if (auto decoded = decode_managed_fields(&given)) {
      owners = *std::move(decoded);
      stored = std::move(given);
    } else {
      counts = false;
    }
  }
  if (!counts && changes.empty()) return stored;
  if (!counts) owners = decode_managed_fields(&stored).value_or(Owners());
  if (owners.empty()) return nullptr;
  tracker.updater.update(live, object, std::move(changes), owners, owner_of(write));
  cap_updaters(owners);
  return owners.empty() ? Value() : encode_managed_fields(owners, &stored);
}

Result<AppliedWrite> track_apply(const TrackedWrite& write, const Value& live, const Value& config, const Value* stored,
                                 schema::apply::Force force) {
  auto decoded = decode_managed_fields(stored);
  if (!decoded) return fail(Reason::Unknown, "failed to decode managed fields: " + decoded.error().message);
  Owners owners = *std::move(decoded);
  Tracker tracker(write);
  Owner self = owner_of(write);
  if (owners.empty()) {
    Owner before = self;
    before.manager = kBeforeFirstApply;
    Value nothing = empty_object(write.request);
    tracker.updater.update(nothing, live, tracker.updater.changes(nothing, live), owners, before);
  }
  self.applied = true;
  auto applied = tracker.updater.apply(live, config, owners, self, force);
  if (!applied && self.manager == "kubectl") {
    // What kubectl applied on the client's side is its own: the annotation says what that was.
    FieldSet own = last_applied_fields(*write.request.kind, live);
    std::erase_if(applied.error(), [&](const schema::apply::Conflict& conflict) { return own.has(conflict.path); });
    if (applied.error().empty()) applied = tracker.updater.apply(live, config, owners, self, schema::apply::Force::Yes);
  }
  if (!applied) return fail(conflict_error(applied.error(), Naming(write.request)));
  if (self.manager == "kubectl") update_last_applied(applied->object, config);
  return AppliedWrite{std::move(applied->object), owners.empty() ? Value() : encode_managed_fields(owners, stored)};
}

bool same_but_for_times(const Value& left, const Value& right) {
  if (!left.is_array() || !right.is_array()) return left.is_null() && right.is_null();
  auto timeless = [](const Value& managed) {
    std::vector<Value> entries;
    for (const Value& entry : managed.get_array()) {
      Value copy = entry;
      if (copy.is_object()) copy.get_object().erase("time");
      entries.push_back(std::move(copy));
    }
    return entries;
  };
  // Times also order the entries.
  return std::ranges::is_permutation(timeless(left), timeless(right),
                                     [](const Value& one, const Value& other) { return codec::equal(one, other); });
}

}  // namespace charon::server
