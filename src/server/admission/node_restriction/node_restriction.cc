#include "server/admission/node_restriction/node_restriction.h"

#include <algorithm>
#include <array>
#include <set>

#include "api/authentication/v1/types.h"
#include "api/core/v1/types.h"
#include "codec/tree.h"
#include "schema/convert.h"
#include "server/admission/node_restriction/token_audience.h"
#include "server/api.h"
#include "server/authz/node/node_authorizer.h"
#include "server/pod_references.h"

namespace charon::server {
namespace {

using core::v1::Node;
using core::v1::Pod;

constexpr std::string_view kMirrorAnnotation = "kubernetes.io/config.mirror";
constexpr std::string_view kLeaseNamespace = "kube-node-lease";

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string_view prefix_of(std::string_view label) {
  std::size_t slash = label.find('/');
  return slash == std::string_view::npos ? std::string_view() : label.substr(0, slash);
}

bool is_or_below(std::string_view name, std::string_view domain) {
  return name == domain ||
         (name.size() > domain.size() && name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.');
}

// The labels in Kubernetes' own domains that an agent may set (k8s.io/kubelet/pkg/apis).
bool is_agent_label(std::string_view label) {
  constexpr std::array<std::string_view, 12> kLabels = {"kubernetes.io/hostname",
                                                        "topology.kubernetes.io/zone",
                                                        "topology.kubernetes.io/region",
                                                        "failure-domain.beta.kubernetes.io/zone",
                                                        "node.kubernetes.io/instance-type",
                                                        "failure-domain.beta.kubernetes.io/region",
                                                        "kubernetes.io/os",
                                                        "beta.kubernetes.io/instance-type",
                                                        "kubernetes.io/arch",
                                                        "beta.kubernetes.io/os",
                                                        "beta.kubernetes.io/arch",
                                                        "node.kubernetes.io/windows-build"};
  std::string_view prefix = prefix_of(label);
  return std::ranges::find(kLabels, label) != kLabels.end() || is_or_below(prefix, "kubelet.kubernetes.io") ||
         is_or_below(prefix, "node.kubernetes.io");
}

bool is_forbidden_label(std::string_view label) {
  std::string_view prefix = prefix_of(label);
  if (is_or_below(prefix, "node-restriction.kubernetes.io")) return true;
  return (is_or_below(prefix, "kubernetes.io") || is_or_below(prefix, "k8s.io")) && !is_agent_label(label);
}

// Those that differ and are not the node's to change, separated by commas.
template <class Labels>
std::string forbidden_labels(const Labels& now, const Labels& then) {
  std::set<std::string> forbidden;
  auto look = [&forbidden](const Labels& left, const Labels& right) {
    for (const auto& [key, value] : left) {
      auto other = right.find(key);
      if ((other == right.end() || other->second != value) && is_forbidden_label(key)) forbidden.insert(key);
    }
  };
  look(now, then);
  look(then, now);
  std::string text;
  for (const std::string& label : forbidden) text += (text.empty() ? "" : ", ") + label;
  return text;
}

class NodeRestriction final : public AdmissionPlugin {
 public:
  NodeRestriction(Caches& caches, const Authorizer* authorizer)
      : caches_(caches),
        authorizer_(authorizer),
        pods_(caches.of(*model::find_kind({"", "v1"}, "Pod"))),
        nodes_(caches.of(*model::find_kind({"", "v1"}, "Node"))) {}
  std::string_view name() const override { return "NodeRestriction"; }

  rt::Task<Result<void>> admit(AdmissionReview review) override {
    auto node = node_of(review.request->user);
    if (!node || review.operation == Operation::Connect) co_return Result<void>();
    auto checked = check(*node, review);
    if (!checked) co_return fail(std::move(checked.error()));
    co_return Result<void>();
  }

 private:
  Result<void> check(std::string_view node, const AdmissionReview& review) const {
    const Request& request = *review.request;
    if (node.empty()) return refuse(review, "could not determine node from user " + quoted(request.user.name));
    std::string_view group = request.kind->gv.group;
    std::string_view resource = request.kind->plural;
    if (group.empty() && resource == "pods") return check_pods(node, review);
    if (group.empty() && resource == "nodes") return check_node(node, review);
    if (group.empty() && resource == "persistentvolumeclaims") return check_claim(node, review);
    if (group.empty() && resource == "serviceaccounts") return check_token(node, review);
    if (group == "coordination.k8s.io" && resource == "leases") return check_lease(node, review);
    if (group == "storage.k8s.io" && resource == "csinodes")
      return check_name(node, review, "can only access CSINode with the same name as the requesting node");
    if (group == "resource.k8s.io" && resource == "resourceslices") return check_slice(node, review);
    return {};
  }

  static std::unexpected<Error> refuse(const AdmissionReview& review, std::string_view why) {
    return fail(admission_forbidden(*review.request, why));
  }
  static std::string node_text(std::string_view node) { return "node " + quoted(node); }

  Result<void> check_pods(std::string_view node, const AdmissionReview& review) const {
    const std::string& subresource = review.request->subresource;
    if (subresource.empty()) return check_pod(node, review);
    if (subresource == "status") return check_pod_status(node, review);
    if (subresource != "eviction")
      return refuse(review, "unexpected pod subresource " + quoted(subresource) + ", only 'status' and 'eviction' are allowed");
    DocumentPtr pod = pods_.get({review.request->ns, review.request->name});
    if (!pod) return fail(not_found(pods_.kind(), review.request->name));
    if (pod->as<Pod>()->spec.nodeName != node)
      return refuse(review, "node " + std::string(node) + " can only evict pods with spec.nodeName set to itself");
    return {};
  }

  Result<void> check_pod(std::string_view node, const AdmissionReview& review) const {
    if (review.operation == Operation::Create) {
      TRY_ASSIGN(Pod pod, schema::from_tree<Pod>(*review.object));
      return check_mirror_pod(node, pod, review);
    }
    if (review.operation != Operation::Delete)
      return refuse(review, "unexpected operation " + quoted(operation_name(review.operation)) + ", " + node_text(node) +
                                " can only create and delete mirror pods");
    DocumentPtr pod = pods_.get({review.request->ns, review.request->name});
    if (!pod) return fail(not_found(pods_.kind(), review.request->name));
    if (pod->as<Pod>()->spec.nodeName != node)
      return refuse(review, node_text(node) + " can only delete pods with spec.nodeName set to itself");
    return {};
  }

  Result<void> check_mirror_pod(std::string_view node, const Pod& pod, const AdmissionReview& review) const {
    if (!pod.metadata.annotations.contains(kMirrorAnnotation))
      return refuse(review, "pod does not have " + quoted(kMirrorAnnotation) + " annotation, " + node_text(node) +
                                " can only create mirror pods");
    if (pod.spec.nodeName != node)
      return refuse(review, node_text(node) + " can only create pods with spec.nodeName set to itself");
    TRY(check_owner(node, pod, review));
    auto names = [&](std::string_view what) {
      return node_text(node) + " can not create pods that reference " + std::string(what);
    };
    if (!pod.spec.serviceAccountName.empty()) return refuse(review, names("a service account"));
    PodReferences named = references_of(pod);
    if (!named.secrets.empty()) return refuse(review, names("secrets"));
    if (!named.config_maps.empty()) return refuse(review, names("configmaps"));
    for (const auto& volume : pod.spec.volumes)
      if (volume.volumeSource.projected)
        for (const auto& source : volume.volumeSource.projected->sources)
          if (source.clusterTrustBundle) return refuse(review, names("clustertrustbundles"));
    if (!named.claims.empty()) return refuse(review, names("persistentvolumeclaims"));
    if (!pod.spec.resourceClaims.empty()) return refuse(review, names("resourceclaims"));
    return {};
  }

  Result<void> check_owner(std::string_view node, const Pod& pod, const AdmissionReview& review) const {
    const auto& owners = pod.metadata.ownerReferences;
    std::string only = node_text(node) + " can only create pods with ";
    if (owners.size() > 1) return refuse(review, only + "a single owner reference set to itself");
    if (owners.empty() || owners[0].apiVersion != "v1" || owners[0].kind != "Node" || owners[0].name != node)
      return refuse(review, only + "an owner reference set to itself");
    if (!owners[0].controller.value_or(false)) return refuse(review, only + "a controller owner reference set to itself");
    if (owners[0].blockOwnerDeletion.value_or(false))
      return refuse(review, node_text(node) + " must not set blockOwnerDeletion on an owner reference");
    DocumentPtr own = nodes_.get({"", std::string(node)});
    if (!own) return fail(not_found(nodes_.kind(), node));
    if (owners[0].uid != own->uid())
      return refuse(review, "node " + std::string(node) + " UID mismatch: expected " + owners[0].uid + " got " + own->uid());
    return {};
  }

  Result<void> check_pod_status(std::string_view node, const AdmissionReview& review) const {
    if (review.operation != Operation::Update)
      return refuse(review, "unexpected operation " + quoted(operation_name(review.operation)));
    auto before = review.before->as<Pod>();
    TRY_ASSIGN(Pod after, schema::from_tree<Pod>(*review.object));
    if (before->spec.nodeName != node)
      return refuse(review, node_text(node) + " can only update pod status for pods with spec.nodeName set to itself");
    if (before->metadata.labels != after.metadata.labels)
      return refuse(review, node_text(node) + " cannot update labels through pod status");
    if (before->status.resourceClaimStatuses != after.status.resourceClaimStatuses)
      return refuse(review, node_text(node) + " cannot update resource claim statues");
    if (before->status.extendedResourceClaimStatus != after.status.extendedResourceClaimStatus)
      return refuse(review, node_text(node) + " cannot update extended resource claim status");
    return {};
  }

  Result<void> check_node(std::string_view node, const AdmissionReview& review) const {
    if (review.request->name != node)
      return refuse(review, node_text(node) + " is not allowed to modify node " + quoted(review.request->name));
    if (review.object == nullptr) return {};
    TRY_ASSIGN(Node after, schema::from_tree<Node>(*review.object));
    if (review.operation == Operation::Create) {
      std::string labels = forbidden_labels(after.metadata.labels, {});
      if (!labels.empty()) return refuse(review, node_text(node) + " is not allowed to set the following labels: " + labels);
      return {};
    }
    auto before = review.before->as<Node>();
    if (after.spec.configSource && after.spec.configSource != before->spec.configSource)
      return refuse(review, node_text(node) + " is not allowed to update configSource to a new non-nil configSource");
    if (after.spec.taints != before->spec.taints) return refuse(review, node_text(node) + " is not allowed to modify taints");
    std::string labels = forbidden_labels(after.metadata.labels, before->metadata.labels);
    if (!labels.empty()) return refuse(review, "is not allowed to modify labels: " + labels);
    return {};
  }

  Result<void> check_claim(std::string_view node, const AdmissionReview& review) const {
    if (review.request->subresource != "status") return refuse(review, "may only update PVC status");
    if (review.operation != Operation::Update)
      return refuse(review, "unexpected operation " + quoted(operation_name(review.operation)));
    auto plain = [](codec::Value claim) {
      codec::Object& status = codec::ensure_object(claim, {"status"});
      for (std::string_view member : {"capacity", "conditions", "allocatedResourceStatuses", "allocatedResources"})
        status.erase(member);
      codec::Object& meta = codec::ensure_object(claim, {"metadata"});
      for (std::string_view member : {"resourceVersion", "managedFields"}) meta.erase(member);
      return claim;
    };
    if (codec::equal(plain(*review.object), plain(review.before->tree()))) return {};
    return refuse(review,
                  node_text(node) + " is not allowed to update fields other than status.capacity and status.conditions");
  }

  // A node gets tokens for the pods on it, and for nothing else.
  Result<void> check_token(std::string_view node, const AdmissionReview& review) const {
    if (review.operation != Operation::Create || review.request->subresource != "token") return {};
    TRY_ASSIGN(auto asked, schema::from_tree<authentication::v1::TokenRequest>(*review.object));
    const auto& bound = asked.spec.boundObjectRef;
    if (!bound || bound->apiVersion != "v1" || bound->kind != "Pod" || bound->name.empty())
      return refuse(review, "node requested token not bound to a pod");
    if (bound->uid.empty()) return refuse(review, "node requested token with a pod binding without a uid");
    DocumentPtr pod = pods_.get({review.request->ns, bound->name});
    if (!pod) return fail(not_found(pods_.kind(), bound->name));
    if (bound->uid != pod->uid())
      return refuse(review, "the UID in the bound object reference (" + bound->uid +
                                ") does not match the UID in record. The object might have been deleted and then recreated");
    if (pod->as<Pod>()->spec.nodeName != node)
      return refuse(review, "node requested token bound to a pod scheduled on a different node");
    return check_audiences(asked.spec.audiences, *pod->as<Pod>(), review);
  }

  Result<void> check_audiences(const std::vector<std::string>& audiences, const Pod& pod, const AdmissionReview& review) const {
    if (audiences.size() > 1) return refuse(review, "node may only request 0 or 1 audiences");
    const std::string audience = audiences.empty() ? "" : audiences.front();
    if (references_audience(caches_, pod, audience)) return {};
    const Request& request = *review.request;
    std::string why = "audience " + quoted(audience) + " not found in pod spec volume";
    if (authorizer_ == nullptr) return refuse(review, why);
    Attributes attributes;
    attributes.user = &request.user;
    attributes.verb = "request-serviceaccounts-token-audience";
    attributes.version = "v1";
    attributes.resource = audience;
    attributes.ns = request.ns;
    attributes.name = request.name;
    if (authorizer_->authorize(attributes).allowed) return {};
    return refuse(review, why + ", " + request.user.name + " is not authorized to request tokens for this audience");
  }

  static Result<void> check_lease(std::string_view node, const AdmissionReview& review) {
    if (review.request->ns != kLeaseNamespace)
      return refuse(review, "can only access leases in the " + quoted(kLeaseNamespace) + " system namespace");
    return check_name(node, review, "can only access node lease with the same name as the requesting node");
  }

  static Result<void> check_name(std::string_view node, const AdmissionReview& review, std::string_view why) {
    if (review.request->name != node) return refuse(review, why);
    return {};
  }

  static Result<void> check_slice(std::string_view node, const AdmissionReview& review) {
    constexpr std::string_view kWhy = "can only create ResourceSlice with the same NodeName as the requesting node";
    if (review.operation == Operation::Create && codec::string_at_path(*review.object, {"spec", "nodeName"}) != node)
      return refuse(review, kWhy);
    if (review.operation == Operation::Delete && review.before &&
        codec::string_at_path(review.before->tree(), {"spec", "nodeName"}) != node)
      return refuse(review, "can only delete ResourceSlice with the same NodeName as the requesting node");
    return {};
  }

  Caches& caches_;
  const Authorizer* authorizer_;
  Cache& pods_;
  Cache& nodes_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_node_restriction(Caches& caches, const Authorizer* authorizer) {
  return std::make_unique<NodeRestriction>(caches, authorizer);
}

}  // namespace charon::server
