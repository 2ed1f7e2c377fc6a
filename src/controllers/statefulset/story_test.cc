// StatefulSets from creation to deletion against the API server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "api/apps/v1/types.h"
#include "controllers/garbagecollector/controller.h"
#include "controllers/statefulset/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using apps::v1::ControllerRevision;
using apps::v1::StatefulSet;
using core::v1::PersistentVolumeClaim;
using core::v1::Pod;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

StatefulSet web(int replicas) {
  StatefulSet set;
  set.metadata.name = "web";
  set.metadata.namespace_ = "default";
  set.spec.replicas = replicas;
  set.spec.serviceName = "nginx";
  set.spec.revisionHistoryLimit = 2;
  set.spec.podManagementPolicy = "OrderedReady";
  set.spec.updateStrategy.type = "RollingUpdate";
  set.spec.updateStrategy.rollingUpdate.emplace().partition = 0;
  set.spec.selector.emplace().matchLabels["app"] = "web";
  set.spec.template_.metadata.labels["app"] = "web";
  core::v1::Container& container = set.spec.template_.spec.containers.emplace_back();
  container.name = "web";
  container.image = "web:1";
  return set;
}

StatefulSet with_claims(StatefulSet set) {
  PersistentVolumeClaim& claim = set.spec.volumeClaimTemplates.emplace_back();
  claim.metadata.name = "data";
  claim.spec.accessModes = {"ReadWriteOnce"};
  claim.spec.resources.requests["storage"] = Quantity::of_milli(1'000'000);
  return set;
}

class StatefulSetStory : public ::testing::Test {
 protected:
  StatefulSetStory() {
    cluster_.start(std::make_unique<statefulset::StatefulSetController>());
    cluster_.start(std::make_unique<garbagecollector::GarbageCollector>(cluster_.kinds()));
  }

  // Lets time go on, with a node agent that works; notes which pods came, and which went.
  void settle(int seconds = 30) {
    for (int i = 0; i < seconds; ++i) {
      cluster_.run(1s);
      look();
      cluster_.make_pods_ready();
    }
  }
  void look() {
    std::map<std::string, std::string> now;
    for (const auto& pod : cluster_.list<Pod>()) now[pod->metadata.uid] = pod->metadata.name;
    for (const auto& [uid, name] : seen_)
      if (!now.contains(uid)) log_.push_back("-" + name);
    for (const auto& [uid, name] : now)
      if (!seen_.contains(uid)) log_.push_back("+" + name);
    seen_ = now;
  }
  std::vector<std::string> log() { return std::exchange(log_, {}); }
  std::shared_ptr<const StatefulSet> set() { return cluster_.get<StatefulSet>({"default", "web"}); }
  void change(const std::function<void(StatefulSet&)>& edit) { cluster_.change<StatefulSet>({"default", "web"}, "", edit); }
  void roll(const std::string& image) {
    change([&](StatefulSet& set) { set.spec.template_.spec.containers[0].image = image; });
  }
  std::vector<std::string> claims() {
    std::vector<std::string> names;
    for (const auto& claim : cluster_.list<PersistentVolumeClaim>()) names.push_back(claim->metadata.name);
    return names;
  }

  testing::Cluster cluster_;
  std::map<std::string, std::string> seen_;  // names by uid
  std::vector<std::string> log_;
};

TEST_F(StatefulSetStory, IsMadeScaledAndRolledInOrder) {
  cluster_.create(web(3));
  settle();
  EXPECT_THAT(log(), ElementsAre("+web-0", "+web-1", "+web-2"));
  EXPECT_EQ(set()->status.replicas, 3);
  EXPECT_EQ(set()->status.readyReplicas, 3);
  EXPECT_EQ(set()->status.availableReplicas, 3);
  EXPECT_EQ(set()->status.currentReplicas, 3);
  EXPECT_EQ(set()->status.updatedReplicas, 3);
  EXPECT_EQ(set()->status.collisionCount, 0);
  EXPECT_EQ(set()->status.currentRevision, set()->status.updateRevision);
  const auto revisions = cluster_.list<ControllerRevision>();
  ASSERT_THAT(revisions, SizeIs(1));
  EXPECT_EQ(revisions[0]->metadata.name, set()->status.updateRevision);
  EXPECT_EQ(revisions[0]->metadata.labels.at("controller.kubernetes.io/hash"),
            revisions[0]->metadata.name.substr(std::string("web-").size()));

  roll("web:2");
  settle();
  EXPECT_THAT(log(), ElementsAre("-web-2", "+web-2", "-web-1", "+web-1", "-web-0", "+web-0"));
  EXPECT_EQ(set()->status.currentRevision, set()->status.updateRevision);
  EXPECT_EQ(set()->status.updatedReplicas, 3);

  change([](StatefulSet& set) { set.spec.replicas = 1; });
  settle();
  EXPECT_THAT(log(), ElementsAre("-web-2", "-web-1"));
  EXPECT_EQ(set()->status.replicas, 1);
  EXPECT_THAT(cluster_.events_about("StatefulSet"),
              Contains("SuccessfulCreate: create Pod web-0 in StatefulSet web successful"));
  EXPECT_THAT(cluster_.events_about("StatefulSet"),
              Contains("SuccessfulDelete: delete Pod web-2 in StatefulSet web successful"));
}

TEST_F(StatefulSetStory, HasAHistoryThatLeadsBack) {
  cluster_.create(web(1));
  settle();
  const std::string first = set()->status.updateRevision;
  for (const char* image : {"web:2", "web:1", "web:3", "web:4", "web:5"}) {
    roll(image);
    settle(10);
    EXPECT_EQ(cluster_.get<Pod>({"default", "web-0"})->spec.containers[0].image, image);
    if (std::string_view(image) == "web:1") {
      EXPECT_EQ(set()->status.updateRevision, first);
    }
  }
  std::vector<std::int64_t> numbers;
  for (const auto& revision : cluster_.list<ControllerRevision>()) numbers.push_back(revision->revision);
  EXPECT_THAT(numbers, ::testing::UnorderedElementsAre(4, 5, 6));
}

TEST_F(StatefulSetStory, APartitionRollsAPart) {
  cluster_.create(web(3));
  settle();
  log();
  change([](StatefulSet& set) {
    set.spec.updateStrategy.rollingUpdate->partition = 2;
    set.spec.template_.spec.containers[0].image = "web:2";
  });
  settle();
  EXPECT_THAT(log(), ElementsAre("-web-2", "+web-2"));
  EXPECT_NE(set()->status.currentRevision, set()->status.updateRevision);
  EXPECT_EQ(set()->status.updatedReplicas, 1);
  EXPECT_EQ(set()->status.currentReplicas, 2);
  // One of the others comes back as it was.
  cluster_.remove<Pod>({"default", "web-0"});
  settle();
  EXPECT_EQ(cluster_.get<Pod>({"default", "web-0"})->spec.containers[0].image, "web:1");
}

TEST_F(StatefulSetStory, ClaimsOutliveThePodsThatUseThem) {
  cluster_.create(with_claims(web(2)));
  settle();
  EXPECT_THAT(claims(), ElementsAre("data-web-0", "data-web-1"));
  const auto claim = cluster_.list<PersistentVolumeClaim>()[0];
  EXPECT_EQ(claim->metadata.labels.at("app"), "web");
  EXPECT_THAT(claim->metadata.ownerReferences, IsEmpty());
  EXPECT_THAT(cluster_.events_about("StatefulSet"),
              Contains("SuccessfulCreate: create Claim data-web-0 Pod web-0 in StatefulSet web success"));
  change([](StatefulSet& set) { set.spec.replicas = 0; });
  settle();
  EXPECT_THAT(cluster_.list<Pod>(), IsEmpty());
  EXPECT_THAT(claims(), SizeIs(2));
  cluster_.remove<StatefulSet>({"default", "web"});
  settle();
  EXPECT_THAT(claims(), SizeIs(2));
}

TEST_F(StatefulSetStory, ClaimsGoWithWhatThePolicySays) {
  StatefulSet from = with_claims(web(3));
  from.spec.persistentVolumeClaimRetentionPolicy.emplace() = {"Delete", "Delete"};
  cluster_.create(from);
  settle();
  EXPECT_THAT(claims(), SizeIs(3));
  const std::string before = cluster_.get<PersistentVolumeClaim>({"default", "data-web-2"})->metadata.uid;
  change([](StatefulSet& set) { set.spec.replicas = 2; });
  settle();
  EXPECT_THAT(claims(), ElementsAre("data-web-0", "data-web-1"));
  change([](StatefulSet& set) { set.spec.replicas = 3; });
  settle();
  EXPECT_THAT(claims(), SizeIs(3));
  EXPECT_NE(cluster_.get<PersistentVolumeClaim>({"default", "data-web-2"})->metadata.uid, before);
  cluster_.remove<StatefulSet>({"default", "web"});
  settle();
  EXPECT_THAT(claims(), IsEmpty());
  EXPECT_THAT(cluster_.list<Pod>(), IsEmpty());
  EXPECT_THAT(cluster_.list<ControllerRevision>(), IsEmpty());
}

TEST_F(StatefulSetStory, AnotherPodUnderItsNameIsReportedAndWaitedFor) {
  Pod foreign;
  foreign.metadata.name = "web-0";
  foreign.metadata.namespace_ = "default";
  core::v1::Container& container = foreign.spec.containers.emplace_back();
  container.name = "main";
  container.image = "other";
  cluster_.create(foreign);
  cluster_.create(web(1));
  settle(60);
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(1));
  EXPECT_THAT(cluster_.events_about("StatefulSet"),
              Contains("FailedCreate: create Pod web-0 in StatefulSet web failed error: pods \"web-0\" already exists"));
  EXPECT_LT(cluster_.runner(0).stats().reconciles, 30u);
  cluster_.remove<Pod>({"default", "web-0"});
  settle(120);
  EXPECT_EQ(set()->status.readyReplicas, 1);
}

TEST_F(StatefulSetStory, OrphansAreAdoptedWithTheirHistory) {
  cluster_.create(web(2));
  settle();
  log();
  client::DeleteOptions options;
  options.propagation = client::Propagation::Orphan;
  cluster_.remove<StatefulSet>({"default", "web"}, options);
  settle();
  EXPECT_THAT(cluster_.list<ControllerRevision>(), SizeIs(1));
  cluster_.create(web(2));
  settle();
  EXPECT_THAT(log(), IsEmpty());
  const auto revisions = cluster_.list<ControllerRevision>();
  ASSERT_THAT(revisions, SizeIs(1));
  EXPECT_EQ(revisions[0]->metadata.ownerReferences.at(0).uid, set()->metadata.uid);
  EXPECT_EQ(cluster_.list<Pod>()[0]->metadata.ownerReferences.at(0).uid, set()->metadata.uid);
}

// At rest nothing is written: what the controller sees asks for no change.
TEST_F(StatefulSetStory, ComesToRest) {
  StatefulSet from = with_claims(web(3));
  from.spec.persistentVolumeClaimRetentionPolicy.emplace() = {"Delete", "Delete"};
  cluster_.create(from);
  settle();
  const auto writes = cluster_.runner(0).stats().writes;
  cluster_.run(3600s);
  EXPECT_EQ(cluster_.runner(0).stats().writes, writes);
  EXPECT_EQ(cluster_.runner(0).stats().failures, 0u);
  EXPECT_EQ(cluster_.runner(0).stats().visibility_timeouts, 0u);
}

}  // namespace
}  // namespace charon::controllers
