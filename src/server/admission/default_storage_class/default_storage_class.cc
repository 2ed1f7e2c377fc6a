#include "server/admission/default_storage_class/default_storage_class.h"

#include "codec/tree.h"
#include "server/admission/default_class.h"

namespace charon::server {
namespace {

constexpr std::string_view kOldClassAnnotation = "volume.beta.kubernetes.io/storage-class";

class DefaultStorageClass final : public AdmissionPlugin {
 public:
  explicit DefaultStorageClass(Caches& caches)
      : classes_(caches.of(*model::find_kind({"storage.k8s.io", "v1"}, "StorageClass"))),
        claim_(model::find_kind({"", "v1"}, "PersistentVolumeClaim")) {}
  std::string_view name() const override { return "DefaultStorageClass"; }

  rt::Task<Result<void>> admit(AdmissionReview review) override {
    const Request& request = *review.request;
    if (review.operation != Operation::Create || request.kind != claim_ || !request.subresource.empty())
      co_return Result<void>();
    // An empty name is a name: it asks for no class.
    bool named = codec::find_path(*review.object, {"spec", "storageClassName"}) != nullptr ||
                 codec::find_path(*review.object, {"metadata", "annotations", kOldClassAnnotation}) != nullptr;
    if (named) co_return Result<void>();
    DocumentPtr found = default_class(
        classes_, {"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"});
    if (found) codec::ensure_object(*review.object, {"spec"})["storageClassName"] = found->key().name;
    co_return Result<void>();
  }

 private:
  const Cache& classes_;
  const model::Kind* claim_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_default_storage_class(Caches& caches) {
  return std::make_unique<DefaultStorageClass>(caches);
}

}  // namespace charon::server
