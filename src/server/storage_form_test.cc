// One stored object, two kinds (model/storage_form.h), seen through the API.
#include "model/storage_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/server_for_test.h"

namespace charon::server {
namespace {

const model::Kind& kind(std::string_view group, std::string_view version, std::string_view name) {
  return *model::find_kind({group, version}, name);
}

TEST(StorageForm, AnEventIsSeenInBothGroups) {
  ServerForTest server;
  auto made = server.create(R"({"apiVersion":"v1","kind":"Event","metadata":{"name":"e","namespace":"default"},
      "involvedObject":{"kind":"Pod","name":"web","namespace":"default"},"message":"hello","reason":"Started","type":"Normal","count":2,
      "source":{"component":"kubelet"}})");
  ASSERT_TRUE(made) << made.error().message;
  DocumentPtr view = server.caches.of(kind("events.k8s.io", "v1", "Event")).get({"default", "e"});
  ASSERT_TRUE(view);
  codec::Value tree = view->tree();
  EXPECT_EQ(codec::string_at(tree, "apiVersion"), "events.k8s.io/v1");
  EXPECT_EQ(codec::string_at(tree, "note"), "hello");
  EXPECT_EQ(codec::string_at_path(tree, {"regarding", "name"}), "web");
  EXPECT_EQ(codec::int_at(tree, "deprecatedCount"), 2);
  EXPECT_EQ(view->revision(), (*made)->revision());

  tree.as_object()["series"] = {{"count", 3}, {"lastObservedTime", "2026-01-01T00:00:00.000000Z"}};
  auto updated = server.update(tree);
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ((*updated)->tree().at("series").at("count"), 3);
  EXPECT_EQ(server.get("Event", {"default", "e"})->tree().at("series").at("count"), 3);
  ASSERT_TRUE(server.remove(kind("events.k8s.io", "v1", "Event"), {"default", "e"}));
  EXPECT_FALSE(server.get("Event", {"default", "e"}));
}

TEST(StorageForm, AnAutoscalerIsSeenInBothVersions) {
  ServerForTest server;
  auto made = server.create(
      R"({"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"name":"h","namespace":"default"},
      "spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},"maxReplicas":5,"targetCPUUtilizationPercentage":70}})");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(codec::string_at((*made)->tree(), "apiVersion"), "autoscaling/v1");
  DocumentPtr second = server.caches.of(kind("autoscaling", "v2", "HorizontalPodAutoscaler")).get({"default", "h"});
  ASSERT_TRUE(second);
  EXPECT_EQ(codec::write_json(second->tree().at("spec").at("metrics")),
            R"([{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":70}}}])");
}

TEST(StorageForm, WhatVersionOneCannotSayIsKeptInAnnotations) {
  const model::StorageForm* form = model::storage_form(kind("autoscaling", "v1", "HorizontalPodAutoscaler"));
  ASSERT_NE(form, nullptr);
  codec::Value second =
      codec::parse_json(R"({"kind":"HorizontalPodAutoscaler","apiVersion":"autoscaling/v2","metadata":{"name":"h"},
      "spec":{"maxReplicas":5,"behavior":{"scaleDown":{"stabilizationWindowSeconds":60}},
        "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":70}}},
                   {"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1Gi"}}}]},
      "status":{"desiredReplicas":2,"conditions":[{"type":"AbleToScale","status":"True"}],
        "currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":60,"averageValue":"100m"}}}]}})")
          .value();
  codec::Value first = form->from_stored(second);
  EXPECT_EQ(codec::int_at(first.at("spec"), "targetCPUUtilizationPercentage"), 70);
  EXPECT_EQ(codec::find_path(first, {"spec", "metrics"}), nullptr);
  EXPECT_TRUE(codec::equal(form->to_stored(first), second)) << codec::write_json(form->to_stored(first));
}

TEST(StorageForm, OtherKindsAreStoredAsThemselves) { EXPECT_EQ(model::storage_form(kind("", "v1", "Pod")), nullptr); }

}  // namespace
}  // namespace charon::server
