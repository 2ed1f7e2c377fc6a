#include "server/admission/storage_object_in_use_protection/storage_object_in_use_protection.h"

#include <boost/json.hpp>

#include "codec/tree.h"
#include "model/kind.h"

namespace charon::server {
namespace {

class StorageObjectInUseProtection final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "StorageObjectInUseProtection"; }

  rt::Task<Result<void>> admit(AdmissionReview review) override {
    const Request& request = *review.request;
    if (review.operation != Operation::Create || !request.subresource.empty()) co_return Result<void>();
    if (request.kind.get() == claim_) add_finalizer(*review.object, "kubernetes.io/pvc-protection");
    if (request.kind.get() == volume_) add_finalizer(*review.object, "kubernetes.io/pv-protection");
    co_return Result<void>();
  }

 private:
  static void add_finalizer(codec::Value& object, std::string_view name) {
    codec::Value& member = codec::ensure_object(object, {"metadata"})["finalizers"];
    if (!member.is_array()) member.emplace_array();
    for (const codec::Value& present : member.get_array())
      if (present.is_string() && codec::view(present.get_string()) == name) return;
    member.get_array().emplace_back(name);
  }

  const model::Kind* claim_ = model::find_kind({"", "v1"}, "PersistentVolumeClaim");
  const model::Kind* volume_ = model::find_kind({"", "v1"}, "PersistentVolume");
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_storage_object_in_use_protection() {
  return std::make_unique<StorageObjectInUseProtection>();
}

}  // namespace charon::server
