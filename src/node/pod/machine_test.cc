// Stories of pods: each drives the state machine against a simple model of a runtime, and reads its actions and statuses.
#include "node/pod/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.h"
#include "node/pod/status.h"

namespace charon::node {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

core::v1::Container container(std::string name) {
  core::v1::Container out;
  out.name = std::move(name);
  out.image = "registry.example/app:1";
  return out;
}

core::v1::Pod pod_of(std::vector<std::string> names, std::string restart_policy = "Always") {
  core::v1::Pod pod;
  pod.metadata.name = "web";
  pod.metadata.namespace_ = "default";
  pod.metadata.uid = "u1";
  pod.metadata.generation = 1;
  pod.spec.restartPolicy = std::move(restart_policy);
  for (auto& name : names) pod.spec.containers.push_back(container(std::move(name)));
  return pod;
}

// A runtime in which every action succeeds at once.
class Story {
 public:
  explicit Story(core::v1::Pod pod) : pod(std::move(pod)) {}

  // Runs until nothing is asked for; returns what was.
  std::vector<std::string> settle() {
    std::vector<std::string> log;
    for (int round = 0; round < 50; ++round) {
      Plan plan = decide(pod, observed, memory, node, now);
      pod.status = plan.status;
      look_again = plan.look_again;
      if (plan.actions.empty()) return log;
      for (const Action& action : plan.actions) {
        log.push_back(text(action));
        apply(action);
      }
      if (memory.finished) return log;
    }
    ADD_FAILURE() << "does not settle";
    return log;
  }
  ObservedContainer& current(std::string_view name) {
    for (auto& container : observed.containers)
      if (container.name == name) return container;
    static ObservedContainer none;
    ADD_FAILURE() << "no container " << name;
    return none;
  }
  void exit(std::string_view name, int code) {
    ObservedContainer& container = current(name);
    container.state = ObservedContainer::State::Exited;
    container.exit_code = code;
    container.finished_at = now;
    memory.stopping.erase(container.id);
  }
  const core::v1::ContainerStatus& status(std::string_view name) {
    if (const core::v1::ContainerStatus* found = reported_status(pod, name)) return *found;
    static core::v1::ContainerStatus none;
    ADD_FAILURE() << "no status of " << name;
    return none;
  }
  std::string condition(std::string_view type) {
    for (const auto& candidate : pod.status.conditions)
      if (candidate.type == type) return candidate.status + (candidate.reason.empty() ? "" : " " + candidate.reason);
    return "none";
  }
  std::string waiting(std::string_view name) {
    const auto& state = status(name).state;
    return state.waiting ? state.waiting->reason : "not waiting";
  }

  core::v1::Pod pod;
  ObservedPod observed;
  PodMemory memory;
  NodeFacts node{{"192.0.2.1"}};
  TimePoint now = to_time_point(*parse_rfc3339("2026-01-01T00:00:00Z"));
  std::optional<TimePoint> look_again;

 private:
  void apply(const Action& action) {
    if (std::holds_alternative<PrepareVolumes>(action)) memory.volumes_ready = true;
    if (auto* create = std::get_if<CreateSandbox>(&action))
      observed.sandboxes.insert(observed.sandboxes.begin(),
                                {"s" + std::to_string(create->attempt), create->attempt, true, now, {"10.0.0.7"}});
    if (auto* stop = std::get_if<StopSandbox>(&action))
      for (auto& sandbox : observed.sandboxes)
        if (sandbox.id == stop->id) sandbox.ready = false;
    if (auto* remove = std::get_if<RemoveSandbox>(&action)) {
      std::erase_if(observed.sandboxes, [&](const auto& sandbox) { return sandbox.id == remove->id; });
      std::erase_if(observed.containers, [&](const auto& container) { return container.sandbox_id == remove->id; });
    }
    if (auto* ensure = std::get_if<EnsureImage>(&action))
      memory.containers[ensure->container].image.kind = ImageState::Kind::Present;
    if (auto* start = std::get_if<StartContainer>(&action)) {
      memory.containers[start->container].image = {};
      ObservedContainer started;
      started.id = start->container + "-" + std::to_string(start->attempt);
      started.name = start->container;
      started.attempt = start->attempt;
      started.sandbox_id = start->sandbox_id;
      started.state = ObservedContainer::State::Running;
      started.created_at = started.started_at = now;
      observed.containers.insert(observed.containers.begin(), started);
    }
    if (auto* stop = std::get_if<StopContainer>(&action))
      memory.stopping[stop->id] = {now + std::chrono::seconds(stop->grace_s)};
    if (auto* remove = std::get_if<RemoveContainer>(&action))
      std::erase_if(observed.containers, [&](const auto& container) { return container.id == remove->id; });
    if (std::holds_alternative<FinishPod>(action)) memory.finished = true;
  }
};

TEST(PodMachine, StartsAPodFromNothing) {
  Story story(pod_of({"a", "b"}));
  EXPECT_THAT(story.settle(), ElementsAre("prepare volumes", "create sandbox #0", "ensure image of a", "ensure image of b",
                                          "start a #0", "start b #0"));
  EXPECT_EQ(story.pod.status.phase, "Running");
  EXPECT_EQ(story.pod.status.podIP, "10.0.0.7");
  EXPECT_EQ(story.pod.status.hostIP, "192.0.2.1");
  EXPECT_EQ(story.pod.status.qosClass, "BestEffort");
  EXPECT_EQ(story.condition("Ready"), "True");
  EXPECT_EQ(story.condition("PodReadyToStartContainers"), "True");
  EXPECT_EQ(story.pod.status.observedGeneration, 1);
  EXPECT_TRUE(story.status("a").ready);
  EXPECT_EQ(story.status("a").containerID, "containerd://a-0");
  EXPECT_THAT(story.settle(), IsEmpty());
}

TEST(PodMachine, StatusesNameTheMounts) {
  core::v1::Pod pod = pod_of({"a"});
  pod.spec.containers[0].volumeMounts = {{.name = "rw", .mountPath = "/rw"},
                                         {.name = "ro", .readOnly = true, .mountPath = "/ro"}};
  Story story(pod);
  EXPECT_THAT(decide(story.pod, story.observed, story.memory, story.node, story.now).status.containerStatuses[0].volumeMounts,
              IsEmpty());
  story.settle();
  const auto& mounts = story.status("a").volumeMounts;
  ASSERT_EQ(mounts.size(), 2);
  EXPECT_EQ(mounts[0].mountPath, "/rw");
  EXPECT_EQ(mounts[0].recursiveReadOnly, std::nullopt);
  EXPECT_TRUE(mounts[1].readOnly);
  EXPECT_EQ(mounts[1].recursiveReadOnly, "Disabled");
}

TEST(PodMachine, MakesTheSandboxBesideTheFirstVolumesAndShowsItWithThem) {
  Story story(pod_of({"a"}));
  auto asked = [&] {
    Plan plan = decide(story.pod, story.observed, story.memory, story.node, story.now);
    story.pod.status = plan.status;
    std::vector<std::string> texts;
    for (const Action& action : plan.actions) texts.push_back(text(action));
    return texts;
  };
  EXPECT_THAT(asked(), ElementsAre("prepare volumes", "create sandbox #0", "ensure image of a"));
  // The sandbox came, the volumes did not.
  story.observed.sandboxes.push_back({"s0", 0, true, story.now, {"10.0.0.7"}});
  story.memory.containers["a"].image.kind = ImageState::Kind::Present;
  story.memory.volumes_trouble = Trouble{"FailedMount", "configmap \"c\" not found", story.now + 1s};
  EXPECT_THAT(asked(), IsEmpty());
  EXPECT_EQ(story.condition("PodReadyToStartContainers"), "False");
  EXPECT_EQ(story.pod.status.podIP, "");
  story.now += 1s;
  EXPECT_THAT(asked(), ElementsAre("prepare volumes"));
  story.memory.volumes_ready = true;
  EXPECT_THAT(asked(), ElementsAre("start a #0"));
  EXPECT_EQ(story.condition("PodReadyToStartContainers"), "True");
  EXPECT_EQ(story.pod.status.podIP, "10.0.0.7");
  // The next agent prepares the volumes anew, and takes nothing back meanwhile.
  story.memory = {};
  EXPECT_THAT(asked(), ElementsAre("prepare volumes"));
  EXPECT_EQ(story.condition("PodReadyToStartContainers"), "True");
  EXPECT_EQ(story.pod.status.podIP, "10.0.0.7");
}

TEST(PodMachine, MakesNoSandboxForVolumesThatFailed) {
  Story story(pod_of({"a"}));
  story.memory.volumes_trouble = Trouble{"FailedMount", "configmap \"c\" not found", story.now};
  Plan plan = decide(story.pod, story.observed, story.memory, story.node, story.now);
  ASSERT_EQ(plan.actions.size(), 1u);
  EXPECT_EQ(text(plan.actions[0]), "prepare volumes");
}

TEST(PodMachine, ShowsWhyAPodIsNotThereYet) {
  Story story(pod_of({"a"}));
  Plan plan = decide(story.pod, story.observed, story.memory, story.node, story.now);
  EXPECT_EQ(plan.status.phase, "Pending");
  ASSERT_TRUE(plan.status.containerStatuses.at(0).state.waiting);
  EXPECT_EQ(plan.status.containerStatuses[0].state.waiting->reason, "ContainerCreating");
  story.pod.status = plan.status;
  EXPECT_EQ(story.condition("Ready"), "False ContainersNotReady");
  EXPECT_EQ(story.condition("PodReadyToStartContainers"), "False");
}

TEST(PodMachine, RestartsWithBackOffThatDoublesToFiveMinutes) {
  Story story(pod_of({"a"}));
  story.settle();
  story.now += 5s;
  story.exit("a", 1);
  EXPECT_THAT(story.settle(), ElementsAre("ensure image of a", "start a #1")) << "the first restart is immediate";
  int expected_s[] = {10, 20, 40, 80, 160, 300, 300};
  int attempt = 1;
  for (int delay : expected_s) {
    story.now += 1s;
    story.exit("a", 1);
    EXPECT_THAT(story.settle(), IsEmpty());
    EXPECT_EQ(story.waiting("a"), "CrashLoopBackOff");
    EXPECT_EQ(story.status("a").lastState.terminated->exitCode, 1);
    EXPECT_EQ(story.pod.status.phase, "Running");
    ASSERT_TRUE(story.look_again);
    EXPECT_EQ(*story.look_again - story.now, std::chrono::seconds(delay));
    story.now = *story.look_again - 1ms;
    EXPECT_THAT(story.settle(), IsEmpty());
    story.now = *story.look_again;
    ++attempt;
    std::vector<std::string> log = story.settle();
    EXPECT_THAT(log, testing::Contains("start a #" + std::to_string(attempt)));
    EXPECT_EQ(story.status("a").restartCount, attempt);
  }
  // Ten minutes of good behaviour forget it.
  story.now += 11min;
  story.exit("a", 1);
  EXPECT_THAT(story.settle(), testing::Contains("start a #" + std::to_string(attempt + 1)));
}

TEST(PodMachine, KeepsOnlyThePreviousContainer) {
  Story story(pod_of({"a"}));
  story.settle();
  for (int i = 0; i < 4; ++i) {
    story.now += 11min;
    story.exit("a", 1);
    story.settle();
  }
  EXPECT_EQ(story.observed.containers.size(), 2u);
}

struct PolicyCase {
  const char* policy;
  int exit_code;
  bool restarts;
  const char* phase;
};

class RestartPolicies : public ::testing::TestWithParam<PolicyCase> {};

TEST_P(RestartPolicies, DecideAboutAnExit) {
  const PolicyCase& param = GetParam();
  Story story(pod_of({"a"}, param.policy));
  story.settle();
  story.now += 1s;
  story.exit("a", param.exit_code);
  std::vector<std::string> log = story.settle();
  if (param.restarts) {
    EXPECT_THAT(log, ElementsAre("ensure image of a", "start a #1"));
  } else {
    EXPECT_THAT(log, ElementsAre("stop sandbox s0"));
  }
  EXPECT_EQ(story.pod.status.phase, param.phase);
}

INSTANTIATE_TEST_SUITE_P(All, RestartPolicies,
                         ::testing::Values(PolicyCase{"Always", 0, true, "Running"}, PolicyCase{"Always", 1, true, "Running"},
                                           PolicyCase{"OnFailure", 0, false, "Succeeded"},
                                           PolicyCase{"OnFailure", 2, true, "Running"},
                                           PolicyCase{"Never", 0, false, "Succeeded"},
                                           PolicyCase{"Never", 1, false, "Failed"}));

TEST(PodMachine, ACompletedPodShowsSo) {
  Story story(pod_of({"a"}, "Never"));
  story.settle();
  story.exit("a", 0);
  story.settle();
  EXPECT_EQ(story.condition("Ready"), "False PodCompleted");
  EXPECT_EQ(story.condition("Initialized"), "True PodCompleted");
  EXPECT_EQ(story.status("a").state.terminated->reason, "Completed");
  EXPECT_THAT(story.settle(), IsEmpty());
}

TEST(PodMachine, RunsInitContainersInOrder) {
  core::v1::Pod pod = pod_of({"main"});
  pod.spec.initContainers = {container("one"), container("two")};
  Story story(pod);
  EXPECT_THAT(story.settle(), ElementsAre("prepare volumes", "create sandbox #0", "ensure image of one", "start one #0"));
  EXPECT_EQ(story.pod.status.phase, "Pending");
  EXPECT_EQ(story.waiting("main"), "PodInitializing");
  EXPECT_EQ(story.condition("Initialized"), "False ContainersNotInitialized");
  story.exit("one", 0);
  EXPECT_THAT(story.settle(), ElementsAre("ensure image of two", "start two #0"));
  story.exit("two", 1);
  EXPECT_THAT(story.settle(), ElementsAre("ensure image of two", "start two #1"));
  story.exit("two", 0);
  EXPECT_THAT(story.settle(), ElementsAre("ensure image of main", "start main #0"));
  EXPECT_EQ(story.pod.status.phase, "Running");
  EXPECT_EQ(story.condition("Initialized"), "True");
  EXPECT_THAT(story.settle(), IsEmpty());
}

TEST(PodMachine, AFailedInitContainerEndsAPodThatNeverRestarts) {
  core::v1::Pod pod = pod_of({"main"}, "Never");
  pod.spec.initContainers = {container("one")};
  Story story(pod);
  story.settle();
  story.exit("one", 1);
  EXPECT_THAT(story.settle(), ElementsAre("stop sandbox s0"));
  EXPECT_EQ(story.pod.status.phase, "Failed");
}

TEST(PodMachine, ASidecarStartsFirstAndStopsLast) {
  core::v1::Pod pod = pod_of({"main"}, "Never");
  pod.spec.initContainers = {container("side")};
  pod.spec.initContainers[0].restartPolicy = "Always";
  Story story(pod);
  EXPECT_THAT(story.settle(), ElementsAre("prepare volumes", "create sandbox #0", "ensure image of side", "start side #0",
                                          "ensure image of main", "start main #0"));
  story.now += 1s;
  story.exit("side", 1);
  EXPECT_THAT(story.settle(), ElementsAre("ensure image of side", "start side #1")) << "a sidecar is always restarted";
  story.exit("main", 0);
  EXPECT_THAT(story.settle(), ElementsAre("stop side grace=30"));
  EXPECT_EQ(story.pod.status.phase, "Running") << "a pod of which something runs has not ended";
  story.exit("side", 143);
  EXPECT_THAT(story.settle(), ElementsAre("stop sandbox s0"));
  EXPECT_EQ(story.pod.status.phase, "Succeeded");
}

TEST(PodMachine, ADeletedPodStopsAndGoes) {
  Story story(pod_of({"a"}));
  story.settle();
  story.pod.metadata.deletionTimestamp = time_from(story.now + 30s);
  story.pod.metadata.deletionGracePeriodSeconds = 30;
  EXPECT_THAT(story.settle(), ElementsAre("stop a grace=30"));
  EXPECT_EQ(story.pod.status.phase, "Running");
  // Asked again with less patience.
  story.pod.metadata.deletionTimestamp = time_from(story.now + 5s);
  story.pod.metadata.deletionGracePeriodSeconds = 5;
  EXPECT_THAT(story.settle(), ElementsAre("stop a grace=5"));
  story.exit("a", 137);
  EXPECT_THAT(story.settle(), ElementsAre("stop sandbox s0", "finish pod"));
  EXPECT_EQ(story.pod.status.phase, "Failed");
  EXPECT_EQ(story.status("a").state.terminated->exitCode, 137);
  std::vector<std::string> left;
  for (const Action& action : tear_down(story.observed, story.memory, 30, story.now)) left.push_back(text(action));
  EXPECT_THAT(left, ElementsAre("remove sandbox s0"));
}

TEST(PodMachine, APodDeletedBeforeItStartedGoesAtOnce) {
  Story story(pod_of({"a"}));
  story.pod.metadata.deletionTimestamp = time_from(story.now + 30s);
  EXPECT_THAT(story.settle(), ElementsAre("finish pod"));
}

TEST(PodMachine, ALostSandboxIsMadeAgain) {
  Story story(pod_of({"a"}));
  story.settle();
  story.now += 1min;
  story.observed.sandboxes[0].ready = false;
  story.exit("a", 255);
  EXPECT_THAT(story.settle(), ElementsAre("create sandbox #1", "ensure image of a", "start a #1"));
  EXPECT_EQ(story.status("a").restartCount, 1);
}

TEST(PodMachine, ADeadlineEndsAPod) {
  core::v1::Pod pod = pod_of({"a"});
  pod.spec.activeDeadlineSeconds = 60;
  Story story(pod);
  story.settle();
  EXPECT_EQ(*story.look_again, story.now + 60s);
  story.now += 60s;
  EXPECT_THAT(story.settle(), ElementsAre("stop a grace=30"));
  EXPECT_EQ(story.pod.status.phase, "Running");
  EXPECT_EQ(story.pod.status.reason, "");
  story.exit("a", 143);
  EXPECT_THAT(story.settle(), ElementsAre("stop sandbox s0"));
}

TEST(PodMachine, AMissingImageIsTriedAgainLater) {
  Story story(pod_of({"a"}));
  story.memory.volumes_ready = true;
  auto& image = story.memory.containers["a"].image;
  image.kind = ImageState::Kind::Failed;
  image.reason = "ErrImagePull";
  image.message = "no such host";
  image.failed_at = story.now;
  image.retry_at = story.now + 10s;
  EXPECT_THAT(story.settle(), ElementsAre("create sandbox #0"));
  EXPECT_EQ(story.waiting("a"), "ErrImagePull");
  EXPECT_EQ(*story.look_again, story.now + kErrImagePullShown);
  story.now = *story.look_again;
  EXPECT_THAT(story.settle(), IsEmpty());
  EXPECT_EQ(story.waiting("a"), "ImagePullBackOff");
  EXPECT_EQ(story.status("a").state.waiting->message,
            "Back-off pulling image \"registry.example/app:1\": ErrImagePull: no such host");
  story.now = *image.retry_at;
  EXPECT_THAT(story.settle(), ElementsAre("ensure image of a", "start a #0"));
}

TEST(PodMachine, ProbesDecideReadinessAndReplacement) {
  core::v1::Pod pod = pod_of({"a"});
  pod.spec.containers[0].readinessProbe.emplace();
  pod.spec.containers[0].livenessProbe.emplace();
  Story story(pod);
  story.settle();
  EXPECT_EQ(story.condition("Ready"), "False ContainersNotReady");
  ProbeState& probes = story.memory.containers["a"].probes;
  probes.container_id = "a-0";
  probes.started = probes.ready = true;
  story.settle();
  EXPECT_EQ(story.condition("Ready"), "True");
  probes.unhealthy = "Container a failed liveness probe, will be restarted";
  EXPECT_THAT(story.settle(), ElementsAre("stop a grace=30"));
  story.exit("a", 143);
  EXPECT_THAT(story.settle(), ElementsAre("ensure image of a", "start a #1"));
}

TEST(PodMachine, AChangedImageReplacesTheContainer) {
  Story story(pod_of({"a"}));
  story.settle();
  story.current("a").spec_hash = spec_hash(story.pod.spec.containers[0]);
  EXPECT_THAT(story.settle(), IsEmpty());
  story.pod.spec.containers[0].image = "registry.example/app:2";
  EXPECT_THAT(story.settle(), ElementsAre("stop a grace=30"));
}

TEST(PodMachine, ReadinessGatesHoldReady) {
  core::v1::Pod pod = pod_of({"a"});
  pod.spec.readinessGates.emplace_back().conditionType = "example.com/gate";
  Story story(pod);
  story.settle();
  EXPECT_EQ(story.condition("ContainersReady"), "True");
  EXPECT_EQ(story.condition("Ready"), "False ReadinessGatesNotReady");
  auto& gate = story.pod.status.conditions.emplace_back();
  gate.type = "example.com/gate";
  gate.status = "True";
  story.settle();
  EXPECT_EQ(story.condition("Ready"), "True");
  EXPECT_EQ(story.condition("example.com/gate"), "True");
}

core::v1::EphemeralContainer debugger(std::string name, std::string target) {
  core::v1::EphemeralContainer out;
  out.ephemeralContainerCommon.name = std::move(name);
  out.ephemeralContainerCommon.image = "registry.example/tools:1";
  out.targetContainerName = std::move(target);
  return out;
}

TEST(PodMachine, AnEphemeralContainerIsStartedOnceInTheRunningSandbox) {
  Story story(pod_of({"a"}));
  story.settle();
  story.pod.spec.ephemeralContainers.push_back(debugger("look", "a"));
  EXPECT_EQ(decide(story.pod, story.observed, story.memory, story.node, story.now).status.ephemeralContainerStatuses.size(), 1);
  EXPECT_THAT(story.settle(), ElementsAre("ensure image of look", "start look #0 into a-0"));
  EXPECT_EQ(story.status("look").containerID, "containerd://look-0");
  EXPECT_TRUE(story.status("look").state.running);
  EXPECT_FALSE(story.status("look").ready);
  EXPECT_FALSE(story.status("look").started);
  EXPECT_EQ(story.condition("Ready"), "True");
  story.exit("look", 1);
  EXPECT_THAT(story.settle(), IsEmpty());
  EXPECT_EQ(story.status("look").state.terminated->exitCode, 1);
  EXPECT_EQ(story.pod.status.phase, "Running");
  // Nor when the runtime has lost it.
  std::erase_if(story.observed.containers, [](const ObservedContainer& container) { return container.name == "look"; });
  EXPECT_THAT(story.settle(), IsEmpty());
  EXPECT_EQ(story.status("look").state.terminated->exitCode, 1);
}

TEST(PodMachine, AnEphemeralContainerWaitsForWhatItJoinsAndGoesWithThePod) {
  Story story(pod_of({"a"}, "Never"));
  story.pod.spec.initContainers.push_back(container("setup"));
  story.settle();
  story.pod.spec.ephemeralContainers = {debugger("early", ""), debugger("late", "a")};
  EXPECT_THAT(story.settle(), ElementsAre("ensure image of early", "start early #0"));
  EXPECT_EQ(story.waiting("late"), "PodInitializing");
  story.exit("setup", 0);
  EXPECT_THAT(story.settle(), ElementsAre("ensure image of a", "start a #0", "ensure image of late", "start late #0 into a-0"));
  // The pod ends with its own containers.
  story.exit("a", 0);
  EXPECT_THAT(story.settle(), ElementsAre("stop late grace=30", "stop early grace=30"));
  EXPECT_EQ(story.pod.status.phase, "Running");
  story.exit("late", 137);
  story.exit("early", 137);
  EXPECT_THAT(story.settle(), ElementsAre("stop sandbox s0"));
  EXPECT_EQ(story.pod.status.phase, "Succeeded");
}

TEST(QosClass, FollowsRequestsAndLimits) {
  core::v1::Pod pod = pod_of({"a"});
  EXPECT_EQ(qos_class(pod), "BestEffort");
  auto& resources = pod.spec.containers[0].resources;
  resources.requests["cpu"] = Quantity::of_milli(100);
  EXPECT_EQ(qos_class(pod), "Burstable");
  resources.limits["cpu"] = Quantity::of_milli(100);
  EXPECT_EQ(qos_class(pod), "Burstable");
  resources.limits["memory"] = Quantity::of(1 << 20);
  EXPECT_EQ(qos_class(pod), "Guaranteed");
  pod.spec.containers.push_back(container("b"));
  EXPECT_EQ(qos_class(pod), "Burstable");
}

}  // namespace
}  // namespace charon::node
