// What is refused of a write, and in which words: strictness, options, names, bodies of another sort.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/tree.h"
#include "server/front/front_for_test.h"

namespace charon::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kJson = "application/json";
constexpr const char* kYaml = "application/yaml";
constexpr const char* kJsonPatch = "application/json-patch+json";
constexpr const char* kMergePatch = "application/merge-patch+json";
constexpr const char* kStrategicPatch = "application/strategic-merge-patch+json";
constexpr const char* kApplyPatch = "application/apply-patch+yaml";

const std::string kConfigs = "/api/v1/namespaces/default/configmaps";
const std::string kScale = "/apis/apps/v1/namespaces/default/deployments/web/scale";

class RefusedTest : public testing::Test, public FrontForTest {
 protected:
  Reply send(std::string method, std::string target, std::string body, std::string type = kJson) {
    ExchangeForTest call(std::move(method), std::move(target), std::move(body));
    call.set_certificate("admin", {"system:masters"});
    call.add_header("content-type", std::move(type));
    server.loop.run(front.handle(call));
    auto tree = codec::parse_json(call.text);
    return {call.status, call.text, call.response_headers, tree ? *std::move(tree) : codec::Value()};
  }
  void make_deployment() {
    auto made = server.create(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default"},
      "spec":{"replicas":1,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
      "spec":{"containers":[{"name":"c","image":"i"}]}}}})");
    ASSERT_TRUE(made) << made.error().message;
  }
  std::int64_t replicas() {
    DocumentPtr web = server.caches.of(*model::find_kind({"apps", "v1"}, "Deployment")).get({"default", "web"});
    return codec::find_path(web->tree(), {"spec", "replicas"})->as_int64();
  }

  static std::vector<std::string> warnings(const Reply& reply) {
    std::vector<std::string> found;
    for (const auto& [name, value] : reply.headers.items())
      if (name == "warning") found.push_back(value);
    return found;
  }
  static std::string cause(const Reply& reply) {
    const codec::Value* causes = codec::find_path(reply.tree, {"details", "causes"});
    return causes == nullptr ? "" : std::string(codec::string_at(causes->as_array().front(), "field"));
  }
};

std::string config(std::string_view name, std::string_view more = "") {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + std::string(name) + "\"}" + std::string(more) + "}";
}

TEST_F(RefusedTest, WhatIsUnknownAndWhatIsThereTwiceAreToldTogether) {
  const std::string body = config("s", R"(,"data":{"b":"1","b":"2"},"x":1)");
  Reply strict = send("POST", kConfigs + "?fieldValidation=Strict", body);
  EXPECT_EQ(strict.status, 400);
  EXPECT_EQ(strict.message(),
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: "
            "duplicate field \"data.b\", unknown field \"x\"");
  Reply warned = send("POST", kConfigs, body);
  EXPECT_EQ(warned.status, 201);
  EXPECT_THAT(warnings(warned), ElementsAre(R"(299 - "duplicate field \"data.b\"")", R"(299 - "unknown field \"x\"")"));
  EXPECT_THAT(warnings(send("PUT", kConfigs + "/s?fieldValidation=Ignore", body)), ElementsAre());
  EXPECT_THAT(send("PUT", kConfigs + "/s?fieldValidation=Strict", body).message(),
              HasSubstr("duplicate field \"data.b\", unknown field \"x\""));
}

TEST_F(RefusedTest, AKeyThatYamlHasTwiceIsTold) {
  const std::string body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\ndata:\n  b: '1'\n  b: '2'\nx: 1\n";
  Reply strict = send("POST", kConfigs + "?fieldValidation=Strict", body, kYaml);
  EXPECT_EQ(strict.status, 400);
  EXPECT_EQ(strict.message(),
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: "
            "yaml: unmarshal errors:\n  line 6: key \"b\" already set in map, unknown field \"x\"");
  EXPECT_THAT(warnings(send("POST", kConfigs, body, kYaml)),
              ElementsAre(R"(299 - "line 6: key \"b\" already set in map")", R"(299 - "unknown field \"x\"")"));
  const std::string apply = kConfigs + "/y?fieldManager=me&fieldValidation=";
  const std::string known = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\ndata:\n  b: '1'\n  b: '2'\n";
  Reply refused = send("PATCH", apply + "Strict&force=true", known, kApplyPatch);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.message(),
            "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n"
            "  line 6: key \"b\" already set in map");
  Reply applied = send("PATCH", apply + "Warn&force=true", known, kApplyPatch);
  EXPECT_EQ(applied.status, 200) << applied.text;
  EXPECT_THAT(warnings(applied), ElementsAre(R"(299 - "line 6: key \"b\" already set in map")"));
}

// kubectl edit asks again for what is Invalid with a cause.
TEST_F(RefusedTest, PatchesAreInvalid) {
  make_config("p");
  const std::string strict = kConfigs + "/p?fieldValidation=Strict";
  struct Case {
    const char* type;
    const char* body;
    std::string_view message;
  };
  for (const Case& each : {
           Case{kMergePatch, R"({"x":1})", "strict decoding error: unknown field \"x\""},
           Case{kStrategicPatch, R"({"x":1})", "strict decoding error: unknown field \"x\""},
           Case{kMergePatch, R"({"data":{"a":"1","a":"2"}})", "strict decoding error: duplicate field \"data.a\""},
           Case{kStrategicPatch, R"({"data":{"a":"1","a":"2"}})", "strict decoding error: duplicate field \"data.a\""},
           Case{kJsonPatch, R"([{"op":"add","path":"/x","value":1}])", "strict decoding error: unknown field \"x\""},
           Case{kJsonPatch, R"([{"op":"add","op":"add","path":"/data","value":{},"y":1}])",
                "strict decoding error: json patch duplicate field \"[0].op\", json patch unknown field \"[0].y\""},
           Case{kMergePatch, R"({"data":{"a":1}})", "json: cannot unmarshal number 1 into Go struct field"},
       }) {
    Reply reply = send("PATCH", strict, each.body, each.type);
    EXPECT_EQ(reply.status, 422) << each.body << reply.text;
    EXPECT_EQ(reply.reason(), "Invalid");
    EXPECT_THAT(std::string(reply.message()), HasSubstr(" \"\" is invalid: patch: Invalid value: \"")) << each.body;
    EXPECT_THAT(std::string(reply.message()), HasSubstr(std::string(each.message))) << each.body;
    EXPECT_EQ(cause(reply), "patch");
  }
  EXPECT_EQ(codec::find(server.get("ConfigMap", {"default", "p"})->tree(), "data"), nullptr);
  Reply warned = send("PATCH", kConfigs + "/p", R"({"data":{"a":"1","a":"2"},"x":1})", kMergePatch);
  EXPECT_EQ(warned.status, 200) << warned.text;
  EXPECT_THAT(warnings(warned), ElementsAre(R"(299 - "duplicate field \"data.a\"")", R"(299 - "unknown field \"x\"")"));
}

TEST_F(RefusedTest, AJsonPatchThatDoesNotApply) {
  make_config("j");
  for (const char* body : {R"([{"op":"remove","path":"/data/none"}])", R"([{"op":"test","path":"/kind","value":"Pod"}])",
                           R"([{"op":"mix","path":"/data"}])", R"([{"op":"add","path":"no slash","value":1}])"}) {
    Reply reply = send("PATCH", kConfigs + "/j", body, kJsonPatch);
    EXPECT_EQ(reply.status, 422) << body;
    EXPECT_EQ(reply.message(), "the server rejected our request due to an error in our request");
  }
  for (const char* body : {"{}", R"([1])", R"([{"op":1,"path":"/data"}])"})
    EXPECT_EQ(send("PATCH", kConfigs + "/j", body, kJsonPatch).status, 400) << body;
}

TEST_F(RefusedTest, AScaleIsCheckedAsAnObjectIs) {
  make_deployment();
  auto scale = [](std::string_view kind, std::string_view version, std::string_view meta) {
    return R"({"kind":")" + std::string(kind) + R"(","apiVersion":")" + std::string(version) + R"(","metadata":)" +
           std::string(meta) + R"(,"spec":{"replicas":3}})";
  };
  for (const std::string& body :
       {scale("Scale", "autoscaling/v1", R"({"name":"other"})"), scale("Deployment", "apps/v1", R"({"name":"web"})"),
        scale("Scale", "autoscaling/v2", R"({"name":"web"})"), scale("Scale", "autoscaling/v1", "{}"),
        scale("Scale", "autoscaling/v1", R"({"name":"web","namespace":"other"})")}) {
    Reply reply = send("PUT", kScale, body);
    EXPECT_EQ(reply.status, 400) << body << reply.text;
  }
  EXPECT_EQ(send("PUT", kScale, scale("Scale", "autoscaling/v1", R"({"name":"web","uid":"x"})")).status, 409);
  EXPECT_EQ(send("PATCH", kScale + "?fieldValidation=Strict", R"({"x":1,"spec":{"replicas":3}})", kMergePatch).status, 422);
  EXPECT_EQ(send("PATCH", kScale, R"({"metadata":{"name":"other"},"spec":{"replicas":3}})", kMergePatch).status, 400);
  EXPECT_EQ(send("PATCH", kScale, R"([{"op":"remove","path":"/spec/none"}])", kJsonPatch).status, 422);
  EXPECT_EQ(send("PATCH", kScale, R"({"spec":{"replicas":3}})", "text/plain").status, 415);
  EXPECT_EQ(replicas(), 1);
  EXPECT_EQ(send("PUT", kScale, scale("Scale", "autoscaling/v1", R"({"name":"web"})")).status, 200);
  EXPECT_EQ(replicas(), 3);
  EXPECT_EQ(send("PATCH", kScale, R"({"spec":{"replicas":4}})", kStrategicPatch).status, 200);
  EXPECT_EQ(replicas(), 4);
}

TEST_F(RefusedTest, OptionsAreNamedWithTheirKind) {
  make_config("o");
  struct Case {
    const char* method;
    std::string target;
    std::string_view message;
  };
  for (
      const Case& each : {
          Case{"POST", kConfigs + "?dryRun=All&dryRun=Foo",
               R"(CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["All","Foo"]: supported values: "All")"},
          Case{
              "PUT", kConfigs + "/o?fieldValidation=x",
              R"(UpdateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "x": supported values: "", "Ignore", "Strict", "Warn")"},
          Case{"PATCH", kConfigs + "/o?dryRun=x",
               R"(PatchOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["x"]: supported values: "All")"},
          Case{"DELETE", kConfigs + "/o?dryRun=x",
               R"(DeleteOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["x"]: supported values: "All")"},
          Case{
              "DELETE", kConfigs + "?propagationPolicy=x",
              R"(DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "x": supported values: "Foreground", "Background", "Orphan", "nil")"},
      }) {
    std::string type = std::string_view(each.method) == "PATCH" ? kMergePatch : kJson;
    std::string body = std::string_view(each.method) == "DELETE" ? "" : config("o");
    Reply reply = send(each.method, each.target, body, type);
    EXPECT_EQ(reply.status, 422) << each.target;
    EXPECT_EQ(reply.message(), each.message);
    EXPECT_NE(cause(reply), "");
  }
  // Reads have no such options.
  EXPECT_EQ(get(kConfigs + "/o?dryRun=x&fieldValidation=y").status, 200);
}

TEST_F(RefusedTest, OnlyDeleteOptionsDelete) {
  make_config("d");
  Reply refused = send("DELETE", kConfigs + "/d", R"({"kind":"Foo","apiVersion":"v1"})");
  EXPECT_EQ(refused.status, 400) << refused.text;
  EXPECT_NE(server.get("ConfigMap", {"default", "d"}), nullptr);
  EXPECT_EQ(send("DELETE", kConfigs + "/d?gracePeriodSeconds=-1&dryRun=All", "").status, 200);
  EXPECT_NE(server.get("ConfigMap", {"default", "d"}), nullptr);
  EXPECT_EQ(send("DELETE", kConfigs + "/d?gracePeriodSeconds=-1", "").status, 200);
  EXPECT_EQ(server.get("ConfigMap", {"default", "d"}), nullptr);
}

TEST_F(RefusedTest, ADeletedCollectionIsListed) {
  make_config("a", R"({"x":"y"})");
  make_config("b", R"({"x":"y"})");
  make_config("c");
  Reply deleted = send("DELETE", kConfigs + "?labelSelector=x", "");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(codec::string_at(deleted.tree, "kind"), "ConfigMapList");
  EXPECT_THAT(names_of(deleted.items()), ElementsAre("a", "b"));
  EXPECT_THAT(names_of(get(kConfigs).items()), ElementsAre("c"));
}

TEST_F(RefusedTest, AnUpdateNamesItsObject) {
  make_config("pn");
  constexpr std::string_view kNameless = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{}})";
  constexpr std::string_view kMessage = "the name of the object (pn based on URL) was undeterminable: name must be provided";
  Reply update = send("PUT", kConfigs + "/pn", std::string(kNameless));
  EXPECT_EQ(update.status, 400);
  EXPECT_EQ(update.message(), kMessage);
  EXPECT_EQ(send("PATCH", kConfigs + "/pn?fieldManager=me", std::string(kNameless), kApplyPatch).status, 200);
  remove_config("pn");
  Reply apply = send("PATCH", kConfigs + "/pn?fieldManager=me", std::string(kNameless), kApplyPatch);
  EXPECT_EQ(apply.status, 400);
  EXPECT_EQ(apply.message(), kMessage);
}

TEST_F(RefusedTest, MediaTypesAreTheSameInLettersOfAnyCase) {
  EXPECT_EQ(send("POST", kConfigs, config("m"), "Application/JSON; charset=UTF-8").status, 201);
  EXPECT_EQ(send("PATCH", kConfigs + "/m", "{}", "application/Merge-Patch+json").status, 200);
  EXPECT_EQ(send("PATCH", kConfigs + "/m?fieldManager=me", config("m"), "Application/apply-patch+YAML").status, 200);
}

}  // namespace
}  // namespace charon::server
