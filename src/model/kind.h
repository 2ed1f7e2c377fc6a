// Kind: one API kind and its resource, as the server, the client and `charon convert` see it.
//
// Built from the `charon.kind` option of a message in api/**/types.proto and, where there is one, the kind's rules in
// api/<group>/<version>/<kind>.cc (struct KindRules named `<kind>_rules`).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "codec/value.h"
#include "schema/type.h"
#include "schema/validate.h"

namespace charon::model {

struct GroupVersion {
  std::string_view group;  // "" for core
  std::string_view version;
  std::string text() const;  // "v1", "apps/v1"
  bool operator==(const GroupVersion&) const = default;
};

// One column of `kubectl get`. A column whose `json_path` is not empty is read from the object; the others are filled by
// KindRules::cells in their order.
struct Column {
  std::string_view name;
  std::string_view type = "string";  // string, integer, date, boolean
  std::string_view format;           // "name" for the Name column
  std::string_view description;
  int priority = 0;            // 1: only with -o wide
  std::string_view json_path;  // ".spec.replicas"
};

struct WriteContext {
  bool create = false;                   // else an update of `before`
  std::string_view subresource = {};     // that is written: "status", "finalize", "resize"; empty: the object itself
  const codec::Value* before = nullptr;  // the stored object, for updates
};

// Rules of a kind that its table cannot say. Every member may be null.
struct KindRules {
  // Fills defaults that depend on other fields. The tree is normalized and has the static defaults.
  void (*set_defaults)(codec::Value& object) = nullptr;
  // Before validation of a create or update: what the server itself sets or keeps (generation is the server's).
  void (*prepare)(codec::Value& object, const WriteContext& context) = nullptr;
  void (*validate)(const codec::Value& object, const WriteContext& context, schema::FieldErrors& errors) = nullptr;
  // The cells of the columns without json_path, in their order; `now` for ages.
  void (*cells)(const codec::Value& object, Time now, codec::Array& cells) = nullptr;
  // Field selector values beyond metadata.name and metadata.namespace.
  std::span<const std::string_view> selectable_fields = {};  // "status.phase", "spec.nodeName": JSON paths
  // The value of one of them where it is not simply the member at that path; null: it is.
  std::string (*selectable_value)(const codec::Value& object, std::string_view path) = nullptr;
  // An update says which version it replaces (AllowUnconditionalUpdate of Kubernetes' strategies is false).
  bool update_needs_version = false;
  // An update of what is not there creates it (AllowCreateOnUpdate).
  bool update_creates = false;
};

struct StorageForm;  // model/storage_form.h

// Where a custom resource's scale subresource finds its numbers: ".spec.replicas". `selector` may be empty.
struct ScalePaths {
  std::string_view replicas;
  std::string_view status_replicas;
  std::string_view selector;
};

struct Kind {
  GroupVersion gv;
  std::string_view kind;       // "Deployment"
  std::string_view list_kind;  // "DeploymentList"
  std::string_view plural;     // "deployments"
  std::string_view singular;   // "deployment"
  std::span<const std::string_view> short_names;
  std::span<const std::string_view> categories;
  bool namespaced = true;
  // "status", "scale", "log", "exec", "binding", "eviction" ...
  std::span<const std::string_view> subresources;
  // get, list, watch, create, update, patch, delete, deletecollection; create alone for reviews.
  std::span<const std::string_view> verbs;
  bool generation = false;  // metadata.generation counts changes outside metadata and status
  std::span<const Column> columns;
  const schema::Type* type = nullptr;
  const schema::Type* list_type = nullptr;  // null for custom resources
  KindRules rules;

  // Of custom resources (server/crd makes their kinds). A changed definition makes a new Kind; the old one lives on in the
  // documents and requests that refer to it.
  bool custom = false;
  bool canonical = true;           // of a resource's versions, the one that stands for all where one is enough
  bool terminating = false;        // its definition is being deleted: nothing is created any more
  std::weak_ptr<const Kind> self;  // what keeps it alive (KindRef); built-in kinds live for ever
  const StorageForm* storage = nullptr;
  const ScalePaths* scale = nullptr;
  std::string_view deprecation;  // warning for who uses this version; empty: none

  bool has_subresource(std::string_view name) const;
  bool has_verb(std::string_view verb) const;
  // "deployments.apps", or "pods" for core: as Kubernetes names a resource in errors.
  std::string group_resource() const;
};

// A kind, kept alive for as long as it is referred to. Two are the same when they name the same version of the same resource,
// whatever its schema was at the time.
class KindRef {
 public:
  KindRef() = default;
  KindRef(std::nullptr_t) {}
  KindRef(const Kind* kind) : kind_(kind) {
    if (kind != nullptr && kind->custom) life_ = kind->self.lock();
  }

  const Kind* get() const { return kind_; }
  const Kind& operator*() const { return *kind_; }
  const Kind* operator->() const { return kind_; }
  explicit operator bool() const { return kind_ != nullptr; }

  bool operator==(const KindRef& other) const { return (*this <=> other) == 0; }
  std::strong_ordering operator<=>(const KindRef& other) const;  // null first, then by group, version and plural

 private:
  const Kind* kind_ = nullptr;
  std::shared_ptr<const Kind> life_;
};

// Kinds that this server has no data for, though `charon convert` knows them: metrics.k8s.io comes with the metrics pipeline.
bool served(const Kind& kind);

// All built-in kinds (model/registry.h has the custom ones too), by group (core first, then by name) and version and name.
std::span<const Kind> builtin_kinds();
const Kind* find_kind(GroupVersion gv, std::string_view kind);
const Kind* find_resource(GroupVersion gv, std::string_view plural);
// The kind whose struct has this table; CHECKs that there is one.
const Kind& kind_of_type(const schema::Type& type);

}  // namespace charon::model
