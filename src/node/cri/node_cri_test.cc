// The CRI runtime, configurations, events and one pod's worker against a real containerd.
#include <gtest/gtest.h>
#include <unistd.h>

#include "node/cri/config.h"
#include "node/cri/containerd_for_test.h"
#include "node/cri/events.h"
#include "node/cri/observe.h"

namespace charon::node {
namespace {

using namespace std::chrono_literals;

core::v1::Pod test_pod(const std::string& name, std::vector<std::string> command) {
  core::v1::Pod pod;
  pod.metadata.name = name;
  pod.metadata.namespace_ = "default";
  pod.metadata.uid = "uid-" + name;
  pod.metadata.labels["app"] = name;
  auto& container = pod.spec.containers.emplace_back();
  container.name = "main";
  container.image = ContainerdForTest::kImage;
  container.imagePullPolicy = "Never";
  container.command = std::move(command);
  container.terminationMessagePath = "/dev/termination-log";
  return pod;
}

class RealContainerd : public ::testing::Test {
 protected:
  void SetUp() override {
    containerd_ = std::make_unique<ContainerdForTest>("/tmp/charon-cri-test-" + std::to_string(getpid()), 201);
    if (std::string what = containerd_->missing(); !what.empty()) {
      containerd_.reset();
      GTEST_SKIP() << what;
    }
    auto started = containerd_->start();
    ASSERT_TRUE(started) << started.error().message;
    setup_.log_root = containerd_->dir() + "/logs";
    setup_.pods_dir = containerd_->dir() + "/pods";
  }
  void TearDown() override { containerd_.reset(); }

  template <class F>
  bool eventually(F condition) {
    for (int i = 0; i < 200; ++i) {
      if (condition()) return true;
      containerd_->loop.run(containerd_->pause(50ms));
    }
    return false;
  }

  std::unique_ptr<ContainerdForTest> containerd_;
  PodSetup setup_;
};

TEST_F(RealContainerd, RunsOnePodAndTellsOfItsEnd) {
  Runtime& runtime = containerd_->runtime();
  rt::OsLoop& loop = containerd_->loop;
  std::vector<ContainerEvent> events;
  ContainerEvents follow(loop, containerd_->channel(), [&](const ContainerEvent& event) { events.push_back(event); });
  ASSERT_TRUE(eventually([&] { return !events.empty(); })) << "no subscription";

  core::v1::Pod pod = test_pod("web", {"sh", "-c", "echo hello; echo gone wrong >/dev/termination-log; sleep 1; exit 3"});
  auto sandbox = loop.run(runtime.run_sandbox(sandbox_config(pod, 0, setup_), ""));
  ASSERT_TRUE(sandbox) << sandbox.error().message;
  ContainerSetup container_setup;
  auto image = loop.run(runtime.image_status(ContainerdForTest::kImage));
  ASSERT_TRUE(image && *image);
  container_setup.image_ref = (*image)->id;
  auto config = container_config(pod, pod.spec.containers[0], container_setup, setup_);
  ASSERT_TRUE(config);
  auto id = loop.run(runtime.create_container(*sandbox, *config, sandbox_config(pod, 0, setup_)));
  ASSERT_TRUE(id) << id.error().message;
  auto started = loop.run(runtime.start_container(*id));
  ASSERT_TRUE(started) << started.error().message;

  ExitedContainers exited;
  auto seen = loop.run(observe_pod(runtime, containerd_->files(), pod.metadata.uid, exited));
  ASSERT_TRUE(seen) << seen.error().message;
  ASSERT_EQ(seen->sandboxes.size(), 1u);
  EXPECT_TRUE(seen->sandboxes[0].ready);
  ASSERT_EQ(seen->sandboxes[0].ips.size(), 1u);
  EXPECT_TRUE(seen->sandboxes[0].ips[0].starts_with("10.88.201."));
  ASSERT_EQ(seen->containers.size(), 1u);
  EXPECT_EQ(seen->containers[0].name, "main");
  EXPECT_EQ(seen->containers[0].state, ObservedContainer::State::Running);
  EXPECT_EQ(seen->containers[0].spec_hash, spec_hash(pod.spec.containers[0]));

  auto ran = loop.run(runtime.exec_sync(*id, {"echo", "from", "inside"}, 5));
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(ran->stdout, "from inside\n");
  auto log = containerd_->files().read(pod_log_directory(setup_, pod) + "/main/0.log");
  ASSERT_TRUE(log);
  EXPECT_NE(log->find(" stdout F hello\n"), std::string::npos) << *log;

  EXPECT_TRUE(eventually([&] {
    return std::any_of(events.begin(), events.end(), [&](const ContainerEvent& event) {
      return event.kind == ContainerEvent::Kind::Exited && event.container_id == *id;
    });
  })) << "no exit event";
  EXPECT_TRUE(eventually([&] {
    seen = loop.run(observe_pod(runtime, containerd_->files(), pod.metadata.uid, exited));
    return seen && seen->containers.at(0).state == ObservedContainer::State::Exited;
  }));
  EXPECT_EQ(seen->containers[0].exit_code, 3);
  EXPECT_EQ(seen->containers[0].reason, "Error");
  EXPECT_TRUE(loop.run(runtime.stop_sandbox(*sandbox)));
  EXPECT_TRUE(loop.run(runtime.remove_sandbox(*sandbox)));
  seen = loop.run(observe_pod(runtime, containerd_->files(), pod.metadata.uid, exited));
  ASSERT_TRUE(seen);
  EXPECT_TRUE(seen->sandboxes.empty());
  EXPECT_TRUE(seen->containers.empty());
}

TEST_F(RealContainerd, SaysWhatDoesNotExist) {
  auto status = containerd_->loop.run(containerd_->runtime().container_status("0123"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, Reason::NotFound);
  auto image = containerd_->loop.run(containerd_->runtime().image_status("charon.test/none:1"));
  ASSERT_TRUE(image);
  EXPECT_FALSE(*image);
}

}  // namespace
}  // namespace charon::node
