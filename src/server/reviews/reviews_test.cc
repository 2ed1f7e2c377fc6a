#include "server/reviews/reviews.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/metrics.h"
#include "server/admission/rbac_escalation/rbac_escalation.h"
#include "server/authn/static_tokens/static_tokens.h"
#include "server/authz/bootstrap_roles.h"
#include "server/authz/rbac.h"
#include "server/front/exchange_for_test.h"
#include "server/front/front.h"
#include "server/in_process.h"
#include "server/server_for_test.h"

namespace charon::server {
namespace {

using testing::HasSubstr;

jose::SigningKey make_key() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  long size = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free_all(bio);
  EVP_PKEY_free(key);
  return jose::SigningKey::from_private_pem(pem).value();
}

// The front with all that decides who may do what, and the roles of a new cluster.
class ReviewsTest : public testing::Test {
 protected:
  ReviewsTest() {
    std::vector<std::unique_ptr<TokenAuthenticator>> sorts;
    sorts.push_back(make_service_account_authenticator(server_.loop.clock(), server_.caches, keys_));
    sorts.push_back(make_static_token_authenticator("jane-token,jane,7,dev\nbob-token,bob,8\nops-token,op,9,ops\n").value());
    tokens_ = make_token_chain(std::move(sorts));
    std::vector<std::unique_ptr<Authenticator>> chain;
    chain.push_back(make_certificate_authenticator());
    chain.push_back(make_bearer_authenticator(*tokens_));
    authenticator_ = make_authenticator_chain(std::move(chain));
    add_authentication_reviews(*server_.api, *tokens_, service_accounts_);
    add_authorization_reviews(*server_.api, *authorizer_);
    front_ = std::make_unique<Front>(*server_.api, *authenticator_, *authorizer_, metrics_, nullptr);
    User admin;
    admin.groups = {"system:masters"};
    admin_ = make_in_process_transport(*server_.api, *authorizer_, admin);
    auto made = server_.loop.run(bootstrap_roles(server_.loop, *admin_));
    EXPECT_TRUE(made) << made.error().message;
    must(R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"robot","namespace":"default"}})");
    must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"devs","namespace":"default"},
             "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},
             "subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"dev"}]})");
    must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"act-as-jane"},
             "rules":[{"verbs":["impersonate"],"apiGroups":[""],"resources":["users"],"resourceNames":["jane"]},
                      {"verbs":["impersonate"],"apiGroups":[""],"resources":["groups"],"resourceNames":["dev"]}]})");
    must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"ops"},
             "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"act-as-jane"},
             "subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"ops"}]})");
  }

  void must(std::string_view json) {
    auto created = server_.create(json);
    ASSERT_TRUE(created) << created.error().message;
  }

  struct Reply {
    int status = 0;
    std::string text;
    codec::Value tree;
  };
  using Headers = std::vector<std::pair<std::string, std::string>>;
  Reply call(std::string method, std::string target, std::string_view token, std::string body = "",
             const Headers& headers = {}) {
    ExchangeForTest exchange(std::move(method), std::move(target), std::move(body));
    if (!token.empty()) exchange.add_header("authorization", "Bearer " + std::string(token));
    for (const auto& [name, value] : headers) exchange.add_header(name, value);
    server_.loop.run(front_->handle(exchange));
    auto tree = codec::parse_json(exchange.text);
    return {exchange.status, exchange.text, tree ? *tree : codec::Value()};
  }
  Reply can(std::string_view token, std::string_view attributes) {
    return call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", token,
                R"({"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"resourceAttributes":)" +
                    std::string(attributes) + "}}");
  }

  ServerForTest server_{[](Caches& caches) {
    std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
    plugins.push_back(make_rbac_escalation(caches));
    return plugins;
  }};
  Metrics metrics_;
  ServiceAccountKeys keys_{make_key()};
  ServiceAccountTokens service_accounts_{server_.loop.clock(), server_.random, server_.caches, keys_};
  std::unique_ptr<Authorizer> authorizer_ = make_rbac_authorizer(server_.caches);
  std::unique_ptr<TokenAuthenticator> tokens_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<client::Transport> admin_;
};

TEST_F(ReviewsTest, ABindingCountsAsItIsNow) {
  client::ResourceRef bindings{model::find_kind({"rbac.authorization.k8s.io", "v1"}, "RoleBinding")};
  auto with = [](const std::string& subjects) {
    return R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"more","namespace":"default"},
               "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},"subjects":[)" +
           subjects + "]}";
  };
  auto put = [&](const std::string& subjects) {
    auto written = server_.loop.run(admin_->update(bindings, {"default", "more"}, codec::parse_json(with(subjects)).value()));
    ASSERT_TRUE(written) << written.error().message;
  };
  auto bob_may = [&] {
    return can("bob-token", R"({"verb":"get","resource":"pods","namespace":"default"})")
        .tree.at("status")
        .at("allowed")
        .as_bool();
  };
  auto rules_of_bob = [&] {
    return call("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "bob-token",
                R"({"kind":"SelfSubjectRulesReview","apiVersion":"authorization.k8s.io/v1","spec":{"namespace":"default"}})")
        .tree.at("status")
        .at("resourceRules")
        .as_array()
        .size();
  };
  const std::string group = R"({"kind":"Group","name":"system:authenticated","apiGroup":"rbac.authorization.k8s.io"})";
  const std::string bob = R"({"kind":"User","name":"bob","apiGroup":"rbac.authorization.k8s.io"})";
  EXPECT_FALSE(bob_may());
  const std::size_t before = rules_of_bob();
  must(with(bob));
  EXPECT_TRUE(bob_may());
  const std::size_t bound = rules_of_bob();
  EXPECT_GT(bound, before);
  put(R"({"kind":"User","name":"eve","apiGroup":"rbac.authorization.k8s.io"})");
  EXPECT_FALSE(bob_may());
  put(group + "," + bob);
  EXPECT_TRUE(bob_may());
  EXPECT_EQ(rules_of_bob(), bound) << "one binding counts once, by however many subjects";
  auto removed = server_.loop.run(admin_->remove(bindings, {"default", "more"}, {}));
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_FALSE(bob_may());
}

TEST_F(ReviewsTest, StrangersSeeOnlyHealthAndVersion) {
  EXPECT_EQ(call("GET", "/version", "").status, 200);
  EXPECT_EQ(call("GET", "/readyz", "").status, 200);
  Reply refused = call("GET", "/api", "");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(codec::string_at(refused.tree, "message"), "forbidden: User \"system:anonymous\" cannot get path \"/api\"");
  EXPECT_EQ(call("GET", "/api/v1/namespaces/default/pods", "").status, 403);
  EXPECT_EQ(call("GET", "/version", "wrong-token").status, 401);
}

TEST_F(ReviewsTest, EverybodyMayAskWhoTheyAre) {
  Reply reply = call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "jane-token",
                     R"({"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"})");
  EXPECT_EQ(reply.status, 201) << reply.text;
  EXPECT_EQ(codec::string_at(reply.tree, "kind"), "SelfSubjectReview");
  EXPECT_EQ(codec::write_json(reply.tree.at("status").at("userInfo")),
            R"({"username":"jane","uid":"7","groups":["dev","system:authenticated"]})");
}

TEST_F(ReviewsTest, CanI) {
  Reply yes = can("jane-token", R"({"verb":"list","resource":"pods","namespace":"default"})");
  EXPECT_EQ(yes.status, 201) << yes.text;
  EXPECT_TRUE(yes.tree.at("status").at("allowed").as_bool());
  EXPECT_THAT(yes.text, HasSubstr("RBAC: allowed by RoleBinding"));
  EXPECT_FALSE(can("jane-token", R"({"verb":"list","resource":"pods"})").tree.at("status").at("allowed").as_bool());
  EXPECT_FALSE(can("jane-token", R"({"verb":"delete","resource":"pods","namespace":"default"})")
                   .tree.at("status")
                   .at("allowed")
                   .as_bool());
  EXPECT_EQ(call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "jane-token",
                 R"({"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{}})")
                .status,
            422);
}

TEST_F(ReviewsTest, RulesAreListed) {
  Reply reply =
      call("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "jane-token",
           R"({"kind":"SelfSubjectRulesReview","apiVersion":"authorization.k8s.io/v1","spec":{"namespace":"default"}})");
  EXPECT_EQ(reply.status, 201) << reply.text;
  EXPECT_FALSE(reply.tree.at("status").at("incomplete").as_bool());
  EXPECT_THAT(reply.text,
              HasSubstr(R"({"verbs":["create"],"apiGroups":["authentication.k8s.io"],"resources":["selfsubjectreviews"]})"));
  EXPECT_THAT(reply.text, HasSubstr("persistentvolumeclaims/status"));
  EXPECT_THAT(reply.text, HasSubstr("/openapi/*"));
}

TEST_F(ReviewsTest, TokensAreRequestedAndReviewed) {
  Reply refused = call("POST", "/api/v1/namespaces/default/serviceaccounts/robot/token", "jane-token", "{}");
  EXPECT_EQ(refused.status, 403);
  must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"root"},
           "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
           "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"op"}]})");
  Reply made = call("POST", "/api/v1/namespaces/default/serviceaccounts/robot/token", "ops-token",
                    R"({"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{"expirationSeconds":600}})");
  EXPECT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(codec::string_at(made.tree, "kind"), "TokenRequest");
  std::string token(codec::string_at_path(made.tree, {"status", "token"}));
  Reply who = call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", token, "{}");
  EXPECT_EQ(codec::string_at_path(who.tree, {"status", "userInfo", "username"}), "system:serviceaccount:default:robot");
  Reply review = call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", "ops-token",
                      R"({"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{"token":")" + token + "\"}}");
  EXPECT_TRUE(review.tree.at("status").at("authenticated").as_bool()) << review.text;
  review = call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", "ops-token",
                R"({"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{"token":"x"}})");
  EXPECT_EQ(review.status, 201);
  EXPECT_EQ(codec::find_path(review.tree, {"status", "authenticated"}), nullptr) << review.text;
}

TEST_F(ReviewsTest, TheInProcessTransportAnswersReviewsToo) {
  codec::Value request = codec::parse_json(R"({"metadata":{"name":"robot"},"spec":{"expirationSeconds":600}})").value();
  auto answer = server_.loop.run(admin_->create({model::find_kind({"", "v1"}, "ServiceAccount"), "token"}, "default", request));
  ASSERT_TRUE(answer) << answer.error().message;
  codec::Value tree = (*answer)->tree();
  std::string token(codec::string_at_path(tree, {"status", "token"}));
  EXPECT_TRUE(tokens_->authenticate(token, {})->has_value());
}

TEST_F(ReviewsTest, ImpersonationNeedsTheRightForEachPart) {
  std::string pods = "/api/v1/namespaces/default/pods";
  EXPECT_EQ(call("GET", pods, "ops-token").status, 403);
  Headers as_dev = {{"impersonate-user", "jane"}, {"impersonate-group", "dev"}};
  EXPECT_EQ(call("GET", pods, "ops-token", "", as_dev).status, 200);
  Reply refused = call("GET", pods, "bob-token", "", as_dev);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(
      codec::string_at(refused.tree, "message"),
      "users \"jane\" is forbidden: User \"bob\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope");
  Headers as_master = {{"impersonate-user", "jane"}, {"impersonate-group", "system:masters"}};
  EXPECT_EQ(call("GET", pods, "ops-token", "", as_master).status, 403);
  EXPECT_EQ(call("GET", pods, "ops-token", "", {{"impersonate-group", "dev"}}).status, 400);
  // An empty user is none, and alone it changes nothing.
  EXPECT_EQ(call("GET", pods, "jane-token", "", {{"impersonate-user", ""}}).status, 200);
  EXPECT_EQ(call("GET", pods, "jane-token", "", {{"impersonate-user", ""}, {"impersonate-uid", ""}}).status, 200);
  for (const char* other : {"impersonate-group", "impersonate-extra-a"})
    EXPECT_EQ(call("GET", pods, "jane-token", "", {{"impersonate-user", ""}, {other, ""}}).status, 400) << other;
  EXPECT_EQ(call("GET", pods, "jane-token", "", {{"impersonate-uid", "7"}}).status, 400);
}

TEST_F(ReviewsTest, WhatThereIsNotIsOnlyToldToWhoMayAsk) {
  for (const char* path : {"/apis/secret.example.com/v1/things", "/apis/secret.example.com/v1/namespaces/default/things/a",
                           "/api/v1/namespaces/default/things", "/apis/apps/v1/namespaces/default/deployments/d/things"}) {
    EXPECT_EQ(call("GET", path, "").status, 403) << path;
    EXPECT_EQ(call("GET", path, "jane-token").status, 403) << path;
  }
  Reply refused = call("GET", "/apis/secret.example.com/v1/namespaces/default/things/a", "bob-token");
  EXPECT_EQ(codec::string_at(refused.tree, "message"),
            "things.secret.example.com \"a\" is forbidden: User \"bob\" cannot get resource \"things\" in API group "
            "\"secret.example.com\" in the namespace \"default\"");
  must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"root"},
           "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
           "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"op"}]})");
  EXPECT_EQ(call("GET", "/apis/secret.example.com/v1/things", "ops-token").status, 404);
  EXPECT_EQ(call("DELETE", "/api/v1/namespaces/default/status", "ops-token").status, 405);
  EXPECT_EQ(call("DELETE", "/api/v1/namespaces/default/status", "bob-token").status, 403);
}

TEST_F(ReviewsTest, OpeningAStreamIsToCreate) {
  must(R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"p"},
           "spec":{"containers":[{"name":"c","image":"i"}]}})");
  must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"reader","namespace":"default"},
           "rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods/exec","pods/attach","pods/portforward","pods/log"]}]})");
  must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"bob","namespace":"default"},
           "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"reader"},
           "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"bob"}]})");
  std::string pod = "/api/v1/namespaces/default/pods/p/";
  for (const char* stream : {"exec", "attach", "portforward"}) {
    Reply refused = call("GET", pod + stream, "bob-token", "", {{"upgrade", "websocket"}});
    EXPECT_EQ(refused.status, 403) << stream;
    EXPECT_EQ(codec::string_at(refused.tree, "message"),
              codec::string_at(call("POST", pod + stream, "bob-token").tree, "message"));
  }
  must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"opener","namespace":"default"},
           "rules":[{"verbs":["create"],"apiGroups":[""],"resources":["pods/exec"]}]})");
  must(
      R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"bob-opens","namespace":"default"},
           "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"opener"},
           "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"bob"}]})");
  // This front has no way to nodes, which is as far as those come who may.
  EXPECT_EQ(call("GET", pod + "exec", "bob-token").status, 503);
  EXPECT_EQ(call("POST", pod + "exec", "bob-token").status, 503);
  EXPECT_EQ(call("GET", pod + "log", "bob-token").status, 503);
}

TEST_F(ReviewsTest, NobodyGrantsWhatHeMayNotDo) {
  must(
      R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"bob-admin","namespace":"default"},
           "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"admin"},
           "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"bob"}]})");
  std::string roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";
  auto role = [](std::string_view name, std::string_view rule) {
    return R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":")" + std::string(name) +
           R"("},"rules":[)" + std::string(rule) + "]}";
  };
  EXPECT_EQ(call("POST", roles, "bob-token", role("a", R"({"verbs":["get"],"apiGroups":[""],"resources":["pods","secrets"]})"))
                .status,
            201);
  Reply refused = call("POST", roles, "bob-token", role("b", R"({"verbs":["*"],"apiGroups":["*"],"resources":["*"]})"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(codec::string_at(refused.tree, "message"),
            "roles.rbac.authorization.k8s.io \"b\" is forbidden: user \"bob\" (groups=[\"system:authenticated\"]) is "
            "attempting to grant "
            "RBAC permissions not currently held:\n{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}");
  refused = call("POST", roles, "bob-token",
                 role("b", R"({"verbs":["get","frob","list"],"apiGroups":[""],"resources":["pods","nodes"]})"));
  EXPECT_THAT(codec::string_at(refused.tree, "message"),
              HasSubstr("not currently held:\n{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\" \"frob\" \"list\"]}\n"
                        "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"frob\"]}"));
  std::string bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
  auto binding = [](std::string_view name, std::string_view target) {
    return R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":")" + std::string(name) +
           R"("},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":")" + std::string(target) +
           R"("},"subjects":[]})";
  };
  EXPECT_EQ(call("POST", bindings, "bob-token", binding("c", "view")).status, 201);
  EXPECT_EQ(call("POST", bindings, "bob-token", binding("d", "cluster-admin")).status, 403);
  Reply missing = call("POST", bindings, "bob-token", binding("e", "nothing"));
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(codec::string_at(missing.tree, "message"), "clusterroles.rbac.authorization.k8s.io \"nothing\" not found");
}

TEST_F(ReviewsTest, TheVerbsEscalateAndBindLiftTheCheck) {
  must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"grantor"},"rules":[
    {"verbs":["escalate","create","update"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles","rolebindings"]},
    {"verbs":["bind"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"resourceNames":["edit"]}]})");
  must(
      R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"grantors","namespace":"default"},
           "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"grantor"},
           "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"bob"}]})");
  std::string base = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/";
  EXPECT_EQ(call("POST", base + "roles", "bob-token",
                 R"({"metadata":{"name":"any"},"rules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]})")
                .status,
            201);
  auto bind = [&](std::string_view role) {
    return call("POST", base + "rolebindings", "bob-token",
                R"({"metadata":{"name":"b-)" + std::string(role) +
                    R"("},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":")" +
                    std::string(role) + R"("},"subjects":[]})");
  };
  EXPECT_EQ(bind("edit").status, 201);
  EXPECT_EQ(bind("admin").status, 403);
}

TEST_F(ReviewsTest, AggregationIsForThoseWhoMayDoEverything) {
  must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"role-writer"},"rules":[
    {"verbs":["create","update"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"]}]})");
  must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"role-writers"},
           "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"role-writer"},
           "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"bob"}]})");
  Reply refused = call("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", "bob-token",
                       R"({"metadata":{"name":"all"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]}})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(codec::string_at(refused.tree, "message"),
            "clusterroles.rbac.authorization.k8s.io \"all\" is forbidden: must have cluster-admin privileges to use the "
            "aggregationRule");
}

TEST_F(ReviewsTest, ABindingToNothingIsNamed) {
  must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"loose","namespace":"default"},
           "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"gone"},
           "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"bob"}]})");
  Reply refused = call("GET", "/api/v1/namespaces/default/pods", "bob-token");
  EXPECT_EQ(
      codec::string_at(refused.tree, "message"),
      "pods is forbidden: User \"bob\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\": RBAC: "
      "role.rbac.authorization.k8s.io \"gone\" not found");
}

TEST_F(ReviewsTest, SelectorsOfAQuestionAreRead) {
  auto ask = [&](std::string_view selectors) {
    return can("jane-token", R"({"verb":"list","resource":"pods","namespace":"default",)" + std::string(selectors) + "}");
  };
  Reply good = ask(R"("fieldSelector":{"rawSelector":"spec.nodeName=n1"},)"
                   R"("labelSelector":{"requirements":[{"key":"a","operator":"In","values":["b"]}]})");
  EXPECT_EQ(good.status, 201) << good.text;
  EXPECT_TRUE(good.tree.at("status").at("allowed").as_bool());
  EXPECT_EQ(codec::string_at_path(good.tree, {"status", "evaluationError"}), "");
  Reply odd = ask(R"("fieldSelector":{"requirements":[{"key":"a","operator":"In","values":["b","c"]}]})");
  EXPECT_EQ(codec::string_at_path(odd.tree, {"status", "evaluationError"}),
            "spec.resourceAttributes.fieldSelector ignored due to parse error");
  Reply both = ask(R"("fieldSelector":{"rawSelector":"a=b","requirements":[{"key":"a","operator":"In","values":["b"]}]})");
  EXPECT_EQ(both.status, 422);
  EXPECT_THAT(both.text, HasSubstr("spec.resourceAttributes.fieldSelector.rawSelector: Invalid value: \\\"a=b\\\": may not "
                                   "specified at the same time as requirements"));
}

TEST_F(ReviewsTest, ALocalReviewIsOfItsNamespace) {
  must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"root"},
           "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
           "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"op"}]})");
  auto review = [&](std::string_view ns) {
    return call(
        "POST", "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews", "ops-token",
        R"({"spec":{"user":"jane","groups":["dev"],"resourceAttributes":{"verb":"get","resource":"pods","namespace":")" +
            std::string(ns) + "\"}}}");
  };
  Reply good = review("default");
  EXPECT_EQ(good.status, 201) << good.text;
  EXPECT_TRUE(good.tree.at("status").at("allowed").as_bool());
  EXPECT_EQ(codec::string_at_path(good.tree, {"status", "reason"}),
            "RBAC: allowed by RoleBinding \"devs/default\" of ClusterRole \"view\" to Group \"dev\"");
  Reply bad = review("other");
  EXPECT_EQ(bad.status, 422);
  EXPECT_THAT(bad.text, HasSubstr("must match metadata.namespace"));
}

TEST_F(ReviewsTest, RolesAreCompletedButNotTakenBack) {
  auto transport = admin_.get();
  const model::Kind& kind = *model::find_kind({"rbac.authorization.k8s.io", "v1"}, "ClusterRole");
  auto change = [&](std::string_view name, std::string_view json) {
    auto patched = server_.loop.run(
        transport->patch({&kind}, {"", std::string(name)}, client::PatchType::Merge, codec::parse_json(json).value()));
    ASSERT_TRUE(patched) << patched.error().message;
  };
  constexpr std::string_view kOther = R"({"rules":[{"verbs":["get"],"apiGroups":["x.io"],"resources":["things"]}]})";
  change("system:basic-user", kOther);
  change("system:node-proxier", kOther);
  change("system:node-proxier", R"({"metadata":{"annotations":{"rbac.authorization.kubernetes.io/autoupdate":"false"}}})");
  change("view", kOther);
  change("view", R"({"metadata":{"labels":{"rbac.authorization.k8s.io/aggregate-to-edit":null}}})");
  ASSERT_TRUE(server_.loop.run(bootstrap_roles(server_.loop, *transport)));
  auto role = [&](std::string_view name) {
    return server_.caches.of(kind).get({"", std::string(name)})->as<rbac::v1::ClusterRole>();
  };
  EXPECT_EQ(role("system:basic-user")->rules.size(), 3u);
  EXPECT_EQ(role("system:node-proxier")->rules.size(), 1u);
  // What an aggregated role holds is its controller's matter; its labels are not.
  EXPECT_EQ(role("view")->rules.size(), 1u);
  EXPECT_EQ(role("view")->metadata.labels.at("rbac.authorization.k8s.io/aggregate-to-edit"), "true");
  auto revision = server_.caches.revision();
  ASSERT_TRUE(server_.loop.run(bootstrap_roles(server_.loop, *transport)));
  EXPECT_EQ(server_.caches.revision(), revision);
}

}  // namespace
}  // namespace charon::server
