// Jobs from creation to deletion against the API server, with pods that are ended by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/batch/v1/types.h"
#include "control/pods.h"
#include "controllers/garbagecollector/controller.h"
#include "controllers/job/controller.h"
#include "controllers/job/job_pods.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using batch::v1::Job;
using core::v1::Pod;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Job work(int completions, int parallelism) {
  Job job;
  job.metadata.name = "work";
  job.metadata.namespace_ = "default";
  job.spec.completions = completions;
  job.spec.parallelism = parallelism;
  job.spec.template_.spec.restartPolicy = "Never";
  core::v1::Container& container = job.spec.template_.spec.containers.emplace_back();
  container.name = "main";
  container.image = "work:1";
  return job;
}

class JobStory : public ::testing::Test {
 protected:
  JobStory() {
    cluster_.start(std::make_unique<job::JobController>());
    cluster_.start(std::make_unique<garbagecollector::GarbageCollector>(cluster_.kinds()));
  }

  std::shared_ptr<const Job> job() { return cluster_.get<Job>({"default", "work"}); }

  // Plays the node: the first `count` pods that run end with this code. Returns how many there were.
  int end_pods(int count, int code) {
    int ended = 0;
    for (const auto& pod : cluster_.list<Pod>()) {
      if (ended == count || !job::is_tracked(*pod) || !control::is_pod_active(*pod)) continue;
      const Time now = cluster_.loop().wall();
      cluster_.change<Pod>({"default", pod->metadata.name}, "status", [&](Pod& p) {
        p.status.phase = code == 0 ? "Succeeded" : "Failed";
        core::v1::ContainerStatus& status = p.status.containerStatuses.emplace_back();
        status.name = "main";
        auto& end = status.state.terminated.emplace();
        end.exitCode = code;
        end.finishedAt = now;
      });
      ++ended;
    }
    return ended;
  }
  std::vector<std::string> conditions() {
    std::vector<std::string> texts;
    for (const auto& condition : job()->status.conditions) texts.push_back(condition.type + "=" + condition.status);
    return texts;
  }
  int tracked_pods() {
    int count = 0;
    for (const auto& pod : cluster_.list<Pod>()) count += job::is_tracked(*pod) ? 1 : 0;
    return count;
  }

  testing::Cluster cluster_;
};

TEST_F(JobStory, RunsToItsEnd) {
  cluster_.create(work(5, 2));
  cluster_.run(1s);
  EXPECT_EQ(job()->status.active, 2);
  EXPECT_EQ(job()->spec.selector->matchLabels.at("batch.kubernetes.io/controller-uid"), job()->metadata.uid);
  const auto pod = cluster_.list<Pod>()[0];
  EXPECT_EQ(pod->metadata.labels.at("batch.kubernetes.io/job-name"), "work");
  EXPECT_EQ(pod->metadata.labels.at("job-name"), "work");
  EXPECT_EQ(pod->metadata.labels.at("batch.kubernetes.io/controller-uid"), job()->metadata.uid);
  int succeeded = 0;
  for (int i = 0; i < 10 && succeeded < 5; ++i) {
    succeeded += end_pods(2, 0);
    cluster_.run(1s);
  }
  EXPECT_EQ(succeeded, 5);
  EXPECT_EQ(job()->status.succeeded, 5);
  EXPECT_EQ(job()->status.active, 0);
  EXPECT_THAT(conditions(), ElementsAre("SuccessCriteriaMet=True", "Complete=True"));
  EXPECT_TRUE(job()->status.completionTime);
  EXPECT_EQ(tracked_pods(), 0);
  EXPECT_THAT(cluster_.events_about("Job"), Contains("Completed: Job completed"));
  EXPECT_THAT(cluster_.events_about("Job"), SizeIs(6));
}

TEST_F(JobStory, FailsWhenItsPodsDo) {
  Job failing = work(1, 1);
  failing.spec.backoffLimit = 2;
  cluster_.create(failing);
  std::vector<int> pauses_s;
  int failed = 0;
  for (int pause_s = 0; pause_s < 100 && failed < 3; ++pause_s) {
    cluster_.run(1s);
    if (end_pods(1, 1) == 0) continue;
    ++failed;
    pauses_s.push_back(pause_s);
    pause_s = 0;
  }
  cluster_.run(2s);
  ASSERT_THAT(pauses_s, SizeIs(3));
  EXPECT_NEAR(pauses_s[1], 10, 2);
  EXPECT_NEAR(pauses_s[2], 20, 2);
  EXPECT_THAT(conditions(), ElementsAre("FailureTarget=True", "Failed=True"));
  EXPECT_EQ(job()->status.failed, 3);
  EXPECT_EQ(tracked_pods(), 0);
  EXPECT_THAT(cluster_.events_about("Job"), Contains("BackoffLimitExceeded: Job has reached the specified backoff limit"));
}

TEST_F(JobStory, IndexesAreCompleted) {
  Job indexed = work(4, 4);
  indexed.spec.completionMode = "Indexed";
  cluster_.create(indexed);
  cluster_.run(1s);
  EXPECT_EQ(end_pods(2, 0), 2);
  cluster_.run(1s);
  EXPECT_EQ(job()->status.succeeded, 2);
  const std::string partial = job()->status.completedIndexes;
  EXPECT_TRUE(partial == "0,1" || partial == "0,2" || !partial.empty());
  end_pods(4, 0);
  cluster_.run(1s);
  EXPECT_EQ(job()->status.completedIndexes, "0-3");
  EXPECT_THAT(conditions(), Contains("Complete=True"));
}

TEST_F(JobStory, IsSuspendedAndResumed) {
  cluster_.create(work(3, 2));
  cluster_.run(10s);
  const Time first_start = *job()->status.startTime;
  cluster_.change<Job>({"default", "work"}, "", [](Job& j) { j.spec.suspend = true; });
  cluster_.run(2s);
  EXPECT_THAT(cluster_.list<Pod>(), IsEmpty());
  EXPECT_EQ(job()->status.active, 0);
  EXPECT_EQ(job()->status.failed, 0);
  EXPECT_THAT(conditions(), ElementsAre("Suspended=True"));
  cluster_.change<Job>({"default", "work"}, "", [](Job& j) { j.spec.suspend = false; });
  cluster_.run(2s);
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(2));
  EXPECT_THAT(conditions(), ElementsAre("Suspended=False"));
  EXPECT_GT(*job()->status.startTime, first_start);
  EXPECT_THAT(cluster_.events_about("Job"), Contains("Suspended: Job suspended"));
  EXPECT_THAT(cluster_.events_about("Job"), Contains("Resumed: Job resumed"));
}

TEST_F(JobStory, ADeletedPodCountsAsFailedAndIsReplaced) {
  cluster_.create(work(1, 1));
  cluster_.run(1s);
  const std::string first = cluster_.list<Pod>()[0]->metadata.name;
  cluster_.remove<Pod>({"default", first});
  cluster_.run(15s);
  ASSERT_THAT(cluster_.list<Pod>(), SizeIs(1));
  EXPECT_NE(cluster_.list<Pod>()[0]->metadata.name, first);
  EXPECT_EQ(job()->status.failed, 1);
  EXPECT_THAT(job()->status.uncountedTerminatedPods->failed, IsEmpty());
}

TEST_F(JobStory, ScalesWithParallelism) {
  cluster_.create(work(9, 1));
  cluster_.run(1s);
  cluster_.change<Job>({"default", "work"}, "", [](Job& j) { j.spec.parallelism = 4; });
  cluster_.run(1s);
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(4));
  cluster_.change<Job>({"default", "work"}, "", [](Job& j) { j.spec.parallelism = 2; });
  cluster_.run(1s);
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(2));
  EXPECT_EQ(job()->status.active, 2);
  EXPECT_EQ(job()->status.failed, 0);
  EXPECT_THAT(cluster_.events_about("Job"), Contains(HasSubstr("SuccessfulDelete: Deleted pod: work-")));
}

TEST_F(JobStory, LeavesNoPodBehindThatIsHeld) {
  cluster_.create(work(3, 3));
  cluster_.run(1s);
  EXPECT_EQ(tracked_pods(), 3);
  client::DeleteOptions background;
  background.propagation = client::Propagation::Background;
  cluster_.remove<Job>({"default", "work"}, background);
  cluster_.run(5s);
  EXPECT_THAT(cluster_.list<Pod>(), IsEmpty());

  cluster_.create(work(3, 3));
  cluster_.run(1s);
  client::DeleteOptions orphan;
  orphan.propagation = client::Propagation::Orphan;
  cluster_.remove<Job>({"default", "work"}, orphan);
  cluster_.run(5s);
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(3));
  EXPECT_EQ(tracked_pods(), 0);
}

TEST_F(JobStory, ForegroundDeletionEnds) {
  cluster_.create(work(3, 3));
  cluster_.run(1s);
  client::DeleteOptions foreground;
  foreground.propagation = client::Propagation::Foreground;
  cluster_.remove<Job>({"default", "work"}, foreground);
  cluster_.run(5s);
  EXPECT_EQ(job(), nullptr);
  EXPECT_THAT(cluster_.list<Pod>(), IsEmpty());
}

TEST_F(JobStory, ComesToRest) {
  cluster_.create(work(2, 2));
  cluster_.run(1s);
  end_pods(2, 0);
  cluster_.run(5s);
  const auto writes = cluster_.runner(0).stats().writes;
  cluster_.run(3600s);
  EXPECT_EQ(cluster_.runner(0).stats().writes, writes);
  EXPECT_EQ(cluster_.runner(0).stats().failures, 0u);
}

}  // namespace
}  // namespace charon::controllers
