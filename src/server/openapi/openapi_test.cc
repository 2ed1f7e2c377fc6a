#include "server/openapi/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"
#include "codec/tree.h"
#include "codec/wire.h"

namespace charon::server {
namespace {

using codec::Value;

const model::KindRegistry kKinds;

std::optional<Answer> openapi_answer(std::string_view path, std::string_view accept) {
  static OpenApiDocuments documents(kKinds);
  return documents.answer(path, accept);
}

Value document(std::string_view path) {
  auto answer = openapi_answer(path, "application/json");
  if (!answer) return nullptr;
  auto tree = codec::parse_json(*answer->body);
  return tree ? *std::move(tree) : Value(nullptr);
}

std::string text(const Value* value) { return value == nullptr ? "(none)" : codec::write_json(*value); }

std::string schema(const Value& document, std::string_view name, std::string_view property) {
  const Value* found = codec::find_path(document, {"components", "schemas", name, "properties", property});
  if (found == nullptr) return "(none)";
  Value bare = *found;
  bare.as_object().stable_erase("description");  // keeps the order
  return codec::write_json(bare);
}

TEST(OpenApi, IndexNamesEveryGroupVersionWithItsHash) {
  Value index = document("/openapi/v3");
  for (std::string_view name : {"api/v1", "apis/apps/v1", "apis/autoscaling/v2", "apis/rbac.authorization.k8s.io/v1"}) {
    const Value* url = codec::find_path(index, {"paths", name, "serverRelativeURL"});
    ASSERT_NE(url, nullptr) << name;
    EXPECT_THAT(std::string(url->as_string()), testing::StartsWith("/openapi/v3/" + std::string(name) + "?hash="));
    EXPECT_TRUE(openapi_answer("/openapi/v3/" + std::string(name), "").has_value()) << name;
  }
  EXPECT_FALSE(openapi_answer("/openapi/v3/apis/none/v1", "").has_value());
  EXPECT_FALSE(openapi_answer("/openapi", "").has_value());
}

TEST(OpenApi, DefinitionsCarryTheRulesOfMergingAndApplying) {
  Value core = document("/openapi/v3/api/v1");
  EXPECT_EQ(schema(core, "io.k8s.api.core.v1.PodSpec", "containers"),
            R"({"type":"array","items":{"allOf":[{"$ref":"#/components/schemas/io.k8s.api.core.v1.Container"}],"default":{}},)"
            R"("x-kubernetes-list-map-keys":["name"],"x-kubernetes-list-type":"map","x-kubernetes-patch-merge-key":"name",)"
            R"("x-kubernetes-patch-strategy":"merge"})");
  EXPECT_EQ(schema(core, "io.k8s.api.core.v1.PodSpec", "nodeSelector"),
            R"({"type":"object","additionalProperties":{"type":"string"},"x-kubernetes-map-type":"atomic"})");
  EXPECT_EQ(schema(core, "io.k8s.api.core.v1.PodSpec", "restartPolicy"),
            R"({"type":"string","default":"Always","enum":["Always","Never","OnFailure"]})");
  EXPECT_EQ(
      schema(core, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "finalizers"),
      R"({"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set","x-kubernetes-patch-strategy":"merge"})");
  EXPECT_EQ(
      text(codec::find_path(core, {"components", "schemas", "io.k8s.api.core.v1.Pod", "x-kubernetes-group-version-kind"})),
      R"([{"group":"","kind":"Pod","version":"v1"}])");
  EXPECT_EQ(text(codec::find_path(core, {"components", "schemas", "io.k8s.api.core.v1.PodSpec", "required"})),
            R"(["containers"])");
  EXPECT_EQ(text(codec::find_path(core, {"components", "schemas", "io.k8s.apimachinery.pkg.util.intstr.IntOrString", "oneOf"})),
            R"([{"type":"integer"},{"type":"string"}])");
}

// Every reference leads somewhere inside the document.
void check_references(const Value& value, const Value& document, int& count) {
  if (value.is_array())
    for (const Value& item : value.get_array()) check_references(item, document, count);
  if (!value.is_object()) return;
  for (const auto& member : value.get_object()) {
    if (member.key() != "$ref" || !member.value().is_string()) {
      check_references(member.value(), document, count);
      continue;
    }
    std::string_view target = codec::view(member.value().as_string());
    bool v3 = target.starts_with("#/components/schemas/");
    std::string_view name = target.substr(target.rfind('/') + 1);
    EXPECT_NE(
        v3 ? codec::find_path(document, {"components", "schemas", name}) : codec::find_path(document, {"definitions", name}),
        nullptr)
        << target;
    ++count;
  }
}

TEST(OpenApi, EveryReferenceIsDefined) {
  for (std::string_view path :
       {"/openapi/v2", "/openapi/v3/api/v1", "/openapi/v3/apis/apps/v1", "/openapi/v3/apis/apiextensions.k8s.io/v1"}) {
    Value whole = document(path);
    int count = 0;
    check_references(whole, whole, count);
    EXPECT_GT(count, 50) << path;
  }
}

TEST(OpenApi, PatchOperationsOfferFieldValidationAndStrategicMerge) {
  Value apps = document("/openapi/v3/apis/apps/v1");
  const Value* patch = codec::find_path(apps, {"paths", "/apis/apps/v1/namespaces/{namespace}/deployments/{name}", "patch"});
  ASSERT_NE(patch, nullptr);
  EXPECT_EQ(codec::string_at(*patch, "operationId"), "patchAppsV1NamespacedDeployment");
  EXPECT_EQ(codec::string_at(*patch, "x-kubernetes-action"), "patch");
  EXPECT_EQ(text(codec::find(*patch, "x-kubernetes-group-version-kind")),
            R"({"group":"apps","kind":"Deployment","version":"v1"})");
  EXPECT_NE(codec::find_path(*patch, {"requestBody", "content", "application/strategic-merge-patch+json"}), nullptr);
  EXPECT_THAT(text(codec::find(*patch, "parameters")), testing::HasSubstr(R"("name":"fieldValidation","in":"query")"));
  const Value* scale =
      codec::find_path(apps, {"paths", "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale", "get"});
  ASSERT_NE(scale, nullptr);
  EXPECT_EQ(text(codec::find(*scale, "x-kubernetes-group-version-kind")),
            R"({"group":"autoscaling","kind":"Scale","version":"v1"})");
}

// The bytes of the first field with this number; empty when there is none.
std::string_view field(std::string_view message, std::uint32_t number) {
  codec::WireReader reader(message);
  while (!reader.done()) {
    auto next = reader.next();
    if (!next) return {};
    if (next->number == number) return next->bytes;
  }
  return {};
}

// The value of the entry named `name` among the repeated fields `number`, each { 1: name, 2: value }.
std::string_view named(std::string_view message, std::uint32_t number, std::string_view name) {
  codec::WireReader reader(message);
  while (!reader.done()) {
    auto next = reader.next();
    if (!next) return {};
    if (next->number == number && field(next->bytes, 1) == name) return field(next->bytes, 2);
  }
  return {};
}

TEST(OpenApi, TheProtobufFormOfV2SaysTheSame) {
  auto answer = openapi_answer("/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
  ASSERT_TRUE(answer.has_value());
  std::string_view bytes = *answer->body;
  EXPECT_EQ(field(bytes, 1), "2.0");
  std::string_view pod = named(field(bytes, 9), 1, "io.k8s.api.core.v1.Pod");
  EXPECT_EQ(field(field(pod, 22), 1), "object");
  EXPECT_EQ(field(named(pod, 31, "x-kubernetes-group-version-kind"), 2), R"([{"group":"","kind":"Pod","version":"v1"}])");
  std::string_view spec = named(field(pod, 25), 1, "spec");
  EXPECT_EQ(field(spec, 1), "#/definitions/io.k8s.api.core.v1.PodSpec");
  std::string_view item = named(field(bytes, 8), 2, "/api/v1/namespaces/{namespace}/pods/{name}");
  EXPECT_EQ(field(field(item, 8), 5), "patchCoreV1NamespacedPod");
}

}  // namespace
}  // namespace charon::server
