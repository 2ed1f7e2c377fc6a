#include "scheduler/plugins/volume_binding/volume_binding.h"

#include "scheduler/plugins/volume_binding/volume_plan.h"

namespace charon::scheduler {

namespace {

class Filter final : public NodeFilter {
 public:
  Filter(const Storage& storage, PodClaims claims) : storage_(storage), claims_(std::move(claims)) {}
  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    auto plan = plan_volumes(storage_, claims_, node);
    if (plan) return Verdict::Fits;
    reasons.add(plan.error());
    return Verdict::Unresolvable;
  }

 private:
  const Storage& storage_;
  PodClaims claims_;
};

class VolumeBinding final : public Plugin {
 public:
  std::string_view name() const override { return "VolumeBinding"; }
  Prepared prepare(const Snapshot& snapshot, const PodInfo& pod) const override {
    Prepared out;
    if (pod.claims.empty()) return out;
    PodClaims claims = claims_of(snapshot.storage(), pod);
    if (claims.rejection)
      out.rejection = std::move(claims.rejection);
    else
      out.filter = std::make_unique<Filter>(snapshot.storage(), std::move(claims));
    return out;
  }
  Changes helped_by() const override { return kNodeAdded | kNodeLabels | kStorage; }
};

}  // namespace

std::unique_ptr<Plugin> make_volume_binding() { return std::make_unique<VolumeBinding>(); }

}  // namespace charon::scheduler
