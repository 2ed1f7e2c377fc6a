#include "server/admission/persistent_volume_claim_resize/persistent_volume_claim_resize.h"

#include "api/core/v1/types.h"
#include "api/storage/v1/types.h"
#include "codec/tree.h"
#include "schema/convert.h"

namespace charon::server {
namespace {

using core::v1::PersistentVolumeClaim;

Quantity size_of(const PersistentVolumeClaim& claim) {
  auto found = claim.spec.resources.requests.find("storage");
  return found == claim.spec.resources.requests.end() ? Quantity() : found->second;
}

std::string class_of(const PersistentVolumeClaim& claim) {
  auto old = claim.metadata.annotations.find("volume.beta.kubernetes.io/storage-class");
  return old != claim.metadata.annotations.end() ? old->second : claim.spec.storageClassName.value_or("");
}

class ClaimResize final : public AdmissionPlugin {
 public:
  explicit ClaimResize(Caches& caches)
      : classes_(caches.of(*model::find_kind({"storage.k8s.io", "v1"}, "StorageClass"))),
        claim_(model::find_kind({"", "v1"}, "PersistentVolumeClaim")) {}
  std::string_view name() const override { return "PersistentVolumeClaimResize"; }

  rt::Task<Result<void>> validate(AdmissionReview review) override {
    const Request& request = *review.request;
    if (review.operation != Operation::Update || request.kind != claim_ || !request.subresource.empty())
      co_return Result<void>();
    CO_TRY_ASSIGN(auto claim, schema::from_tree<PersistentVolumeClaim>(*review.object));
    auto before = review.before->as<PersistentVolumeClaim>();
    if (size_of(claim) <= size_of(*before)) co_return Result<void>();
    if (before->status.phase != "Bound")
      co_return fail(admission_forbidden(request, "Only bound persistent volume claims can be expanded"));
    if (!may_grow(class_of(claim), class_of(*before)))
      co_return fail(admission_forbidden(request,
                                         "only dynamically provisioned pvc can be resized and the storageclass that provisions "
                                         "the pvc must support resize"));
    co_return Result<void>();
  }

 private:
  bool may_grow(const std::string& name, const std::string& before) const {
    if (name.empty() || name != before) return false;
    DocumentPtr found = classes_.get({"", name});
    return found && found->as<storage::v1::StorageClass>()->allowVolumeExpansion.value_or(false);
  }

  const Cache& classes_;
  const model::Kind* claim_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_claim_resize(Caches& caches) { return std::make_unique<ClaimResize>(caches); }

}  // namespace charon::server
