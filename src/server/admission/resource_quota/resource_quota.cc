#include "server/admission/resource_quota/resource_quota.h"

#include "codec/tree.h"
#include "schema/convert.h"
#include "server/admission/resource_quota/ledger.h"

namespace charon::server {
namespace {

using core::v1::PersistentVolumeClaim;
using core::v1::Pod;
using core::v1::Service;
using model::QuotaObject;

class ResourceQuotaAdmission final : public AdmissionPlugin {
 public:
  ResourceQuotaAdmission(rt::Loop& loop, store::Store& store, Caches& caches)
      : ledger_(loop, store, caches),
        pod_(model::find_kind({"", "v1"}, "Pod")),
        service_(model::find_kind({"", "v1"}, "Service")),
        claim_(model::find_kind({"", "v1"}, "PersistentVolumeClaim")) {}
  std::string_view name() const override { return "ResourceQuota"; }

  rt::Task<Result<void>> validate(AdmissionReview review) override {
    const Request& request = *review.request;
    if (review.operation == Operation::Delete || request.subresource == "eviction")
      ledger_.forget(*request.kind, {request.ns, request.name});
    if (!request.kind->namespaced || !counts(review)) co_return Result<void>();
    if (!ledger_.has_quotas(request.ns)) co_return Result<void>();
    QuotaCharge charge;
    charge.kind = request.kind;
    charge.key = {request.ns, request.name};
    charge.dry_run = request.dry_run;
    CO_TRY_ASSIGN(charge.object, object_of(*request.kind, *review.object));
    if (review.before) {
      CO_TRY_ASSIGN(charge.before, object_of(*request.kind, review.before->tree()));
      charge.before_revision = review.before->revision();
    }
    auto charging = ledger_.charge(std::move(charge));
    auto charged = co_await charging;
    if (!charged && charged.error().reason == Reason::Forbidden)
      co_return fail(admission_forbidden(request, charged.error().message));
    co_return charged;
  }

 private:
  // The type of a service and the size of a claim may change; what a pod asks for does so through /resize alone.
  bool counts(const AdmissionReview& review) const {
    if (review.request->kind == pod_ && review.request->subresource == "resize") return review.operation == Operation::Update;
    if (!review.request->subresource.empty()) return false;
    if (review.operation == Operation::Create) return true;
    return review.operation == Operation::Update && (review.request->kind == service_ || review.request->kind == claim_);
  }

  template <class T>
  static Result<std::shared_ptr<const T>> read(const codec::Value& tree) {
    TRY_ASSIGN(T object, schema::from_tree<T>(tree));
    return std::make_shared<const T>(std::move(object));
  }

  Result<QuotaObject> object_of(const model::Kind& kind, const codec::Value& tree) const {
    QuotaObject object;
    object.resource = kind.group_resource();
    if (&kind == pod_) {
      TRY_ASSIGN(object.pod, read<Pod>(tree));
    } else if (&kind == service_) {
      TRY_ASSIGN(object.service, read<Service>(tree));
    } else if (&kind == claim_) {
      TRY_ASSIGN(object.claim, read<PersistentVolumeClaim>(tree));
    }
    return object;
  }

  QuotaLedger ledger_;
  const model::Kind* pod_;
  const model::Kind* service_;
  const model::Kind* claim_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_resource_quota(rt::Loop& loop, store::Store& store, Caches& caches) {
  return std::make_unique<ResourceQuotaAdmission>(loop, store, caches);
}

}  // namespace charon::server
