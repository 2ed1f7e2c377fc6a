#include "server/authz/node/node_authorizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/authentication/v1/types.h"
#include "server/admission/node_restriction/node_restriction.h"
#include "server/in_process.h"
#include "server/server_for_test.h"

namespace charon::server {
namespace {

using testing::HasSubstr;

// Grants every node tokens of the account robot for one more audience.
class GrantsRegistry final : public Authorizer {
 public:
  Decision authorize(const Attributes& asked) const override {
    return {asked.verb == "request-serviceaccounts-token-audience" && asked.group.empty() && asked.resource == "registry" &&
                asked.name == "robot" && asked.ns == "default",
            ""};
  }
  UserRules rules_for(const User&, std::string_view) const override { return {}; }
};

class NodeAuthorizerTest : public testing::Test {
 protected:
  NodeAuthorizerTest() {
    must(R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"}})");
    must(R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"n2"}})");
    must(R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"robot","namespace":"default"}})");
    must(pod("web", "n1"));
  }

  // With all the ways to name an object.
  static std::string pod(std::string_view name, std::string_view node) {
    return R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":")" + std::string(name) +
           R"("},"spec":{"serviceAccountName":"robot","nodeName":")" + std::string(node) +
           R"(","imagePullSecrets":[{"name":"pull"}],
             "containers":[{"name":"c","image":"i","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"env","key":"k"}}}],
                            "envFrom":[{"configMapRef":{"name":"all"}}]}],
             "volumes":[{"name":"v","secret":{"secretName":"mounted"}},
                        {"name":"d","persistentVolumeClaim":{"claimName":"data"}},
                        {"name":"e","ephemeral":{"volumeClaimTemplate":{"spec":{"accessModes":["ReadWriteOnce"],
                                    "resources":{"requests":{"storage":"1Gi"}}}}}},
                        {"name":"i","csi":{"driver":"inline.example.com"}},
                        {"name":"p","projected":{"sources":[{"configMap":{"name":"part"}},
                            {"serviceAccountToken":{"path":"own"}},
                            {"serviceAccountToken":{"path":"vault","audience":"vault"}}]}}]}})";
  }
  DocumentPtr must(std::string_view json) {
    auto created = server_.create(json);
    EXPECT_TRUE(created) << created.error().message;
    return created ? *created : nullptr;
  }
  Decision ask(std::string_view node, std::string_view verb, std::string_view group, std::string_view resource,
               std::string name, std::string_view ns = "default", std::string_view subresource = "") {
    User user = user_of(node);
    Attributes attributes{.user = &user, .verb = verb, .group = group, .resource = resource, .subresource = subresource};
    attributes.ns = ns;
    attributes.name = std::move(name);
    return authorizer_->authorize(attributes);
  }
  bool may_get(std::string_view node, std::string_view resource, std::string name, std::string_view ns = "default") {
    return ask(node, "get", "", resource, std::move(name), ns).allowed;
  }
  static User user_of(std::string_view node) {
    User user;
    user.name = "system:node:" + std::string(node);
    user.groups = {"system:nodes", "system:authenticated"};
    return user;
  }
  std::unique_ptr<client::Transport> agent(std::string_view node) {
    return make_in_process_transport(*server_.api, *authorizer_, user_of(node));
  }

  GrantsRegistry grants_;
  ServerForTest server_{[this](Caches& caches) {
    std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
    plugins.push_back(make_node_restriction(caches, &grants_));
    return plugins;
  }};
  std::unique_ptr<Authorizer> authorizer_ = make_node_authorizer(server_.caches);
};

TEST_F(NodeAuthorizerTest, ANodeReadsWhatItsPodsName) {
  for (const char* secret : {"pull", "env", "mounted"}) {
    EXPECT_TRUE(may_get("n1", "secrets", secret)) << secret;
    EXPECT_FALSE(may_get("n2", "secrets", secret)) << secret;
    EXPECT_FALSE(may_get("n1", "secrets", secret, "kube-system")) << secret;
  }
  EXPECT_TRUE(may_get("n1", "configmaps", "all"));
  EXPECT_TRUE(may_get("n1", "configmaps", "part"));
  EXPECT_TRUE(may_get("n1", "persistentvolumeclaims", "data"));
  EXPECT_TRUE(may_get("n1", "persistentvolumeclaims", "web-e"));
  EXPECT_TRUE(ask("n1", "create", "", "serviceaccounts", "robot", "default", "token").allowed);
  EXPECT_FALSE(ask("n2", "create", "", "serviceaccounts", "robot", "default", "token").allowed);
  Decision refused = ask("n1", "get", "", "secrets", "other");
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.reason, "no relationship found between node 'n1' and this object");
  EXPECT_EQ(ask("n1", "list", "", "secrets", "").reason, "No Object name found");
  EXPECT_EQ(ask("n1", "update", "", "secrets", "pull").reason, "can only read resources of this type");
}

TEST_F(NodeAuthorizerTest, TheRightEndsWithThePodAndBeginsWithItsBinding) {
  must(pod("second", "n1"));
  ASSERT_TRUE(server_.remove(*model::find_kind({"", "v1"}, "Pod"), {"default", "web"}));
  EXPECT_TRUE(may_get("n1", "secrets", "pull"));  // the other pod names it too
  ASSERT_TRUE(server_.remove(*model::find_kind({"", "v1"}, "Pod"), {"default", "second"}));
  EXPECT_FALSE(may_get("n1", "secrets", "pull"));
  must(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"late","namespace":"default"},
           "spec":{"containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","secret":{"secretName":"late"}}]}})");
  EXPECT_FALSE(may_get("n2", "secrets", "late"));
  Request request;
  request.verb = "create";
  request.kind = model::find_kind({"", "v1"}, "Pod");
  request.subresource = "binding";
  request.ns = "default";
  request.name = "late";
  auto bound = server_.loop.run(server_.api->create(
      request, codec::parse_json(R"({"metadata":{"name":"late"},"target":{"kind":"Node","name":"n2"}})").value(), nullptr));
  ASSERT_TRUE(bound) << bound.error().message;
  EXPECT_TRUE(may_get("n2", "secrets", "late"));
}

TEST_F(NodeAuthorizerTest, AGraphThatIsMadeLaterSaysTheSame) {
  authorizer_ = make_node_authorizer(server_.caches);
  EXPECT_TRUE(may_get("n1", "secrets", "pull"));
  ASSERT_TRUE(server_.remove(*model::find_kind({"", "v1"}, "Pod"), {"default", "web"}));
  EXPECT_FALSE(may_get("n1", "secrets", "pull"));
}

TEST_F(NodeAuthorizerTest, AVolumeAndItsSecretsComeWithTheClaim) {
  must(R"({"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"disk"},"spec":{"capacity":{"storage":"1Gi"},
           "accessModes":["ReadWriteOnce"],"claimRef":{"namespace":"default","name":"data"},
           "csi":{"driver":"d","volumeHandle":"h","nodeStageSecretRef":{"name":"stage","namespace":"storage"},
                  "controllerPublishSecretRef":{"name":"controller","namespace":"storage"}}}})");
  EXPECT_TRUE(may_get("n1", "persistentvolumes", "disk", ""));
  EXPECT_FALSE(may_get("n2", "persistentvolumes", "disk", ""));
  EXPECT_TRUE(may_get("n1", "secrets", "stage", "storage"));
  EXPECT_FALSE(may_get("n2", "secrets", "stage", "storage"));
  EXPECT_FALSE(may_get("n1", "secrets", "controller", "storage"));
  ASSERT_TRUE(server_.remove(*model::find_kind({"", "v1"}, "PersistentVolume"), {"", "disk"}));
  EXPECT_FALSE(may_get("n1", "secrets", "stage", "storage"));
}

TEST_F(NodeAuthorizerTest, PodsAndNodesAreItsOwn) {
  EXPECT_TRUE(may_get("n1", "pods", "web"));
  EXPECT_FALSE(may_get("n2", "pods", "web"));
  EXPECT_TRUE(may_get("n1", "nodes", "n1", ""));
  EXPECT_EQ(ask("n1", "get", "", "nodes", "n2", "").reason, "node 'n1' cannot read 'n2', only its own Node object");
  EXPECT_EQ(ask("n1", "list", "", "pods", "", "").reason, "can only list/watch pods with spec.nodeName field selector");
  client::ListOptions options;
  options.field_selector = "spec.nodeName=n1";
  const model::Kind& pods = *model::find_kind({"", "v1"}, "Pod");
  EXPECT_TRUE(server_.loop.run(agent("n1")->list({&pods}, options)));
  EXPECT_FALSE(server_.loop.run(agent("n2")->list({&pods}, options)));
  // A list of one object by its name is as good as reading it.
  options.field_selector = "metadata.name=pull";
  options.ns = "default";
  const model::Kind& secrets = *model::find_kind({"", "v1"}, "Secret");
  EXPECT_TRUE(server_.loop.run(agent("n1")->list({&secrets}, options)));
  auto refused = server_.loop.run(agent("n2")->list({&secrets}, options));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "secrets \"pull\" is forbidden: User \"system:node:n2\" cannot list resource \"secrets\" in API group \"\" in the "
            "namespace \"default\": no relationship found between node 'n2' and this object");
}

TEST_F(NodeAuthorizerTest, LeasesAreItsOwn) {
  EXPECT_TRUE(ask("n1", "update", "coordination.k8s.io", "leases", "n1", "kube-node-lease").allowed);
  EXPECT_FALSE(ask("n1", "update", "coordination.k8s.io", "leases", "n2", "kube-node-lease").allowed);
  EXPECT_EQ(ask("n1", "get", "coordination.k8s.io", "leases", "n1", "default").reason,
            "can only access leases in the \"kube-node-lease\" system namespace");
  EXPECT_TRUE(ask("n1", "list", "", "services", "", "").allowed);
  EXPECT_FALSE(ask("n1", "create", "", "services", "x").allowed);
}

TEST_F(NodeAuthorizerTest, OthersAreNotItsMatter) {
  User user;
  user.name = "system:node:n1";  // not in the group
  Attributes attributes{.user = &user, .verb = "get", .resource = "nodes"};
  attributes.name = "n1";
  EXPECT_FALSE(authorizer_->authorize(attributes).allowed);
  EXPECT_EQ(authorizer_->authorize(attributes).reason, "");
  EXPECT_EQ(ask("", "get", "", "nodes", "n1", "").reason, "unknown node for user \"system:node:\"");
  EXPECT_TRUE(authorizer_->rules_for(user_of("n1"), "default").incomplete);
}

class NodeRestrictionTest : public NodeAuthorizerTest {
 protected:
  std::string refused(std::string_view node, const Result<DocumentPtr>& outcome) {
    EXPECT_FALSE(outcome) << node;
    return outcome ? "" : outcome.error().message;
  }
  Result<DocumentPtr> create(std::string_view node, std::string_view json) {
    codec::Value tree = codec::parse_json(json).value();
    std::string_view version = codec::string_at(tree, "apiVersion");
    std::size_t slash = version.find('/');
    model::GroupVersion gv{slash == std::string_view::npos ? "" : version.substr(0, slash),
                           slash == std::string_view::npos ? version : version.substr(slash + 1)};
    const model::Kind* kind = model::find_kind(gv, codec::string_at(tree, "kind"));
    std::string ns(codec::string_at_path(tree, {"metadata", "namespace"}));
    return server_.loop.run(agent(node)->create({kind}, ns, tree));
  }
  Result<DocumentPtr> patch(std::string_view node, std::string_view kind, ObjectKey key, std::string_view json,
                            std::string_view subresource = "") {
    return server_.loop.run(agent(node)->patch({model::find_kind({"", "v1"}, kind), subresource}, std::move(key),
                                               client::PatchType::Merge, codec::parse_json(json).value()));
  }
};

TEST_F(NodeRestrictionTest, ANodeWritesItsOwnNode) {
  EXPECT_EQ(refused("n1", patch("n1", "Node", {"", "n2"}, R"({"metadata":{"labels":{"a":"b"}}})")),
            "nodes \"n2\" is forbidden: node \"n1\" is not allowed to modify node \"n2\"");
  EXPECT_TRUE(patch("n1", "Node", {"", "n1"}, R"({"metadata":{"labels":{"a":"b","kubernetes.io/hostname":"n1"}}})"));
  EXPECT_EQ(refused("n1", patch("n1", "Node", {"", "n1"}, R"({"metadata":{"labels":{"node-role.kubernetes.io/master":""}}})")),
            "nodes \"n1\" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/master");
  EXPECT_THAT(refused("n1", patch("n1", "Node", {"", "n1"}, R"({"spec":{"taints":[{"key":"k","effect":"NoSchedule"}]}})")),
              HasSubstr("is not allowed to modify taints"));
  EXPECT_EQ(refused("n3", create("n3", R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"n3",
                                            "labels":{"x.node-restriction.kubernetes.io/y":"z"}}})")),
            "nodes \"n3\" is forbidden: node \"n3\" is not allowed to set the following labels: "
            "x.node-restriction.kubernetes.io/y");
  EXPECT_TRUE(
      create("n3", R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"n3","labels":{"kubernetes.io/os":"linux"}}})"));
  EXPECT_FALSE(server_.loop.run(agent("n1")->remove({model::find_kind({"", "v1"}, "Node")}, {"", "n1"}, {})));
}

TEST_F(NodeRestrictionTest, ANodeWritesTheStatusOfItsPods) {
  EXPECT_TRUE(patch("n1", "Pod", {"default", "web"}, R"({"status":{"phase":"Running"}})", "status"));
  EXPECT_THAT(refused("n2", patch("n2", "Pod", {"default", "web"}, R"({"status":{"phase":"Failed"}})", "status")),
              HasSubstr("node \"n2\" can only update pod status for pods with spec.nodeName set to itself"));
  EXPECT_THAT(refused("n1", patch("n1", "Pod", {"default", "web"}, R"({"metadata":{"labels":{"a":"b"}}})", "status")),
              HasSubstr("node \"n1\" cannot update labels through pod status"));
  auto removed = server_.loop.run(agent("n2")->remove({model::find_kind({"", "v1"}, "Pod")}, {"default", "web"}, {}));
  ASSERT_FALSE(removed);
  EXPECT_THAT(removed.error().message, HasSubstr("node \"n2\" can only delete pods with spec.nodeName set to itself"));
  EXPECT_TRUE(server_.loop.run(agent("n1")->remove({model::find_kind({"", "v1"}, "Pod")}, {"default", "web"}, {})));
}

TEST_F(NodeRestrictionTest, OfPodsItMakesMirrorsOnly) {
  std::string uid = server_.get("Node", {"", "n1"})->uid();
  auto mirror = [&](std::string_view name, std::string_view annotations, std::string_view spec) {
    return create("n1", R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":")" + std::string(name) +
                            R"(","annotations":{)" + std::string(annotations) +
                            R"(},"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n1","controller":true,"uid":")" +
                            uid + R"("}]},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i"}])" +
                            std::string(spec) + "}}");
  };
  constexpr std::string_view kMirror = R"("kubernetes.io/config.mirror":"x")";
  EXPECT_EQ(
      refused("n1", mirror("a", "", "")),
      "pods \"a\" is forbidden: pod does not have \"kubernetes.io/config.mirror\" annotation, node \"n1\" can only create "
      "mirror pods");
  EXPECT_THAT(refused("n1", mirror("b", kMirror, R"(,"volumes":[{"name":"v","secret":{"secretName":"s"}}])")),
              HasSubstr("node \"n1\" can not create pods that reference secrets"));
  auto made = mirror("c", kMirror, "");
  EXPECT_TRUE(made) << made.error().message;
}

TEST_F(NodeRestrictionTest, TokensAreBoundToItsPods) {
  auto ask_token = [&](std::string_view node, std::string_view bound) {
    return server_.loop.run(
        agent(node)->create({model::find_kind({"", "v1"}, "ServiceAccount"), "token"}, "default",
                            codec::parse_json(R"({"metadata":{"name":"robot"},"spec":{)" + std::string(bound) + "}}").value()));
  };
  server_.api->add_review(*model::find_kind({"", "v1"}, "ServiceAccount"), "token",
                          {&authentication::v1::TokenRequest::table(),
                           [](Request, codec::Value object) -> rt::Task<Result<codec::Value>> { co_return object; }});
  must(pod("elsewhere", "n2"));
  std::string uid = server_.get("Pod", {"default", "web"})->uid();
  std::string other = server_.get("Pod", {"default", "elsewhere"})->uid();
  auto bound = [](std::string_view name, std::string_view of) {
    return R"("boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":")" + std::string(name) + R"(","uid":")" +
           std::string(of) + "\"}";
  };
  EXPECT_THAT(refused("n1", ask_token("n1", "")), HasSubstr("node requested token not bound to a pod"));
  EXPECT_THAT(refused("n1", ask_token("n1", bound("elsewhere", other))),
              HasSubstr("node requested token bound to a pod scheduled on a different node"));
  EXPECT_THAT(refused("n1", ask_token("n1", bound("web", "x"))), HasSubstr("does not match the UID in record"));
  EXPECT_TRUE(ask_token("n1", bound("web", uid)));
}

TEST_F(NodeRestrictionTest, TokensAreForWhomItsPodsAsk) {
  server_.api->add_review(*model::find_kind({"", "v1"}, "ServiceAccount"), "token",
                          {&authentication::v1::TokenRequest::table(),
                           [](Request, codec::Value object) -> rt::Task<Result<codec::Value>> { co_return object; }});
  const std::string uid = server_.get("Pod", {"default", "web"})->uid();
  auto refusal = [&](std::string_view audiences) -> std::string {
    auto asked = server_.loop.run(agent("n1")->create(
        {model::find_kind({"", "v1"}, "ServiceAccount"), "token"}, "default",
        codec::parse_json(R"({"metadata":{"name":"robot"},"spec":{"audiences":)" + std::string(audiences) +
                          R"(,"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"web","uid":")" + uid + "\"}}}")
            .value()));
    return asked ? "" : asked.error().message;
  };
  const std::string unknown =
      "not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience";
  EXPECT_EQ(refusal("[]"), "");
  EXPECT_EQ(refusal(R"(["vault"])"), "");
  EXPECT_EQ(refusal(R"(["registry"])"), "");
  EXPECT_EQ(refusal(R"(["bank"])"), "serviceaccounts \"robot\" is forbidden: audience \"bank\" " + unknown);
  EXPECT_EQ(refusal(R"(["vault","bank"])"), "serviceaccounts \"robot\" is forbidden: node may only request 0 or 1 audiences");
  // By drivers: of a volume in the pod, and of the volumes behind its claims.
  for (std::string driver : {"inline", "claimed", "ephemeral"}) {
    EXPECT_THAT(refusal("[\"" + driver + "\"]"), HasSubstr(unknown));
    must(R"({"apiVersion":"storage.k8s.io/v1","kind":"CSIDriver","metadata":{"name":")" + driver +
         R"(.example.com"},"spec":{"tokenRequests":[{"audience":")" + driver + "\"}]}}");
  }
  EXPECT_EQ(refusal(R"(["inline"])"), "");
  EXPECT_THAT(refusal(R"(["claimed"])"), HasSubstr(unknown));
  for (auto [claim, driver] : {std::pair("data", "claimed"), std::pair("web-e", "ephemeral")}) {
    must(R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"namespace":"default","name":")" +
         std::string(claim) +
         R"("},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1"}},"volumeName":")" + driver +
         "\"}}");
    must(R"({"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":")" + std::string(driver) +
         R"("},"spec":{"capacity":{"storage":"1"},"accessModes":["ReadWriteOnce"],"csi":{"driver":")" + driver +
         R"(.example.com","volumeHandle":"h"}}})");
  }
  EXPECT_EQ(refusal(R"(["claimed"])"), "");
  EXPECT_EQ(refusal(R"(["ephemeral"])"), "");
}

TEST_F(NodeRestrictionTest, LeasesOfOthersAreRefused) {
  constexpr std::string_view kLease =
      R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"namespace":"kube-node-lease","name":"n1"}})";
  EXPECT_THAT(refused("n2", create("n2", kLease)),
              HasSubstr("can only access node lease with the same name as the requesting node"));
  EXPECT_TRUE(create("n1", kLease));
}

}  // namespace
}  // namespace charon::server
