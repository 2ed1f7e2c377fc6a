// pods/binding (verbs/create.cc).
#include <gtest/gtest.h>

#include "server/server_for_test.h"

namespace charon::server {
namespace {

class BindingTest : public testing::Test {
 protected:
  BindingTest() {
    auto made = server_.create(R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"p"},
        "spec":{"containers":[{"name":"c","image":"i"}]}})");
    EXPECT_TRUE(made) << made.error().message;
  }
  Result<DocumentPtr> bind(const std::string& name, const std::string& target, const std::string& ns = "default") {
    Request request;
    request.verb = "create";
    request.kind = model::find_kind({"", "v1"}, "Pod");
    request.ns = "default";
    request.name = "p";
    request.subresource = "binding";
    auto binding =
        codec::parse_json(R"({"metadata":{"namespace":")" + ns + R"(","name":")" + name + R"("},"target":)" + target + "}")
            .value();
    return server_.loop.run(server_.api->create(std::move(request), std::move(binding), nullptr));
  }
  std::string node() {
    return std::string(codec::string_at_path(server_.get("Pod", {"default", "p"})->tree(), {"spec", "nodeName"}));
  }

  ServerForTest server_;
};

TEST_F(BindingTest, IsOfThePodThatItNames) {
  for (const char* name : {"other", ""}) {
    auto refused = bind(name, R"({"kind":"Node","name":"n"})");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::BadRequest);
    EXPECT_EQ(refused.error().message, "name in URL does not match name in Binding object");
  }
  EXPECT_EQ(node(), "");
}

TEST_F(BindingTest, IsOfThePodsNamespace) {
  auto refused = bind("p", R"({"kind":"Node","name":"n"})", "other");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::BadRequest);
  EXPECT_EQ(refused.error().message, "the namespace of the provided object does not match the namespace sent on the request");
  EXPECT_EQ(node(), "");
  auto bound = bind("p", R"({"kind":"Node","name":"n"})", "");
  ASSERT_TRUE(bound) << bound.error().message;
}

TEST_F(BindingTest, IsToANode) {
  auto refused = bind("p", R"({"kind":"Pod","name":"n"})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::Invalid);
  EXPECT_EQ(refused.error().message,
            "Binding \"p\" is invalid: target.kind: Unsupported value: \"Pod\": supported values: \"Node\", \"<empty>\"");
  refused = bind("p", R"({"kind":"Node"})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "Binding \"p\" is invalid: target.name: Required value");
  EXPECT_EQ(node(), "");
  auto bound = bind("p", R"({"name":"n"})");
  ASSERT_TRUE(bound) << bound.error().message;
  EXPECT_EQ(node(), "n");
}

}  // namespace
}  // namespace charon::server
