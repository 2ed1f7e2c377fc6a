#include "node/logs/log_source.h"

#include <gtest/gtest.h>

namespace charon::node {
namespace {

class LogSourceTest : public ::testing::Test {
 protected:
  core::v1::PodStatus status_;
  core::v1::ContainerStatus& container_ = status_.containerStatuses.emplace_back();
  void SetUp() override { container_.name = "main"; }
  void ended(core::v1::ContainerState& state, std::string id) {
    auto& terminated = state.terminated.emplace();
    terminated.containerID = "containerd://" + id;
  }
  std::string of(bool previous) {
    auto id = log_container_id(status_, {.pod = "web", .container = "main", .previous = previous});
    return id ? *id : id.error().message;
  }
};

TEST_F(LogSourceTest, ARunningContainerAndTheOneBefore) {
  container_.state.running.emplace();
  container_.containerID = "containerd://b";
  EXPECT_EQ(of(false), "b");
  EXPECT_EQ(of(true), "previous terminated container \"main\" in pod \"web\" not found");
  ended(container_.lastState, "a");
  EXPECT_EQ(of(true), "a");
}

TEST_F(LogSourceTest, HeldBackAfterACrashTheLastRunIsBoth) {
  container_.state.waiting.emplace().reason = "CrashLoopBackOff";
  container_.containerID = "containerd://a";
  ended(container_.lastState, "a");
  EXPECT_EQ(of(false), "a");
  EXPECT_EQ(of(true), "a");
}

TEST_F(LogSourceTest, AnEndedContainer) {
  ended(container_.state, "b");
  ended(container_.lastState, "a");
  EXPECT_EQ(of(false), "b");
  EXPECT_EQ(of(true), "a");
}

TEST_F(LogSourceTest, StatusesThatNameNoContainer) {
  container_.state.running.emplace();
  EXPECT_EQ(of(false), "container \"main\" in pod \"web\" is not available");
  container_.state = {};
  container_.state.terminated.emplace();
  EXPECT_EQ(of(false), "container \"main\" in pod \"web\" is terminated");
}

TEST_F(LogSourceTest, NothingYet) {
  container_.state.waiting.emplace().reason = "ContainerCreating";
  EXPECT_EQ(of(false), "container \"main\" in pod \"web\" is waiting to start: ContainerCreating");
  container_.state.waiting->reason = "ImagePullBackOff";
  EXPECT_EQ(of(false), "container \"main\" in pod \"web\" is waiting to start: trying and failing to pull image");
  container_.name = "other";
  EXPECT_EQ(of(false), "container \"main\" in pod \"web\" is not available");
}

}  // namespace
}  // namespace charon::node
