#include "scheduler/volume_binder.h"

#include <algorithm>

#include "client/typed.h"
#include "codec/tree.h"

namespace charon::scheduler {

namespace {

using core::v1::PersistentVolume;

model::ObjectKey object_key(const std::string& claim) {
  std::size_t slash = claim.find('/');
  return {claim.substr(0, slash), claim.substr(slash + 1)};
}

codec::Value reservation(const PersistentVolume& volume, const Claim& claim) {
  codec::Object ref;
  ref["apiVersion"] = "v1";
  ref["kind"] = "PersistentVolumeClaim";
  ref["namespace"] = claim.metadata.namespace_;
  ref["name"] = claim.metadata.name;
  ref["uid"] = claim.metadata.uid;
  ref["resourceVersion"] = claim.metadata.resourceVersion;
  codec::Object metadata;
  metadata["resourceVersion"] = volume.metadata.resourceVersion;
  // A volume that names the claim already was reserved by somebody, and stays so when the claim goes.
  if (!volume.spec.claimRef) metadata["annotations"] = codec::Object{{kBoundByController, "yes"}};
  return codec::Object{{"metadata", std::move(metadata)}, {"spec", codec::Object{{"claimRef", std::move(ref)}}}};
}

}  // namespace

std::shared_ptr<const Claim> VolumeBinder::claim(const std::string& key) const {
  return informers_.of<Claim>().get<Claim>(object_key(key));
}

rt::Task<Result<void>> VolumeBinder::reserve(VolumePlan::Match match) {
  auto volume = informers_.of<PersistentVolume>().get<PersistentVolume>({"", match.volume});
  std::shared_ptr<const Claim> wanted = claim(match.claim);
  if (!volume || !wanted) co_return fail(Reason::Conflict, "persistent volume \"" + match.volume + "\" or its claim is gone");
  if (volume->spec.claimRef && volume->spec.claimRef->uid == wanted->metadata.uid) co_return Result<void>();
  client::ResourceRef ref{&client::kind_of<PersistentVolume>()};
  auto written = co_await transport_.patch(ref, {"", match.volume}, client::PatchType::Merge, reservation(*volume, *wanted));
  if (!written) co_return fail(std::move(written.error()));
  co_return Result<void>();
}

rt::Task<Result<void>> VolumeBinder::ask_for(std::string key, std::string node) {
  client::ResourceRef ref{&client::kind_of<Claim>()};
  codec::Object annotations{{kSelectedNode, node}};
  codec::Value patch = codec::Object{{"metadata", codec::Object{{"annotations", std::move(annotations)}}}};
  auto written = co_await transport_.patch(ref, object_key(key), client::PatchType::Merge, std::move(patch));
  if (!written) co_return fail(std::move(written.error()));
  // What is looked at below has to show it.
  auto& informer = informers_.of<Claim>();
  co_await informer.wait_revision((*written)->revision());
  co_return Result<void>();
}

Result<bool> VolumeBinder::all_bound(const VolumePlan& plan, const std::string& node) const {
  bool bound = true;
  for (const VolumePlan::Match& match : plan.matches) {
    auto now = claim(match.claim);
    if (!now) return fail(Reason::Conflict, "persistentvolumeclaim \"" + match.claim + "\" not found");
    if (!fully_bound(*now)) bound = false;
  }
  for (const std::string& key : plan.provisions) {
    auto now = claim(key);
    if (!now) return fail(Reason::Conflict, "persistentvolumeclaim \"" + key + "\" not found");
    if (fully_bound(*now)) continue;
    bound = false;
    auto selected = now->metadata.annotations.find(kSelectedNode);
    if (selected == now->metadata.annotations.end() || selected->second != node)
      return fail(Reason::Conflict, "provisioning failed for PVC \"" + now->metadata.name + "\"");
  }
  return bound;
}

rt::Task<Result<void>> VolumeBinder::carry_out(VolumePlan plan, std::string node, rt::Duration time_out) {
  for (const VolumePlan::Match& match : plan.matches) CO_TRY(co_await reserve(match));
  for (const std::string& key : plan.provisions) CO_TRY(co_await ask_for(key, node));
  const rt::Instant deadline = loop_.clock().now() + time_out;
  for (rt::Duration look = kFirstLook;; look = std::min(look * 2, kLastLook)) {
    CO_TRY_ASSIGN(bool bound, all_bound(plan, node));
    if (bound) co_return Result<void>();
    if (loop_.clock().now() >= deadline) co_return fail(Reason::Timeout, "context deadline exceeded");
    co_await rt::sleep(loop_, look);
  }
}

}  // namespace charon::scheduler
