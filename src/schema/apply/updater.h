// Updater: who owns which fields of an object after a write (KEP-555; structured-merge-diff's merge package).
//
// Every write has an owner: an applier (who owns what its configuration names, and loses what it no longer names) or an updater
// (who owns what it changed). Pure; a value per write.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/value.h"
#include "schema/apply/operations.h"

namespace charon::schema::apply {

// One entry of metadata.managedFields.
struct Owner {
  std::string manager;
  bool applied = false;     // operation Apply, else Update
  std::string api_version;  // that the paths are of
  std::string subresource;
  std::string time;  // RFC 3339; empty: none
  FieldSet fields;
  // The entry of the stored list that has exactly these fields; -1: none. Whoever changes `fields` sets it to -1.
  int stored = -1;

  // Appliers are one owner whatever version they apply; updaters are one per version.
  bool same_as(const Owner& other) const;
  void replace(FieldSet changed);
};
using Owners = std::vector<Owner>;

struct Conflict {
  Owner owner;  // without fields
  Path path;
};
using Conflicts = std::vector<Conflict>;

// An object in another version of its kind.
struct Versioned {
  const Type* type = nullptr;
  codec::Value tree;
};
class Versions {
 public:
  virtual ~Versions() = default;
  // nullopt when `to` is not served (any more).
  virtual std::optional<Versioned> convert(const codec::Value& tree, std::string_view from, std::string_view to) const = 0;
};

// Which fields a write can change at all: status is reset on the main resource, the rest on /status.
struct ResetFields {
  FieldSet dropped;              // with all that is below
  std::optional<FieldSet> only;  // when set, nothing else is kept
  FieldSet filter(FieldSet fields) const;
  Comparison filter(Comparison comparison) const;
};

struct WriteKind {
  const Type& type;
  std::string_view api_version;
  const ResetFields& reset;
  const FieldSet& unowned;             // fields that nobody owns: metadata.name, ...
  const Versions* versions = nullptr;  // null: there is one version
};

enum class Force : std::uint8_t { No, Yes };

class Updater {
 public:
  explicit Updater(const WriteKind& kind) : kind_(kind) {}

  // What a create (`live` is an empty object) or update changes of what it can change. Trees as Go prints them.
  Comparison changes(const codec::Value& live, const codec::Value& object) const;
  // The owners after it, `self` having written. `self.time` is set in its entry when it took a field.
  void update(const codec::Value& live, const codec::Value& object, Comparison changes, Owners& owners,
              const Owner& self) const;

  struct Applied {
    codec::Value object;
    bool changed = false;  // from `live`; when false the time of the owner is as it was
  };
  // A checked configuration of `self`. With conflicts nothing changes. `live` is canonical.
  std::expected<Applied, Conflicts> apply(const codec::Value& live, const codec::Value& config, Owners& owners, Owner self,
                                          Force force) const;

 private:
  class Differences;

  codec::Value prune(codec::Value merged, const Owners& owners, const Owner& self, const Owner& last) const;
  codec::Value add_back_owned(const Versioned& merged, codec::Value pruned, const Owners& owners,
                              const std::string& version) const;
  std::optional<Versioned> convert(const codec::Value& tree, std::string_view from, std::string_view to) const;

  const WriteKind& kind_;
};

}  // namespace charon::schema::apply
