#include "controllers/resourcequota/controller.h"

#include <algorithm>

#include "control/kinds.h"
#include "controllers/resourcequota/plan.h"

namespace charon::controllers::resourcequota {
namespace {

using core::v1::PersistentVolumeClaim;
using core::v1::Pod;
using core::v1::ResourceQuota;
using core::v1::Service;
using model::QuotaObject;

bool bounds(const ResourceQuota& quota, std::string_view resource) {
  return std::ranges::any_of(quota.spec.hard,
                             [resource](const auto& entry) { return model::quota_counts(resource, entry.first); });
}

QuotaObject object_of(const model::Document& document, const std::string& resource) {
  QuotaObject object;
  object.resource = resource;
  if (resource == "pods") object.pod = document.as<Pod>();
  if (resource == "services") object.service = document.as<Service>();
  if (resource == "persistentvolumeclaims") object.claim = document.as<PersistentVolumeClaim>();
  return object;
}

// What a quota says, not what is said of it: its status changes with every charge.
void keys_of_quota(const control::Change& change, const control::View&, std::vector<control::Key>& keys) {
  if (!change.now) return;
  auto now = change.now->as<ResourceQuota>();
  if (change.before && change.before->as<ResourceQuota>()->spec == now->spec && now->status.hard == now->spec.hard) return;
  keys.push_back({change.now->key()});
}

// Objects that go, or use another amount than before, free what quotas bound. New ones have been charged.
void keys_of_object(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  if (!change.before) return;
  const model::ObjectKey& key = change.before->key();
  std::string resource;
  for (const auto& quota : view.list<ResourceQuota>(key.ns)) {
    if (resource.empty()) resource = change.kind.group_resource();
    if (!bounds(*quota, resource)) continue;
    if (change.now) {
      QuotaObject before = object_of(*change.before, resource);
      QuotaObject now = object_of(*change.now, resource);
      if (!now.pod && !now.service && !now.claim) return;  // there is one, as before
      Time any;
      if (model::quota_usage(before, any) == model::quota_usage(now, any) &&
          model::in_quota_scope(quota->spec, before) == model::in_quota_scope(quota->spec, now))
        continue;
    }
    keys.push_back({{key.ns, quota->metadata.name}});
  }
}

// Of a resource with several versions one, so that nothing is counted twice.
std::vector<model::KindRef> bounded_kinds(const model::KindRegistry& registry) {
  std::vector<model::KindRef> kinds;
  for (model::KindRef& kind : control::deletable_kinds(registry)) {
    bool known = std::ranges::any_of(kinds, [&kind](const model::KindRef& other) {
      return other->plural == kind->plural && other->gv.group == kind->gv.group;
    });
    if (kind->namespaced && !known) kinds.push_back(std::move(kind));
  }
  return kinds;
}

}  // namespace

std::vector<control::Watch> ResourceQuotaController::watches() const {
  std::vector<control::Watch> watches{control::Watch{&client::kind_of<ResourceQuota>(), keys_of_quota}};
  for (model::KindRef& kind : bounded_kinds(registry_)) watches.push_back({std::move(kind), keys_of_object});
  return watches;
}

control::Plan ResourceQuotaController::reconcile(const control::Request& request, const control::View& view, Time now) const {
  State state;
  state.quota = view.get<ResourceQuota>(request.key.object);
  if (!state.quota || state.quota->metadata.deletionTimestamp) return {};
  for (const model::KindRef& kind : bounded_kinds(registry_)) {
    std::string resource = kind->group_resource();
    if (!bounds(*state.quota, resource)) continue;
    for (const model::DocumentPtr& document : view.of(*kind).documents(request.key.object.ns))
      state.objects.push_back(object_of(*document, resource));
  }
  return plan_usage(state, now);
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings) {
  return std::make_unique<ResourceQuotaController>(*settings.kinds);
}

}  // namespace charon::controllers::resourcequota
