// metadata.managedFields through the API: every write, as `kubectl get --show-managed-fields` shows it.
#include "server/managed_fields/managed_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "server/managed_fields/manager_name.h"
#include "server/server_for_test.h"

namespace charon::server {
namespace {

using codec::Value;

constexpr std::string_view kDeployment =
    R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default"},
  "spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
  "spec":{"containers":[{"name":"web","image":"nginx:1"}]}}}})";

const model::Kind& kind(std::string_view group, std::string_view name) { return *model::find_kind({group, "v1"}, name); }

// "operation manager subresource" of each entry.
std::vector<std::string> owners(const DocumentPtr& document) {
  std::vector<std::string> out;
  Value tree = document->tree();
  const Value* managed = codec::find_path(tree, {"metadata", "managedFields"});
  if (managed == nullptr) return out;
  for (const Value& entry : managed->as_array()) {
    std::string line =
        std::string(codec::string_at(entry, "operation")) + " " + std::string(codec::string_at(entry, "manager"));
    if (auto subresource = codec::string_at(entry, "subresource"); !subresource.empty()) line += " " + std::string(subresource);
    out.push_back(line);
  }
  return out;
}

Value entry(const DocumentPtr& document, std::string_view manager) {
  Value tree = document->tree();
  if (const Value* managed = codec::find_path(tree, {"metadata", "managedFields"}))
    for (const Value& one : managed->as_array())
      if (codec::string_at(one, "manager") == manager) return one;
  return nullptr;
}
std::string fields(const DocumentPtr& document, std::string_view manager) {
  Value found = entry(document, manager);
  return found.is_null() ? "none" : codec::write_json(found.at("fieldsV1"));
}

struct ManagedFields : ::testing::Test {
  ServerForTest server;
  DocumentPtr must(Result<DocumentPtr> result) {
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return result.value_or(nullptr);
  }
  DocumentPtr must(Result<Applied> result) {
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return result ? result->object : nullptr;
  }
  void wait_a_second() { server.loop.run_for(std::chrono::seconds(2)); }
};

TEST_F(ManagedFields, ACreatedDeploymentIsItsCreators) {
  DocumentPtr made = must(server.create(kDeployment));
  EXPECT_THAT(owners(made), ::testing::ElementsAre("Update unknown"));
  // As Kubernetes has it, defaults and all.
  EXPECT_EQ(
      fields(made, "unknown"),
      R"({"f:spec":{"f:progressDeadlineSeconds":{},"f:replicas":{},"f:revisionHistoryLimit":{},"f:selector":{},)"
      R"("f:strategy":{"f:rollingUpdate":{".":{},"f:maxSurge":{},"f:maxUnavailable":{}},"f:type":{}},)"
      R"("f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":)"
      R"({".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{},"f:terminationMessagePath":{},)"
      R"("f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},)"
      R"("f:terminationGracePeriodSeconds":{}}}}})");
  Value one = entry(made, "unknown");
  EXPECT_EQ(codec::string_at(one, "apiVersion"), "apps/v1");
  EXPECT_EQ(codec::string_at(one, "fieldsType"), "FieldsV1");
  EXPECT_FALSE(codec::string_at(one, "time").empty());
}

TEST_F(ManagedFields, UpdatersOwnWhatTheyChangeAndStatusHasItsOwnEntry) {
  DocumentPtr made = must(server.create(kDeployment));
  Value tree = made->tree();
  tree.at("spec").as_object()["replicas"] = 5;
  DocumentPtr scaled = must(server.update_as("scaler", tree));
  EXPECT_EQ(fields(scaled, "scaler"), R"({"f:spec":{"f:replicas":{}}})");
  EXPECT_THAT(fields(scaled, "unknown"), ::testing::Not(::testing::HasSubstr("f:replicas")));

  tree = scaled->tree();
  tree.as_object()["status"] = codec::Object{{"replicas", 5}, {"observedGeneration", 2}};
  tree.at("spec").as_object()["replicas"] = 7;  // reset on /status
  DocumentPtr observed = must(server.update_as("controller", tree, "status"));
  EXPECT_EQ(fields(observed, "controller"), R"({"f:status":{"f:observedGeneration":{},"f:replicas":{}}})");
  EXPECT_EQ(codec::string_at(entry(observed, "controller"), "subresource"), "status");
  EXPECT_EQ(observed->tree().at("spec").at("replicas").to_number<int>(), 5);
}

TEST_F(ManagedFields, AnUpdateThatChangesNothingKeepsTimesAndRevision) {
  DocumentPtr made = must(server.create(kDeployment));
  wait_a_second();
  DocumentPtr again = must(server.update_as("other", made->tree()));
  EXPECT_EQ(again->revision(), made->revision());
  EXPECT_EQ(*again->json(), *made->json());
}

TEST_F(ManagedFields, ApplyCreatesAndApplyingAgainIsNothing) {
  auto made = server.apply_as("me", kDeployment);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->created);
  EXPECT_THAT(owners(made->object), ::testing::ElementsAre("Apply me"));
  EXPECT_EQ(fields(made->object, "me"),
            R"({"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:metadata":{"f:labels":{"f:app":{}}},)"
            R"("f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:image":{},"f:name":{}}}}}}})");
  wait_a_second();
  auto again = server.apply_as("me", kDeployment);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_FALSE(again->created);
  EXPECT_EQ(again->object->revision(), made->object->revision());
  EXPECT_EQ(*again->object->json(), *made->object->json());
}

TEST_F(ManagedFields, ConflictsAreTold) {
  must(server.create(kDeployment));
  std::string other(kDeployment);
  other.replace(other.find("nginx:1"), 7, "nginx:2");
  auto applied = server.apply_as("me", other);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().reason, Reason::Conflict);
  EXPECT_EQ(applied.error().message,
            "Apply failed with 1 conflict: conflict with \"unknown\" using apps/v1: "
            ".spec.template.spec.containers[name=\"web\"].image");
  ASSERT_EQ(applied.error().details->causes.size(), 1u);
  EXPECT_EQ(applied.error().details->causes[0], (Cause{"FieldManagerConflict", "conflict with \"unknown\" using apps/v1",
                                                       ".spec.template.spec.containers[name=\"web\"].image"}));
  other.replace(other.find("\"replicas\":2"), 12, "\"replicas\":3");
  applied = server.apply_as("me", other);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().message,
            "Apply failed with 2 conflicts: conflicts with \"unknown\" using apps/v1:\n- .spec.replicas\n"
            "- .spec.template.spec.containers[name=\"web\"].image");
  auto forced = server.apply_as("me", other, {.force = schema::apply::Force::Yes});
  ASSERT_TRUE(forced) << forced.error().message;
  EXPECT_THAT(fields(forced->object, "unknown"), ::testing::Not(::testing::HasSubstr("f:image\"")));
  EXPECT_EQ(forced->object->tree().at("spec").at("replicas").to_number<int>(), 3);
}

TEST_F(ManagedFields, FieldsThatAreNoLongerAppliedFallBackToTheirDefaults) {
  must(server.apply_as("me", kDeployment));
  std::string without(kDeployment);
  without.erase(without.find("\"replicas\":2,"), 13);
  DocumentPtr next = must(server.apply_as("me", without));
  EXPECT_EQ(next->tree().at("spec").at("replicas").to_number<int>(), 1);
  EXPECT_THAT(fields(next, "me"), ::testing::Not(::testing::HasSubstr("f:replicas")));
}

TEST_F(ManagedFields, ApplyThroughStatusOwnsStatusOnly) {
  must(server.create(kDeployment));
  DocumentPtr next =
      must(server.apply_as("me", R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default"},
      "spec":{"replicas":9},"status":{"replicas":4}})",
                           {}, "status"));
  EXPECT_EQ(fields(next, "me"), R"({"f:status":{"f:replicas":{}}})");
  EXPECT_EQ(codec::string_at(entry(next, "me"), "subresource"), "status");
  EXPECT_EQ(next->tree().at("status").at("replicas").to_number<int>(), 4);
  EXPECT_EQ(next->tree().at("spec").at("replicas").to_number<int>(), 2);
  auto gone = server.apply_as(
      "me", R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x","namespace":"default"}})", {}, "status");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().reason, Reason::NotFound);
}

TEST_F(ManagedFields, WhatCannotBeApplied) {
  struct Bad {
    const char* config;
    Reason reason;
    const char* message;
  };
  for (const Bad& bad :
       {Bad{R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"default","managedFields":[]}})",
            Reason::BadRequest, "metadata.managedFields must be nil"},
        Bad{R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"default"},"foo":1})", Reason::Unknown,
            "failed to create typed patch object (default/c; /v1, Kind=ConfigMap): .foo: field not declared in schema"}}) {
    auto applied = server.apply_as("me", bad.config);
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().reason, bad.reason);
    EXPECT_EQ(applied.error().message, bad.message);
  }
}

TEST_F(ManagedFields, CreatingByApplyMayBeForbidden) {
  ApplyOptions options;
  options.may_create = []() -> Result<void> { return fail(Reason::Forbidden, "no"); };
  auto applied = server.apply_as("me", kDeployment, options);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().reason, Reason::Forbidden);
  must(server.apply_as("me", kDeployment));
  EXPECT_TRUE(server.apply_as("me", kDeployment, options));
}

TEST_F(ManagedFields, OneEmptyEntryStopsTracking) {
  DocumentPtr made = must(server.create(kDeployment));
  const model::Kind& deployments = kind("apps", "Deployment");
  for (const char* unheeded : {R"({"metadata":{"managedFields":[]}})", R"({"metadata":{"managedFields":null}})",
                               R"({"metadata":{"managedFields":[{"manager":"x","operation":"Sing"}]}})"}) {
    DocumentPtr same = must(server.patch_as("me", deployments, made->key(), client::PatchType::Merge, unheeded));
    EXPECT_EQ(same->revision(), made->revision()) << unheeded;
  }
  DocumentPtr reset =
      must(server.patch_as("me", deployments, made->key(), client::PatchType::Merge, R"({"metadata":{"managedFields":[{}]}})"));
  EXPECT_THAT(owners(reset), ::testing::IsEmpty());
  DocumentPtr next =
      must(server.patch_as("me", deployments, made->key(), client::PatchType::Merge, R"({"spec":{"replicas":3}})"));
  EXPECT_THAT(owners(next), ::testing::IsEmpty());
  // From the first apply on there are owners again: what is there belongs to "before-first-apply".
  auto applied = server.apply_as("me", kDeployment);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().message,
            "Apply failed with 1 conflict: conflict with \"before-first-apply\" using apps/v1: .spec.replicas");
}

TEST_F(ManagedFields, GivenManagedFieldsCount) {
  // What `kubectl apply --server-side` does to objects of client-side apply.
  DocumentPtr made = must(server.create(kDeployment));
  std::string patch = R"([{"op":"replace","path":"/metadata/managedFields","value":[{"manager":"kubectl","operation":"Apply",
    "apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}}}]},
    {"op":"replace","path":"/metadata/resourceVersion","value":")" +
                      std::to_string(made->revision()) + R"("}])";
  DocumentPtr next = must(server.patch_as("me", kind("apps", "Deployment"), made->key(), client::PatchType::Json, patch));
  EXPECT_THAT(owners(next), ::testing::ElementsAre("Apply kubectl"));
  auto stale = server.patch_as("me", kind("apps", "Deployment"), made->key(), client::PatchType::Json, patch);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().reason, Reason::Conflict);
}

TEST_F(ManagedFields, ManyUpdatersAreJoined) {
  DocumentPtr object = must(server.create(
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"default"},"data":{"first":"x"}})"));
  for (int i = 0; i < 14; ++i) {
    wait_a_second();
    std::string patch = R"({"data":{"key-)" + std::to_string(i) + R"(":"x"}})";
    object = must(
        server.patch_as("updater-" + std::to_string(i), kind("", "ConfigMap"), object->key(), client::PatchType::Merge, patch));
  }
  std::vector<std::string> all = owners(object);
  ASSERT_EQ(all.size(), kUpdateManagers);
  EXPECT_EQ(all.front(), "Update ancient-changes");
  EXPECT_EQ(fields(object, "ancient-changes"),
            R"({"f:data":{".":{},"f:first":{},"f:key-0":{},"f:key-1":{},"f:key-2":{},"f:key-3":{},"f:key-4":{}}})");
}

TEST_F(ManagedFields, WhatKubectlAppliedOnTheClientsSideIsItsOwn) {
  std::string object(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"default","annotations":{
    "kubectl.kubernetes.io/last-applied-configuration":"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\"},\"data\":{\"a\":\"1\"}}"}},
    "data":{"a":"1"}})");
  must(server.create(object));
  constexpr std::string_view config =
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"default"},"data":{"a":"2"}})";
  EXPECT_FALSE(server.apply_as("other", config));
  DocumentPtr next = must(server.apply_as("kubectl", config));
  Value tree = next->tree();
  EXPECT_EQ(codec::string_at_path(tree, {"metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"}),
            "{\"apiVersion\":\"v1\",\"data\":{\"a\":\"2\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\",\"namespace\":"
            "\"default\"}}\n");
}

TEST_F(ManagedFields, DryRunsChangeNothing) {
  codec::Value object = codec::parse_json(kDeployment).value();
  Request request;
  request.verb = "patch";
  request.kind = &kind("apps", "Deployment");
  request.ns = "default";
  request.name = "web";
  request.field_manager = "me";
  request.dry_run = true;
  DocumentPtr made = must(server.loop.run(server.api->apply(request, object, {}, nullptr)));
  EXPECT_THAT(owners(made), ::testing::ElementsAre("Apply me"));
  EXPECT_FALSE(server.caches.of(*request.kind).get({"default", "web"}));
}

TEST_F(ManagedFields, OwnersOfTheOtherViewOfAnObject) {
  must(server.create(
      R"({"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"name":"h","namespace":"default"},
      "spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},"maxReplicas":5}})"));
  auto applied = server.apply_as("me", R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler",
      "metadata":{"name":"h","namespace":"default"},"spec":{"maxReplicas":6}})");
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().message,
            "Apply failed with 1 conflict: conflict with \"unknown\" using autoscaling/v1: .spec.maxReplicas");
}

TEST_F(ManagedFields, WhatIsTooLargeWithThemGoesWithout) {
  // Few bytes of data and many of fields: each key is named in both.
  codec::Object data;
  std::string key(240, 'k');
  for (int i = 0; i < 4500; ++i) data[key + std::to_string(i)] = "";
  codec::Value object =
      codec::parse_json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"default"}})").value();
  object.as_object()["data"] = std::move(data);
  DocumentPtr made = must(server.create(codec::write_json(object)));
  ASSERT_TRUE(made);
  EXPECT_THAT(owners(made), ::testing::IsEmpty());
  EXPECT_GT(made->json()->size(), limits::kObjectBytes / 2);
}

TEST(ManagerName, OfUserAgentsAndUsers) {
  EXPECT_EQ(manager_of_user_agent("kubectl/v1.36.0 (linux/amd64) kubernetes/abc"), "kubectl");
  EXPECT_EQ(manager_of_user_agent("Mozilla"), "Mozilla");
  EXPECT_EQ(manager_of_user_agent("a\tb/1"), "ab");
  EXPECT_EQ(manager_of_user_agent(""), "");
  EXPECT_EQ(manager_of_user_agent(std::string(200, 'x')).size(), kManagerNameBytes);
  EXPECT_EQ(manager_of_user("system:kube-scheduler"), "kube-scheduler");
  EXPECT_EQ(manager_of_user("system:node:n1"), "kubelet");
  EXPECT_EQ(manager_of_user("system:serviceaccount:kube-system:job-controller"), "kube-controller-manager");
  EXPECT_EQ(manager_of_user("system:apiserver"), "kube-apiserver");
}

TEST(ManagerName, Checked) {
  schema::FieldErrors errors;
  validate_manager_name("kubectl-client-side-apply", "fieldManager", errors);
  EXPECT_TRUE(errors.empty());
  validate_manager_name("a\nb", "fieldManager", errors);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(schema::field_error_text(errors[0]),
            "fieldManager: Invalid value: \"a\\nb\": invalid character U+000A (at position 1)");
  errors = {};
  validate_manager_name(std::string(129, 'a'), "fieldManager", errors);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(schema::field_error_text(errors[0]), "fieldManager: Too long: may not be more than 128 bytes");
}

}  // namespace
}  // namespace charon::server
