// Custom resources through the API: from a definition to its objects and back.
#include "server/crd/definitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/crd/definition.h"
#include "server/server_for_test.h"

namespace charon::server::crd {
namespace {

using codec::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A CronTab with a schema; `versions` and `names` as JSON.
std::string definition(std::string_view versions, std::string_view names = R"("shortNames":["ct"],"categories":["all"])") {
  return std::string(R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",)") +
         R"("metadata":{"name":"crontabs.stable.example.com"},"spec":{"group":"stable.example.com","scope":"Namespaced",)" +
         R"("names":{"plural":"crontabs","kind":"CronTab",)" + std::string(names) + R"(},"versions":[)" +
         std::string(versions) + "]}}";
}

constexpr std::string_view kV1 = R"({"name":"v1","served":true,"storage":true,"subresources":{"status":{},"scale":{
  "specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas","labelSelectorPath":".status.selector"}},
  "selectableFields":[{"jsonPath":".spec.image"}],
  "schema":{"openAPIV3Schema":{"type":"object","properties":{
   "spec":{"type":"object","required":["cronSpec"],"properties":{
     "cronSpec":{"type":"string","pattern":"^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$"},
     "image":{"type":"string","maxLength":8},
     "replicas":{"type":"integer","minimum":1,"maximum":10,"default":1},
     "policy":{"type":"string","enum":["Allow","Forbid"]},
     "port":{"x-kubernetes-int-or-string":true},
     "labels":{"type":"object","additionalProperties":{"type":"string"}},
     "steps":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
       "items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"after":{"type":"string","default":"none"}}}},
     "raw":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
     "note":{"type":"string","nullable":true}}},
   "status":{"type":"object","properties":{"replicas":{"type":"integer"},"selector":{"type":"string"}}}}}}})";

std::string cron_tab(std::string_view spec, std::string_view version = "v1") {
  return std::string(R"({"apiVersion":"stable.example.com/)") + std::string(version) +
         R"(","kind":"CronTab","metadata":{"name":"mine","namespace":"default"},"spec":)" + std::string(spec) + "}";
}

class DefinitionsTest : public ::testing::Test {
 protected:
  DefinitionsTest() : definitions_(server_.loop, server_.net, server_.random, server_.caches) {
    definitions_.start(*server_.api);
    server_.loop.run_for(std::chrono::seconds(1));
  }

  void define(std::string_view versions = kV1) {
    auto created = server_.create(definition(versions));
    ASSERT_TRUE(created) << created.error().message;
    server_.loop.run_for(std::chrono::seconds(1));
  }
  void change(const std::function<void(codec::Object& spec)>& edit) {
    Value tree = crd()->tree();
    edit(tree.as_object()["spec"].as_object());
    auto updated = server_.update(std::move(tree));
    ASSERT_TRUE(updated) << updated.error().message;
    server_.loop.run_for(std::chrono::seconds(1));
  }
  DocumentPtr crd(std::string name = "crontabs.stable.example.com") const {
    return server_.caches.of(definition_kind()).get({"", std::move(name)});
  }
  std::string condition(std::string_view type, std::string name = "crontabs.stable.example.com") const {
    Value tree = crd(std::move(name))->tree();
    for (const Value& each : codec::find_path(tree, {"status", "conditions"})->as_array())
      if (codec::string_at(each, "type") == type)
        return std::string(codec::string_at(each, "status")) + " " + std::string(codec::string_at(each, "reason")) + ": " +
               std::string(codec::string_at(each, "message"));
    return "";
  }
  const model::Kind* kind(std::string_view version = "v1") const {
    return server_.kinds.find_kind({"stable.example.com", version}, "CronTab");
  }
  DocumentPtr mine(std::string_view version = "v1") { return server_.caches.of(*kind(version)).get({"default", "mine"}); }
  std::string spec_of(const DocumentPtr& document) { return codec::write_json(*codec::find(document->tree(), "spec")); }
  std::vector<std::string> errors(std::string_view spec) {
    auto created = server_.create(cron_tab(spec));
    std::vector<std::string> texts;
    if (created) return {"created"};
    if (!created.error().details) return {created.error().message};
    for (const Cause& cause : created.error().details->causes) texts.push_back(cause.field + ": " + cause.message);
    return texts;
  }

  mutable ServerForTest server_;
  Definitions definitions_;
};

TEST_F(DefinitionsTest, IsEstablishedAndServed) {
  define();
  EXPECT_EQ(condition("NamesAccepted"), "True NoConflicts: no conflicts found");
  EXPECT_EQ(condition("Established"), "True InitialNamesAccepted: the initial names have been accepted");
  Value tree = crd()->tree();
  EXPECT_EQ(codec::write_json(*codec::find_path(tree, {"status", "storedVersions"})), R"(["v1"])");
  EXPECT_EQ(codec::string_at_path(tree, {"status", "acceptedNames", "listKind"}), "CronTabList");
  ASSERT_NE(kind(), nullptr);
  EXPECT_EQ(kind()->singular, "crontab");
  EXPECT_TRUE(kind()->has_subresource("scale"));
  EXPECT_EQ(server_.kinds.find_resource({"stable.example.com", "v1"}, "crontabs"), kind());
}

TEST_F(DefinitionsTest, PrunesAndDefaults) {
  define();
  auto created = server_.create(cron_tab(
      R"({"cronSpec":"* * * * */5","unknown":1,"raw":{"b":{"y":1,"x":2},"a":[null]},"labels":{"a":"b","c":null},"note":null,"image":null,
          "steps":[{"name":"one","more":true}]})"));
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ(spec_of(*created),
            R"({"cronSpec":"* * * * */5","labels":{"a":"b"},"note":null,"raw":{"a":[null],"b":{"x":2,"y":1}},"replicas":1,)"
            R"("steps":[{"after":"none","name":"one"}]})");
  EXPECT_THAT(server_.warnings, ElementsAre("unknown field \"spec.unknown\"", "unknown field \"spec.steps[0].more\""));
  EXPECT_EQ(codec::write_json(*codec::find_path((*created)->tree(), {"metadata", "generation"})), "1");
}

TEST_F(DefinitionsTest, SaysWhatIsWrongAsKubernetesDoes) {
  define();
  EXPECT_THAT(errors(R"({"cronSpec":"x"})"),
              ElementsAre("spec.cronSpec: Invalid value: \"x\": spec.cronSpec in body should match "
                          "'^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$'"));
  EXPECT_THAT(errors(R"({"replicas":"three"})"),
              ElementsAre("spec.replicas: Invalid value: \"string\": spec.replicas in body must be of type integer: \"string\"",
                          "spec.cronSpec: Required value"));
  EXPECT_THAT(errors(R"({"cronSpec":"* * * * *","replicas":11})"),
              ElementsAre("spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10"));
  EXPECT_THAT(errors(R"({"cronSpec":"* * * * *","policy":"Maybe"})"),
              ElementsAre("spec.policy: Unsupported value: \"Maybe\": supported values: \"Allow\", \"Forbid\""));
  EXPECT_THAT(errors(R"({"cronSpec":"* * * * *","image":"much-too-long"})"),
              ElementsAre("spec.image: Too long: may not be more than 8 bytes"));
  EXPECT_THAT(
      errors(R"({"cronSpec":"* * * * *","port":true})"),
      ElementsAre("spec.port: Invalid value: \"boolean\": spec.port in body must be of type integer,string: \"boolean\""));
  EXPECT_THAT(errors(R"({"cronSpec":"* * * * *","steps":[{"name":"a"},{"name":"a"}]})"),
              ElementsAre("spec.steps[1]: Duplicate value: {\"name\":\"a\"}"));
  EXPECT_THAT(
      errors(R"({"cronSpec":"* * * * *","labels":{"a":1}})"),
      ElementsAre("spec.labels.a: Invalid value: \"integer\": spec.labels.a in body must be of type string: \"integer\""));
  auto refused = server_.create(cron_tab(R"({"cronSpec":"x"})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::Invalid);
  EXPECT_THAT(refused.error().message,
              HasSubstr("CronTab.stable.example.com \"mine\" is invalid: spec.cronSpec: Invalid value"));
}

TEST_F(DefinitionsTest, ConvertsBetweenVersions) {
  std::string v1 = std::string(kV1), v2 = v1;
  v1.replace(v1.find(R"("storage":true)"), 14, R"("storage":false)");
  v2.replace(v2.find(R"("name":"v1")"), 11, R"("name":"v2")");
  v2.replace(v2.find(R"("default":1)"), 11, R"("default":2)");
  define(v1 + "," + v2);
  ASSERT_TRUE(server_.create(cron_tab(R"({"cronSpec":"* * * * *"})")));
  EXPECT_EQ(codec::string_at(mine("v2")->tree(), "apiVersion"), "stable.example.com/v2");
  EXPECT_EQ(spec_of(mine("v2")), R"({"cronSpec":"* * * * *","replicas":1})");
  EXPECT_EQ(mine("v1")->revision(), mine("v2")->revision());
  auto stored = server_.loop.run(server_.store->get("/registry/stable.example.com/crontabs/default/mine"));
  ASSERT_TRUE(stored && *stored);
  EXPECT_THAT(*(*stored)->value, HasSubstr(R"("apiVersion":"stable.example.com/v2")"));
  EXPECT_FALSE(kind("v1")->canonical);
  EXPECT_TRUE(kind("v2")->canonical);
}

TEST_F(DefinitionsTest, ChangesWithoutDroppingWatches) {
  define();
  ASSERT_TRUE(server_.create(cron_tab(R"({"cronSpec":"* * * * *","replicas":2})")));
  auto watch = server_.caches.of(*kind()).watch({}, std::nullopt);
  ASSERT_TRUE(watch);
  const model::Kind* before = kind();
  change([](codec::Object& spec) {
    Value& schema = spec["versions"].as_array()[0].at_pointer("/schema/openAPIV3Schema/properties/spec/properties");
    schema.as_object()["timeZone"] = codec::Object{{"type", "string"}, {"default", "UTC"}};
  });
  EXPECT_NE(kind(), before);
  // What is stored is seen through the new schema.
  EXPECT_EQ(spec_of(mine()), R"({"cronSpec":"* * * * *","replicas":2,"timeZone":"UTC"})");
  Value changed = mine()->tree();
  changed.as_object()["spec"].as_object()["timeZone"] = "CET";
  ASSERT_TRUE(server_.update(std::move(changed)));
  auto events = server_.loop.run((*watch)->next());
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->front().type, EventType::Modified);
  EXPECT_EQ(spec_of(events->front().object), R"({"cronSpec":"* * * * *","replicas":2,"timeZone":"CET"})");
  EXPECT_EQ(codec::write_json(*codec::find_path(mine()->tree(), {"metadata", "generation"})), "2");
}

TEST_F(DefinitionsTest, AddsAndRemovesVersions) {
  define();
  ASSERT_TRUE(server_.create(cron_tab(R"({"cronSpec":"* * * * *"})")));
  change([](codec::Object& spec) {
    Value second = spec["versions"].as_array()[0];
    second.as_object()["name"] = "v2";
    second.as_object()["storage"] = false;
    spec["versions"].as_array().push_back(second);
  });
  ASSERT_NE(kind("v2"), nullptr);
  ASSERT_NE(mine("v2"), nullptr);
  model::KindRef gone(kind("v2"));
  change([](codec::Object& spec) { spec["versions"].as_array().pop_back(); });
  EXPECT_EQ(kind("v2"), nullptr);
  EXPECT_EQ(server_.caches.of(*gone).size(), 0u);
  EXPECT_FALSE(server_.caches.serves(*gone));
  EXPECT_NE(mine(), nullptr);
}

TEST_F(DefinitionsTest, GoesAfterItsObjects) {
  define();
  std::string held = cron_tab(R"({"cronSpec":"* * * * *"})");
  held.replace(held.find(R"("name":"mine")"), 13, R"("name":"mine","finalizers":["example.com/hold"])");
  ASSERT_TRUE(server_.create(held));
  ASSERT_TRUE(server_.remove(definition_kind(), {"", "crontabs.stable.example.com"}));
  server_.loop.run_for(std::chrono::seconds(3));
  ASSERT_NE(crd(), nullptr);
  EXPECT_EQ(condition("Terminating"), "True InstanceDeletionInProgress: CustomResource deletion is in progress");
  auto refused = server_.create(cron_tab(R"({"cronSpec":"* * * * *"})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "create not allowed while custom resource definition is terminating");
  Value object = mine()->tree();
  EXPECT_FALSE(codec::string_at_path(object, {"metadata", "deletionTimestamp"}).empty());
  object.as_object()["metadata"].as_object().erase("finalizers");
  ASSERT_TRUE(server_.update(std::move(object)));
  server_.loop.run_for(std::chrono::seconds(3));
  EXPECT_EQ(crd(), nullptr);
  EXPECT_EQ(kind(), nullptr);
  auto left = server_.loop.run(server_.store->list({.prefix = "/registry/stable.example.com/", .start_after = {}, .at = {}}));
  ASSERT_TRUE(left);
  EXPECT_THAT(left->entries, IsEmpty());
  // And may come again.
  define();
  EXPECT_TRUE(server_.create(cron_tab(R"({"cronSpec":"* * * * *"})")));
}

TEST_F(DefinitionsTest, NamesBelongToTheFirst) {
  define();
  std::string other = definition(kV1, R"("shortNames":["ct"],"singular":"tab")");
  auto replace = [&other](std::string_view what, std::string_view with) {
    for (std::size_t at = other.find(what); at != std::string::npos; at = other.find(what, at + with.size()))
      other.replace(at, what.size(), with);
  };
  replace("crontabs", "tabs");
  replace("\"CronTab\"", "\"Tab\"");
  ASSERT_TRUE(server_.create(other));
  server_.loop.run_for(std::chrono::seconds(1));
  EXPECT_EQ(condition("NamesAccepted", "tabs.stable.example.com"), "False ShortNamesConflict: \"ct\" is already in use");
  EXPECT_EQ(condition("Established", "tabs.stable.example.com"), "False NotAccepted: not all names are accepted");
  EXPECT_EQ(server_.kinds.find_kind({"stable.example.com", "v1"}, "Tab"), nullptr);
  ASSERT_TRUE(server_.remove(definition_kind(), {"", "crontabs.stable.example.com"}));
  server_.loop.run_for(std::chrono::seconds(3));
  EXPECT_NE(server_.kinds.find_kind({"stable.example.com", "v1"}, "Tab"), nullptr);
}

TEST_F(DefinitionsTest, WarnsOfRulesInCel) {
  std::string version(kV1);
  version.replace(version.find(R"("required":["cronSpec"])"), 23,
                  R"("required":["cronSpec"],"x-kubernetes-validations":[{"rule":"self.replicas > 0"}])");
  ASSERT_TRUE(server_.create(definition(version)));
  EXPECT_THAT(server_.warnings,
              ElementsAre(HasSubstr("x-kubernetes-validations are stored, but this server does not enforce them yet")));
}

TEST_F(DefinitionsTest, WhatHasNotChangedMayStayWrong) {
  define();
  ASSERT_TRUE(server_.create(cron_tab(R"({"cronSpec":"* * * * *","image":"busybox"})")));
  change([](codec::Object& spec) {
    spec["versions"].as_array()[0].at_pointer("/schema/openAPIV3Schema/properties/spec/properties/image/maxLength") = 3;
  });
  Value labelled = mine()->tree();
  labelled.as_object()["metadata"].as_object()["labels"] = codec::Object{{"a", "b"}};
  EXPECT_TRUE(server_.update(labelled));
  labelled.as_object()["metadata"].as_object()["resourceVersion"] = std::to_string(mine()->revision());
  labelled.as_object()["spec"].as_object()["image"] = "alpine";
  auto worse = server_.update(labelled);
  ASSERT_FALSE(worse);
  EXPECT_EQ(worse.error().reason, Reason::Invalid);
}

TEST_F(DefinitionsTest, AnUpdateSaysWhichVersionItReplaces) {
  define();
  ASSERT_TRUE(server_.create(cron_tab(R"({"cronSpec":"* * * * *"})")));
  auto refusal = [this](Value object, std::string_view version, std::string_view subresource = "") {
    if (version.empty()) {
      object.as_object()["metadata"].as_object().erase("resourceVersion");
    } else {
      object.as_object()["metadata"].as_object()["resourceVersion"] = version;
    }
    auto updated = server_.update_as("me", std::move(object), subresource);
    return updated ? std::string() : updated.error().message;
  };
  const std::string mine_is = "crontabs.stable.example.com \"" + mine()->key().name +
                              "\" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update";
  EXPECT_EQ(refusal(mine()->tree(), ""), mine_is);
  EXPECT_EQ(refusal(mine()->tree(), "0"), mine_is);
  EXPECT_EQ(refusal(mine()->tree(), "", "status"), mine_is);
  EXPECT_EQ(refusal(mine()->tree(), std::to_string(mine()->revision())), "");
  EXPECT_EQ(refusal(crd()->tree(), ""),
            "customresourcedefinitions.apiextensions.k8s.io \"crontabs.stable.example.com\" is invalid: "
            "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update");
  // Patches change what they find.
  EXPECT_TRUE(server_.patch_as("me", *kind(), mine()->key(), client::PatchType::Merge, R"({"metadata":{"labels":{"a":"b"}}})"));
}

TEST_F(DefinitionsTest, IsServedAgainAfterARestart) {
  define();
  ASSERT_TRUE(server_.create(cron_tab(R"({"cronSpec":"* * * * *"})")));
  model::KindRegistry kinds;
  Caches caches(server_.loop, *server_.store, kinds);
  Definitions definitions(server_.loop, server_.net, server_.random, caches);
  ASSERT_TRUE(server_.loop.run(caches.start([&definitions] { definitions.load(); })));
  const model::Kind* again = kinds.find_kind({"stable.example.com", "v1"}, "CronTab");
  ASSERT_NE(again, nullptr);
  ASSERT_NE(caches.of(*again).get({"default", "mine"}), nullptr);
  // A watch that was interrupted resumes over the restart.
  EXPECT_TRUE(caches.of(*again).watch({}, mine()->revision() - 1));
}

}  // namespace
}  // namespace charon::server::crd
