// PUT of what is not there (front/write.cc).
#include <gtest/gtest.h>

#include "server/front/front_for_test.h"

namespace charon::server {
namespace {

class UpdateTest : public testing::Test, public FrontForTest {
 protected:
  Reply put(const std::string& target, const std::string& body, const std::string& user = "") {
    ExchangeForTest call("PUT", target, body);
    if (user.empty())
      call.set_certificate("admin", {"system:masters"});
    else
      call.set_certificate(user, {});
    call.add_header("content-type", "application/json");
    server.loop.run(front.handle(call));
    auto tree = codec::parse_json(call.text);
    return {call.status, call.text, call.response_headers, tree ? *std::move(tree) : codec::Value()};
  }
  DocumentPtr lease_named_l() {
    return server.caches.of(*model::find_kind({"coordination.k8s.io", "v1"}, "Lease")).get({"default", "l"});
  }
};

constexpr const char* kLeases = "/apis/coordination.k8s.io/v1/namespaces/default/leases/";

std::string lease(const std::string& name, const std::string& meta = "") {
  return R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":")" + name + "\"" + meta +
         R"(},"spec":{"holderIdentity":"a"}})";
}

TEST_F(UpdateTest, CreatesWhatIsNotThere) {
  Reply made = put(kLeases + std::string("l"), lease("l"));
  EXPECT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(codec::string_at_path(made.tree, {"spec", "holderIdentity"}), "a");
  ASSERT_NE(lease_named_l(), nullptr);
  // Now it is there, and an update of it says which version it replaces.
  EXPECT_EQ(put(kLeases + std::string("l"), lease("l")).status, 422);
  std::string version(codec::string_at_path(made.tree, {"metadata", "resourceVersion"}));
  EXPECT_EQ(put(kLeases + std::string("l"), lease("l", R"(,"resourceVersion":")" + version + "\"")).status, 200);
}

TEST_F(UpdateTest, CreatesNothingOfOtherKinds) {
  Reply refused =
      put("/api/v1/namespaces/default/configmaps/c", R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}})");
  EXPECT_EQ(refused.status, 404) << refused.text;
}

TEST_F(UpdateTest, CreatesNothingForWhoMeansWhatWasThere) {
  EXPECT_EQ(put(kLeases + std::string("l"), lease("l", R"(,"resourceVersion":"7")")).status, 404);
  EXPECT_EQ(put(kLeases + std::string("l"), lease("l", R"(,"uid":"x")")).status, 404);
  EXPECT_EQ(put(kLeases + std::string("l"), lease("other")).status, 400);
  EXPECT_EQ(lease_named_l(), nullptr);
}

TEST_F(UpdateTest, CreatesOnlyForWhoMay) {
  for (const char* object :
       {R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"r"},
           "rules":[{"verbs":["update"],"apiGroups":["coordination.k8s.io"],"resources":["leases"]}]})",
        R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"b"},
           "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"r"},
           "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"jane"}]})"}) {
    auto made = server.create(object);
    ASSERT_TRUE(made) << made.error().message;
  }
  Reply refused = put(kLeases + std::string("l"), lease("l"), "jane");
  EXPECT_EQ(refused.status, 403);
  EXPECT_TRUE(refused.message().contains("User \"jane\" cannot create resource \"leases\"")) << refused.text;
}

}  // namespace
}  // namespace charon::server
