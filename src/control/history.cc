#include "control/history.h"

#include <algorithm>
#include <ranges>
#include <tuple>

#include "base/bytes.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/convert.h"

namespace charon::control {
namespace {

using apps::v1::ControllerRevision;
using core::v1::PodTemplateSpec;

// Kubernetes' limit, so that the hash still fits into a name of 253 characters.
constexpr std::size_t kNameChars = 223;

std::string hash_of(const std::string& data, std::int32_t collisions) {
  return safe_encode(std::to_string(fnv1a_32(data + std::to_string(collisions))));
}

std::string name_of(const RevisionOwner& owner, const std::string& hash) {
  return owner.metadata.name.substr(0, kNameChars) + "-" + hash;
}

ControllerRevision make_revision(const RevisionOwner& owner, schema::RawJson data, std::int32_t collisions) {
  const std::string hash = hash_of(data.text, collisions);
  ControllerRevision revision;
  revision.metadata.name = name_of(owner, hash);
  revision.metadata.namespace_ = owner.metadata.namespace_;
  revision.metadata.labels = owner.pod_template.metadata.labels;
  revision.metadata.labels[std::string(owner.hash_label)] = hash;
  revision.metadata.annotations = owner.metadata.annotations;
  revision.metadata.ownerReferences.push_back(owner.reference);
  revision.data = std::move(data);
  return revision;
}

// The last plan could not create its revision, because another owner's has the name.
bool met_collision(const std::optional<Error>& failure) {
  return failure && failure->reason == Reason::AlreadyExists && failure->details != nullptr &&
         failure->details->kind == "controllerrevisions";
}

RevisionPtr latest_with(const std::vector<RevisionPtr>& revisions, const PodTemplateSpec& pod_template) {
  for (const RevisionPtr& revision : revisions | std::views::reverse)
    if (template_of(*revision) == pod_template) return revision;
  return nullptr;
}

}  // namespace

void sort_revisions(std::vector<RevisionPtr>& revisions) {
  std::ranges::sort(revisions, {}, [](const RevisionPtr& revision) {
    return std::tie(revision->revision, revision->metadata.creationTimestamp, revision->metadata.name);
  });
}

schema::RawJson template_patch(const PodTemplateSpec& pod_template) {
  codec::Value tree = schema::tree_from_struct(PodTemplateSpec::table(), &pod_template);
  tree.get_object()["$patch"] = "replace";
  codec::Object spec;
  spec["template"] = std::move(tree);
  return {codec::write_json(codec::Object{{"spec", std::move(spec)}})};
}

std::optional<PodTemplateSpec> template_of(const ControllerRevision& revision) {
  auto data = codec::parse_json(revision.data.text);
  if (!data) return std::nullopt;
  codec::Value* spec = codec::find(*data, "spec");
  codec::Value* stored = spec != nullptr ? codec::find(*spec, "template") : nullptr;
  if (stored == nullptr || !stored->is_object()) return std::nullopt;
  stored->get_object().erase("$patch");
  if (!schema::normalize(PodTemplateSpec::table(), *stored)) return std::nullopt;
  auto decoded = schema::from_tree<PodTemplateSpec>(*stored);
  if (!decoded) return std::nullopt;
  return *std::move(decoded);
}

UpdateRevision plan_update_revision(const RevisionOwner& owner, const std::vector<RevisionPtr>& revisions, int stage,
                                    Plan& plan) {
  const std::int64_t next = revisions.empty() ? 1 : revisions.back()->revision + 1;
  if (RevisionPtr found = latest_with(revisions, owner.pod_template)) {
    if (found == revisions.back()) return {found, owner.collisions};
    codec::Object patch{{"metadata", codec::Object{{"uid", found->metadata.uid}}}, {"revision", next}};
    plan.patch<ControllerRevision>({found->metadata.namespace_, found->metadata.name}, client::PatchType::Merge,
                                   std::move(patch))
        .stage = stage;
    return {std::move(found), owner.collisions};
  }
  std::int32_t collisions = owner.collisions + (met_collision(owner.failure) ? 1 : 0);
  const schema::RawJson data = template_patch(owner.pod_template);
  const auto taken = [&] {
    const std::string name = name_of(owner, hash_of(data.text, collisions));
    return std::ranges::any_of(revisions, [&](const RevisionPtr& revision) { return revision->metadata.name == name; });
  };
  while (taken()) ++collisions;
  ControllerRevision revision = make_revision(owner, data, collisions);
  revision.revision = next;
  Write& write = plan.create(revision);
  write.stage = stage;
  write.owner_uid = owner.metadata.uid;
  return {std::make_shared<const ControllerRevision>(std::move(revision)), collisions};
}

void truncate_history(const std::vector<RevisionPtr>& revisions, const HistoryLimit& limit, int stage, Plan& plan) {
  std::vector<RevisionPtr> spare;
  std::ranges::copy_if(revisions, std::back_inserter(spare), [&](const RevisionPtr& revision) {
    return !limit.live.contains(revision->metadata.name) && !revision->metadata.deletionTimestamp;
  });
  const std::ptrdiff_t surplus = std::ssize(spare) - std::max(limit.kept, 0);
  for (std::ptrdiff_t i = 0; i < surplus; ++i) plan.remove(*spare[i]).stage = stage;
}

}  // namespace charon::control
