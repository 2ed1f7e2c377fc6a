#include "server/admission/default_ingress_class/default_ingress_class.h"

#include "codec/tree.h"
#include "server/admission/default_class.h"

namespace charon::server {
namespace {

class DefaultIngressClass final : public AdmissionPlugin {
 public:
  explicit DefaultIngressClass(Caches& caches)
      : classes_(caches.of(*model::find_kind({"networking.k8s.io", "v1"}, "IngressClass"))),
        ingress_(model::find_kind({"networking.k8s.io", "v1"}, "Ingress")) {}
  std::string_view name() const override { return "DefaultIngressClass"; }

  rt::Task<Result<void>> admit(AdmissionReview review) override {
    const Request& request = *review.request;
    if (review.operation != Operation::Create || request.kind != ingress_ || !request.subresource.empty())
      co_return Result<void>();
    bool named = codec::find_path(*review.object, {"spec", "ingressClassName"}) != nullptr ||
                 codec::find_path(*review.object, {"metadata", "annotations", "kubernetes.io/ingress.class"}) != nullptr;
    if (named) co_return Result<void>();
    DocumentPtr found = default_class(classes_, {"ingressclass.kubernetes.io/is-default-class"});
    if (found) codec::ensure_object(*review.object, {"spec"})["ingressClassName"] = found->key().name;
    co_return Result<void>();
  }

 private:
  const Cache& classes_;
  const model::Kind* ingress_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_default_ingress_class(Caches& caches) {
  return std::make_unique<DefaultIngressClass>(caches);
}

}  // namespace charon::server
