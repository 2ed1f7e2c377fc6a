#include <fmt/format.h>

#include <algorithm>

#include "api/core/v1/pod_defaults.h"
#include "api/core/v1/pod_validation.h"
#include "api/core/v1/replica_status.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/places.h"
#include "api/meta/v1/validation.h"

namespace charon::apps::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::number_at_path;

namespace {

void cells_of(const Value& set, Time, codec::Array& cells) {
  meta::v1::add_cell(
      cells, fmt::format("{}/{}", number_at_path(set, {"status", "readyReplicas"}), number_at_path(set, {"spec", "replicas"})));
  meta::v1::add_container_cells(cells, find_path(set, {"spec", "template", "spec"}));
}

void set_defaults(Value& set) {
  core::v1::default_pod_spec(meta::v1::place(set, {"spec", "template", "spec"}));
  Value* strategy = meta::v1::place(set, {"spec", "updateStrategy"});
  if (strategy != nullptr && codec::string_at(*strategy, "type") == "RollingUpdate") {
    codec::Object& rolling = codec::ensure_object(*strategy, {"rollingUpdate"});
    if (!rolling.contains("partition")) rolling["partition"] = 0;
  }
  Value* claims = meta::v1::place(set, {"spec", "volumeClaimTemplates"});
  if (claims == nullptr || !claims->is_array()) return;
  for (Value& claim : claims->get_array()) {
    if (!claim.is_object()) continue;
    if (codec::string_at(claim, "apiVersion").empty()) claim.get_object()["apiVersion"] = "v1";
    if (codec::string_at(claim, "kind").empty()) claim.get_object()["kind"] = "PersistentVolumeClaim";
  }
}

constexpr std::string_view kMutable[] = {"replicas",
                                         "ordinals",
                                         "template",
                                         "updateStrategy",
                                         "minReadySeconds",
                                         "persistentVolumeClaimRetentionPolicy",
                                         "revisionHistoryLimit"};

codec::Object immutable_part(const Value* spec) {
  codec::Object part = spec != nullptr && spec->is_object() ? spec->get_object() : codec::Object();
  for (std::string_view member : kMutable) part.erase(member);
  return part;
}

// The set with its claims as volumes of its pods, as they will have them.
Value with_claims(const Value& set) {
  Value whole = set;
  const codec::Array& claims = meta::v1::items_of(find_path(set, {"spec", "volumeClaimTemplates"}));
  Value* pod = meta::v1::place(whole, {"spec", "template", "spec"});
  if (claims.empty() || pod == nullptr || !pod->is_object()) return whole;
  codec::Array volumes;
  for (const Value& claim : claims) {
    std::string_view name = codec::string_at_path(claim, {"metadata", "name"});
    volumes.push_back(codec::Object{{"name", name}, {"persistentVolumeClaim", codec::Object{{"claimName", name}}}});
  }
  // A volume of the same name gives way to the claim.
  for (const Value& volume : meta::v1::items_of(codec::find(*pod, "volumes")))
    if (std::ranges::none_of(claims, [&](const Value& claim) {
          return codec::string_at_path(claim, {"metadata", "name"}) == codec::string_at(volume, "name");
        }))
      volumes.push_back(volume);
  pod->get_object()["volumes"] = std::move(volumes);
  return whole;
}

void validate(const Value& set, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return core::v1::validate_replica_status(errors, set, context);
  meta::v1::FieldPath spec("spec");
  core::v1::validate_workload(errors, with_claims(set), {"statefulset"});
  meta::v1::FieldPath strategy = spec.child("updateStrategy");
  meta::v1::FieldPath rolling = strategy.child("rollingUpdate");
  const Value* given = find_path(set, {"spec", "updateStrategy", "rollingUpdate"});
  if (given != nullptr && given->is_object()) {
    if (codec::string_at_path(set, {"spec", "updateStrategy", "type"}) == "OnDelete")
      meta::v1::add_invalid(errors, rolling, *given, "only allowed for updateStrategy 'RollingUpdate'");
    const Value* unavailable = codec::find(*given, "maxUnavailable");
    meta::v1::check_share(errors, rolling.child("maxUnavailable"), unavailable);
    if (meta::v1::is_zero_count(unavailable))
      meta::v1::add_invalid(errors, rolling.child("maxUnavailable"), *unavailable, "cannot be 0");
  }
  std::int64_t start = number_at_path(set, {"spec", "ordinals", "start"});
  meta::v1::FieldPath ordinals = spec.child("ordinals");
  if (start < 0) meta::v1::add_invalid(errors, ordinals.child("start"), Value(start), "must be greater than or equal to 0");
  if (context.before == nullptr) return;
  if (codec::equal(immutable_part(codec::find(*context.before, "spec")), immutable_part(codec::find(set, "spec")))) return;
  meta::v1::add_forbidden(errors, spec,
                          "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                          "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
                          "'minReadySeconds' are forbidden");
}

}  // namespace

const model::KindRules stateful_set_rules = {.set_defaults = set_defaults, .validate = validate, .cells = cells_of};

}  // namespace charon::apps::v1
