#include "server/admission/namespace_lifecycle/namespace_lifecycle.h"

#include <algorithm>
#include <array>

#include "codec/tree.h"
#include "server/api.h"

namespace charon::server {
namespace {

constexpr std::array<std::string_view, 3> kImmortal = {"default", "kube-system", "kube-public"};

class NamespaceLifecycle final : public AdmissionPlugin {
 public:
  explicit NamespaceLifecycle(Caches& caches) : namespaces_(caches.of(*model::find_kind({"", "v1"}, "Namespace"))) {}
  std::string_view name() const override { return "NamespaceLifecycle"; }

  rt::Task<Result<void>> admit(AdmissionReview review) override { co_return check(review); }

 private:
  Result<void> check(const AdmissionReview& review) const {
    const Request& request = *review.request;
    const model::Kind& kind = *request.kind;
    if (review.operation == Operation::Delete && &kind == &namespaces_.kind() &&
        std::ranges::find(kImmortal, request.name) != kImmortal.end())
      return fail(Reason::Forbidden, "namespaces \"" + request.name + "\" is forbidden: this namespace may not be deleted");
    // To ask whether something would be allowed somewhere is always allowed.
    if (kind.gv.group == "authorization.k8s.io") return {};
    if (review.operation != Operation::Create || !kind.namespaced || !request.subresource.empty()) return {};
    DocumentPtr ns = namespaces_.get({"", request.ns});
    if (!ns) return fail(not_found(namespaces_.kind(), request.ns));
    if (codec::string_at_path(ns->tree(), {"status", "phase"}) != "Terminating") return {};
    auto details = std::make_shared<StatusDetails>();
    details->name = request.name;
    details->group = kind.gv.group;
    details->kind = kind.plural;
    details->causes.push_back(
        {"NamespaceTerminating", "namespace " + request.ns + " is being terminated", "metadata.namespace"});
    return fail(Error{Reason::Forbidden,
                      kind.group_resource() + " \"" + request.name +
                          "\" is forbidden: unable to create new content in namespace " + request.ns +
                          " because it is being terminated",
                      details});
  }

  Cache& namespaces_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_namespace_lifecycle(Caches& caches) {
  return std::make_unique<NamespaceLifecycle>(caches);
}

}  // namespace charon::server
