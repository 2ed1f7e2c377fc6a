// Autoscalers over a real API server, with a source of metrics that the test sets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/apps/v1/types.h"
#include "api/autoscaling/v1/types.h"
#include "api/autoscaling/v2/types.h"
#include "controllers/deployment/controller.h"
#include "controllers/horizontalpodautoscaler/controller.h"
#include "controllers/replicaset/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using apps::v1::Deployment;
using autoscaling::v2::HorizontalPodAutoscaler;
using core::v1::Pod;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Every pod uses so much cpu; other documents by the beginning of their path.
class Metrics final : public client::PathReader {
 public:
  explicit Metrics(testing::Cluster& cluster) : cluster_(cluster) {}
  rt::Task<Result<codec::Value>> get(std::string path) override {
    paths.push_back(path);
    for (const auto& [start, document] : documents)
      if (path.starts_with(start)) co_return codec::parse_json(document).value();
    if (!cpu_milli || !path.starts_with("/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector="))
      co_return fail(Reason::NotFound, "the server could not find the requested resource");
    codec::Array items;
    for (const auto& document : cluster_.informers().of<Pod>().documents("default")) {
      codec::Object usage{{"cpu", std::to_string(*cpu_milli) + "m"}};
      codec::Object container{{"name", "c"}, {"usage", std::move(usage)}};
      codec::Array containers;
      containers.emplace_back(std::move(container));
      items.emplace_back(codec::Object{{"metadata", codec::Object{{"name", document->key().name}, {"namespace", "default"}}},
                                       {"timestamp", format_rfc3339(cluster_.loop().wall())},
                                       {"window", "30s"},
                                       {"containers", std::move(containers)}});
    }
    co_return codec::Object{{"items", std::move(items)}};
  }

  std::optional<int> cpu_milli;
  std::map<std::string, std::string> documents;
  std::vector<std::string> paths;

 private:
  testing::Cluster& cluster_;
};

class AutoscalerStory : public ::testing::Test {
 protected:
  AutoscalerStory() {
    cluster_.start(deployment::make({}));
    cluster_.start(replicaset::make({}));
    control::ControllerSettings settings;
    settings.kinds = &cluster_.kinds();
    settings.apis = &metrics_;
    cluster_.start(horizontalpodautoscaler::make(settings));
  }
  void make_deployment(const std::string& name, int replicas) {
    cluster_.create_json(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"namespace":"default","name":")" + name +
                         R"("},"spec":{"replicas":)" + std::to_string(replicas) +
                         R"(,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
        "spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"100m"}}}]}}}})");
    pass(1s);
  }
  // `members`: of the spec, after the target and the bounds 1 to 10.
  void make_autoscaler(const std::string& name, const std::string& members, const std::string& target = "web") {
    cluster_.create_json(R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"namespace":"default",
        "name":")" + name +
                         R"("},"spec":{"minReplicas":1,"maxReplicas":10,"scaleTargetRef":{"apiVersion":"apps/v1",
        "kind":"Deployment","name":")" +
                         target + R"("})" + members + "}}");
  }
  // Time, in which pods become ready.
  void pass(rt::Duration time) {
    for (rt::Duration gone{}; gone < time; gone += 1s) {
      cluster_.run(1s);
      for (const auto& pod : cluster_.list<Pod>()) {
        if (pod->metadata.deletionTimestamp || !pod->status.conditions.empty()) continue;
        Time now = cluster_.loop().wall();
        now.seconds -= 600;  // long ago, so that their cpu counts
        cluster_.change<Pod>({"default", pod->metadata.name}, "status", [now](Pod& p) {
          p.status.phase = "Running";
          p.status.startTime = now;
          auto& ready = p.status.conditions.emplace_back();
          ready.type = "Ready";
          ready.status = "True";
          ready.lastTransitionTime = now;
        });
      }
    }
  }
  int replicas(const std::string& name = "web") {
    return cluster_.get<Deployment>({"default", name})->spec.replicas.value_or(-1);
  }
  std::shared_ptr<const HorizontalPodAutoscaler> autoscaler(const std::string& name = "h") {
    return cluster_.get<HorizontalPodAutoscaler>({"default", name});
  }
  // "False FailedGetResourceMetric: ..."
  std::string condition(const std::string& type, const std::string& name = "h") {
    for (const auto& each : autoscaler(name)->status.conditions)
      if (each.type == type) return each.status + " " + each.reason + ": " + each.message;
    return "";
  }

  testing::Cluster cluster_;
  Metrics metrics_{cluster_};
};

TEST_F(AutoscalerStory, FollowsTheUseOfCpu) {
  metrics_.cpu_milli = 100;
  make_deployment("web", 2);
  make_autoscaler("h", R"(,"metrics":[{"type":"Resource","resource":{"name":"cpu",
      "target":{"type":"Utilization","averageUtilization":50}}}])");
  pass(2s);
  EXPECT_EQ(replicas(), 4);
  EXPECT_EQ(condition("AbleToScale"), "True SucceededRescale: the HPA controller was able to update the target scale to 4");
  EXPECT_EQ(condition("ScalingActive"),
            "True ValidMetricFound: the HPA was able to successfully calculate a replica count from cpu resource utilization "
            "(percentage of request)");
  EXPECT_EQ(condition("ScalingLimited"), "False DesiredWithinRange: the desired count is within the acceptable range");
  EXPECT_EQ(autoscaler()->status.currentMetrics.at(0).resource->current.averageUtilization, 100);
  EXPECT_EQ(autoscaler()->status.desiredReplicas, 4);
  EXPECT_THAT(
      cluster_.events_about("HorizontalPodAutoscaler"),
      Contains("SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target"));
  // The write is of the scale, in managed fields too.
  bool by_scale = false;
  for (const auto& entry : cluster_.get<Deployment>({"default", "web"})->metadata.managedFields)
    by_scale = by_scale || entry.subresource == "scale";
  EXPECT_TRUE(by_scale);

  pass(40s);
  EXPECT_EQ(replicas(), 10);
  EXPECT_THAT(condition("ScalingLimited"), HasSubstr("True TooManyReplicas"));

  metrics_.cpu_milli = 5;
  pass(200s);
  EXPECT_EQ(replicas(), 10);
  EXPECT_THAT(condition("AbleToScale"), HasSubstr("True ScaleDownStabilized"));
  pass(130s);
  EXPECT_EQ(replicas(), 1);
}

TEST_F(AutoscalerStory, SaysThatThereAreNoMetrics) {
  make_deployment("web", 2);
  make_autoscaler("h", "");
  pass(2s);
  const std::string problem =
      "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics "
      "API: "
      "the server could not find the requested resource (get pods.metrics.k8s.io)";
  EXPECT_EQ(condition("ScalingActive"),
            "False FailedGetResourceMetric: the HPA was unable to compute the replica count: " + problem);
  const auto events = cluster_.events_about("HorizontalPodAutoscaler");
  EXPECT_THAT(events, Contains("FailedGetResourceMetric: " + problem));
  EXPECT_THAT(events,
              Contains("FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get "
                       "cpu resource metric value: " +
                       problem));
  EXPECT_EQ(replicas(), 2);
  const std::size_t asked = metrics_.paths.size();
  pass(60s);
  EXPECT_LE(metrics_.paths.size() - asked, 5u);  // every 15 s
}

TEST_F(AutoscalerStory, KeepsTheBoundsWithoutMetrics) {
  make_deployment("web", 20);
  make_autoscaler("h", "");
  pass(2s);
  EXPECT_EQ(replicas(), 10);
  EXPECT_THAT(cluster_.events_about("HorizontalPodAutoscaler"),
              Contains("SuccessfulRescale: New size: 10; reason: Current number of replicas above Spec.MaxReplicas"));
}

TEST_F(AutoscalerStory, LeavesAnythingThatIsOffAlone) {
  metrics_.cpu_milli = 100;
  make_deployment("web", 0);
  make_autoscaler("h", "");
  pass(20s);
  EXPECT_EQ(replicas(), 0);
  EXPECT_THAT(condition("ScalingActive"), HasSubstr("False ScalingDisabled"));
}

TEST_F(AutoscalerStory, SaysWhatItCannotScale) {
  make_autoscaler("h", "", "nothing");
  pass(2s);
  EXPECT_EQ(
      condition("AbleToScale"),
      "False FailedGetScale: the HPA controller was unable to get the target's current scale: deployments.apps \"nothing\" "
      "not found");
  EXPECT_THAT(cluster_.events_about("HorizontalPodAutoscaler"),
              Contains("FailedGetScale: deployments.apps \"nothing\" not found"));
  // It comes.
  make_deployment("nothing", 1);
  pass(16s);
  EXPECT_THAT(condition("AbleToScale"), HasSubstr("True SucceededGetScale"));
}

TEST_F(AutoscalerStory, TwoForTheSamePodsScaleNothing) {
  metrics_.cpu_milli = 100;
  make_deployment("web", 2);
  make_deployment("web2", 2);
  make_autoscaler("a", "", "web");
  make_autoscaler("b", "", "web2");
  pass(20s);
  EXPECT_EQ(condition("ScalingActive", "b"),
            "False AmbiguousSelector: pods by selector app=web are controlled by multiple HPAs: [{a default} {b default}]");
  EXPECT_EQ(replicas("web2"), 2);
}

TEST_F(AutoscalerStory, FollowsOtherMetrics) {
  metrics_.documents["/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue?labelSelector=name%3Djobs"] =
      R"({"items":[{"metricName":"queue","value":"25"},{"metricName":"queue","value":"5"}]})";
  metrics_.documents["/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/services/front/rate"] =
      R"({"items":[{"value":"4500m"}]})";
  make_deployment("web", 2);
  make_autoscaler("h", R"(,"metrics":[
      {"type":"External","external":{"metric":{"name":"queue","selector":{"matchLabels":{"name":"jobs"}}},
       "target":{"type":"AverageValue","averageValue":"10"}}},
      {"type":"Object","object":{"metric":{"name":"rate"},"describedObject":{"apiVersion":"v1","kind":"Service","name":"front"},
       "target":{"type":"Value","value":"3"}}},
      {"type":"Pods","pods":{"metric":{"name":"missing"},"target":{"type":"AverageValue","averageValue":"1"}}}])");
  pass(2s);
  EXPECT_EQ(replicas(), 3);  // both say so; the one that is missing would only stop the way down
  EXPECT_EQ(autoscaler()->status.currentMetrics.at(0).external->current.averageValue->text(), "15");
  EXPECT_EQ(autoscaler()->status.currentMetrics.at(1).object->current.value->text(), "4500m");
  EXPECT_THAT(cluster_.events_about("HorizontalPodAutoscaler"),
              Contains("FailedGetPodsMetric: unable to get metric missing: unable to fetch metrics from custom metrics API: no "
                       "custom metrics API (custom.metrics.k8s.io) registered"));
}

TEST_F(AutoscalerStory, VersionOneIsAViewOfTheSame) {
  metrics_.cpu_milli = 100;
  make_deployment("web", 2);
  cluster_.create_json(R"({"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"namespace":"default",
      "name":"h"},"spec":{"maxReplicas":10,"targetCPUUtilizationPercentage":50,"scaleTargetRef":{"apiVersion":"apps/v1",
      "kind":"Deployment","name":"web"}}})");
  pass(2s);
  EXPECT_EQ(replicas(), 4);
  const auto view = cluster_.get<autoscaling::v1::HorizontalPodAutoscaler>({"default", "h"});
  EXPECT_EQ(view->spec.targetCPUUtilizationPercentage, 50);
  EXPECT_EQ(view->status.desiredReplicas, 4);
  EXPECT_THAT(view->metadata.annotations.at("autoscaling.alpha.kubernetes.io/conditions"), HasSubstr("SucceededRescale"));
  EXPECT_THAT(autoscaler()->metadata.annotations, IsEmpty());
}

TEST_F(AutoscalerStory, ACustomKindIsScaledByItsPaths) {
  metrics_.cpu_milli = 100;
  cluster_.create_json(R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
      "metadata":{"name":"rings.example.com"},"spec":{"group":"example.com","scope":"Namespaced",
      "names":{"plural":"rings","kind":"Ring"},"versions":[{"name":"v1","served":true,"storage":true,
      "subresources":{"scale":{"specReplicasPath":".spec.members","statusReplicasPath":".status.members",
      "labelSelectorPath":".status.selector"}},
      "schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}})");
  pass(1s);
  cluster_.create_json(R"({"apiVersion":"example.com/v1","kind":"Ring","metadata":{"namespace":"default","name":"r"},
      "spec":{"members":1},"status":{"members":1,"selector":"ring=r"}})");
  cluster_.create_json(R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"p","labels":{"ring":"r"}},
      "spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"100m"}}}]}})");
  pass(1s);
  cluster_.create_json(R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"namespace":"default",
      "name":"h"},"spec":{"maxReplicas":10,"scaleTargetRef":{"apiVersion":"example.com/v1","kind":"Ring","name":"r"}}})");
  pass(20s);
  const model::Kind* ring = cluster_.kinds().find_kind({"example.com", "v1"}, "Ring");
  ASSERT_NE(ring, nullptr);
  const codec::Value tree = cluster_.find(*ring, {"default", "r"})->tree();
  EXPECT_EQ(codec::int_at(*codec::find(tree, "spec"), "members"), 2);
}

}  // namespace
}  // namespace charon::controllers
