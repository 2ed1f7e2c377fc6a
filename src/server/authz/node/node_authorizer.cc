#include "server/authz/node/node_authorizer.h"

#include <algorithm>
#include <array>

#include "api/core/v1/types.h"
#include "api/resource/v1/types.h"
#include "api/storage/v1/types.h"
#include "client/typed.h"
#include "server/authz/bootstrap_policy.h"
#include "server/authz/node/graph.h"
#include "server/authz/policy_rule.h"

namespace charon::server {
namespace {

constexpr std::string_view kUserPrefix = "system:node:";
constexpr std::string_view kNodesGroup = "system:nodes";
constexpr std::string_view kLeaseNamespace = "kube-node-lease";

Decision allowed() { return {true, ""}; }
Decision refused(std::string reason) { return {false, std::move(reason)}; }

bool is_one_of(std::string_view verb, std::initializer_list<std::string_view> verbs) {
  return std::ranges::find(verbs, verb) != verbs.end();
}

bool selects(const Attributes& attributes, std::string_view path, std::string_view value) {
  return std::ranges::any_of(attributes.field_requirements, [&](const model::FieldRequirement& requirement) {
    return requirement.path == path && requirement.equal && requirement.value == value;
  });
}

class NodeAuthorizer final : public Authorizer {
 public:
  explicit NodeAuthorizer(Caches& caches)
      : graph_(caches),
        rules_(node_rules()),
        pods_(caches.of(client::kind_of<core::v1::Pod>())),
        attachments_(caches.of(client::kind_of<storage::v1::VolumeAttachment>())),
        slices_(caches.of(client::kind_of<resource::v1::ResourceSlice>())) {}

  Decision authorize(const Attributes& attributes) const override {
    auto node = node_of(*attributes.user);
    if (!node) return {};
    if (node->empty()) return refused("unknown node for user \"" + attributes.user->name + "\"");
    if (attributes.resource_request)
      if (auto decision = authorize_resource(*node, attributes)) return *std::move(decision);
    return {rules_allow(rules_, attributes), ""};
  }

  UserRules rules_for(const User& user, std::string_view) const override {
    if (!node_of(user)) return {};
    return {{}, true, "node authorizer does not support user rule resolution"};
  }

 private:
  using Type = NodeGraph::Type;

  // nullopt: the rules decide.
  std::optional<Decision> authorize_resource(std::string_view node, const Attributes& asked) const {
    auto is = [&asked](std::string_view group, std::string_view resource) {
      return asked.group == group && asked.resource == resource;
    };
    if (is("", "secrets")) return authorize_read(node, Type::Secret, asked);
    if (is("", "configmaps")) return authorize_read(node, Type::ConfigMap, asked);
    if (is("", "persistentvolumeclaims") && asked.subresource == "status") return authorize_claim_status(node, asked);
    if (is("", "persistentvolumeclaims")) return authorize_get(node, asked, uses(node, Type::Claim, asked));
    if (is("", "persistentvolumes")) return authorize_get(node, asked, graph_.uses_volume(node, asked.name));
    if (is("resource.k8s.io", "resourceclaims")) return authorize_get(node, asked, uses(node, Type::ResourceClaim, asked));
    if (is("storage.k8s.io", "volumeattachments")) return authorize_get(node, asked, attaches(node, asked.name));
    if (is("", "serviceaccounts")) return authorize_account(node, asked);
    if (is("coordination.k8s.io", "leases")) return authorize_lease(node, asked);
    if (is("storage.k8s.io", "csinodes")) return authorize_csi_node(node, asked);
    if (is("resource.k8s.io", "resourceslices")) return authorize_slice(node, asked);
    if (is("", "nodes")) return authorize_node(node, asked);
    if (is("", "pods")) return authorize_pod(node, asked);
    return std::nullopt;
  }

  bool uses(std::string_view node, Type type, const Attributes& asked) const {
    return graph_.uses(node, type, asked.ns, asked.name);
  }
  bool attaches(std::string_view node, const std::string& name) const {
    DocumentPtr found = attachments_.get({"", name});
    return found && found->as<storage::v1::VolumeAttachment>()->spec.nodeName == node;
  }
  bool runs(std::string_view node, const Attributes& asked) const {
    DocumentPtr found = pods_.get({std::string(asked.ns), asked.name});
    return found && found->as<core::v1::Pod>()->spec.nodeName == node;
  }
  bool owns_slice(std::string_view node, const std::string& name) const {
    DocumentPtr found = slices_.get({"", name});
    return found && found->as<resource::v1::ResourceSlice>()->spec.nodeName == node;
  }

  static Decision related(std::string_view node, const Attributes& asked, bool is) {
    if (asked.name.empty()) return refused("No Object name found");
    if (is) return allowed();
    return refused("no relationship found between node '" + std::string(node) + "' and this object");
  }

  static Decision authorize_get(std::string_view node, const Attributes& asked, bool is) {
    if (asked.verb != "get") return refused("can only get individual resources of this type");
    if (!asked.subresource.empty()) return refused("cannot get subresource");
    return related(node, asked, is);
  }

  Decision authorize_read(std::string_view node, Type type, const Attributes& asked) const {
    if (!is_one_of(asked.verb, {"get", "list", "watch"})) return refused("can only read resources of this type");
    if (!asked.subresource.empty()) return refused("cannot read subresource");
    if (asked.ns.empty()) return refused("can only read namespaced object of this type");
    return related(node, asked, uses(node, type, asked));
  }

  Decision authorize_claim_status(std::string_view node, const Attributes& asked) const {
    if (!is_one_of(asked.verb, {"update", "patch"})) return refused("can only get/update/patch this type");
    return related(node, asked, uses(node, Type::Claim, asked));
  }

  Decision authorize_account(std::string_view node, const Attributes& asked) const {
    if (asked.verb == "get" && asked.subresource.empty()) return related(node, asked, uses(node, Type::ServiceAccount, asked));
    if (asked.verb != "create" || asked.name.empty()) return refused("can only create tokens for individual service accounts");
    if (asked.subresource != "token") return refused("can only create token subresource of serviceaccount");
    return related(node, asked, uses(node, Type::ServiceAccount, asked));
  }

  // The name of what is created is for NodeRestriction to check.
  static Decision authorize_lease(std::string_view node, const Attributes& asked) {
    if (!is_one_of(asked.verb, {"get", "create", "update", "patch", "delete"}))
      return refused("can only get, create, update, patch, or delete a node lease");
    if (asked.ns != kLeaseNamespace)
      return refused("can only access leases in the \"" + std::string(kLeaseNamespace) + "\" system namespace");
    if (asked.verb != "create" && asked.name != node)
      return refused("can only access node lease with the same name as the requesting node");
    return allowed();
  }

  static Decision authorize_csi_node(std::string_view node, const Attributes& asked) {
    if (!is_one_of(asked.verb, {"get", "create", "update", "patch", "delete"}))
      return refused("can only get, create, update, patch, or delete a CSINode");
    if (!asked.subresource.empty()) return refused("cannot authorize CSINode subresources");
    if (asked.verb != "create" && asked.name != node)
      return refused("can only access CSINode with the same name as the requesting node");
    return allowed();
  }

  Decision authorize_slice(std::string_view node, const Attributes& asked) const {
    if (!asked.subresource.empty()) return refused("cannot authorize ResourceSlice subresources");
    if (asked.verb == "create") return allowed();
    if (is_one_of(asked.verb, {"get", "update", "patch", "delete"})) return related(node, asked, owns_slice(node, asked.name));
    if (is_one_of(asked.verb, {"watch", "list", "deletecollection"})) {
      if (selects(asked, "spec.nodeName", node)) return allowed();
      return refused("can only list/watch/deletecollection resourceslices with nodeName field selector");
    }
    return refused(
        "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, "
        "deletecollection");
  }

  // By name, not by the graph, so that a node can look for its object before that exists.
  static Decision authorize_node(std::string_view node, const Attributes& asked) {
    if (asked.subresource == "status" && is_one_of(asked.verb, {"update", "patch"})) return allowed();
    if (!asked.subresource.empty()) return {};
    if (is_one_of(asked.verb, {"create", "update", "patch"})) return allowed();
    if (!is_one_of(asked.verb, {"get", "list", "watch"})) return {};
    if (asked.name == node) return allowed();
    std::string own = "node '" + std::string(node) + "' cannot read ";
    if (asked.name.empty()) return refused(own + "all nodes, only its own Node object");
    return refused(own + "'" + asked.name + "', only its own Node object");
  }

  Decision authorize_pod(std::string_view node, const Attributes& asked) const {
    if (asked.subresource == "status") return {is_one_of(asked.verb, {"update", "patch"}), ""};
    if (asked.subresource == "eviction") return {asked.verb == "create", ""};
    if (!asked.subresource.empty()) return {};
    if (is_one_of(asked.verb, {"create", "delete"})) return allowed();
    if (asked.verb == "get") return related(node, asked, runs(node, asked));
    if (!is_one_of(asked.verb, {"list", "watch"})) return {};
    if (selects(asked, "spec.nodeName", node)) return allowed();
    if (!asked.name.empty()) return related(node, asked, runs(node, asked));
    return refused("can only list/watch pods with spec.nodeName field selector");
  }

  NodeGraph graph_;
  std::vector<rbac::v1::PolicyRule> rules_;
  Cache& pods_;
  Cache& attachments_;
  Cache& slices_;
};

}  // namespace

std::optional<std::string_view> node_of(const User& user) {
  std::string_view name = user.name;
  if (!name.starts_with(kUserPrefix) || !user.in_group(kNodesGroup)) return std::nullopt;
  return name.substr(kUserPrefix.size());
}

std::unique_ptr<Authorizer> make_node_authorizer(Caches& caches) { return std::make_unique<NodeAuthorizer>(caches); }

}  // namespace charon::server
