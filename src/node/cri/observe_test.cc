#include "node/cri/observe.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/cri/labels.h"
#include "node/cri/runtime_for_test.h"
#include "rt/os/system.h"
#include "rt/virtual/loop.h"

namespace charon::node {
namespace {

class OneEnded final : public RuntimeForTest {
 public:
  rt::Task<Result<cri::v1::ContainerStatus>> container_status(std::string) override { co_return status; }
  cri::v1::ContainerStatus status;
};

class LastWords : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_->make_dirs(dir_, 0755));
    cri::v1::ContainerStatus& status = runtime_.status;
    status.id = "c1";
    status.state = cri::v1::ContainerState::CONTAINER_EXITED;
    status.exit_code = 1;
    status.log_path = dir_ + "/log";
    status.annotations[labels::kTerminationMessagePath] = "/dev/termination-log";
    mount(dir_ + "/message");
  }
  void TearDown() override { (void)files_->remove_all(dir_); }
  void mount(std::string path) {
    auto& mount = runtime_.status.mounts.emplace_back();
    mount.container_path = "/dev/termination-log";
    mount.host_path = std::move(path);
  }
  std::string message() {
    auto seen = loop_.run(observe_container(runtime_, *files_, "s1", "c1"));
    return seen ? seen->message : seen.error().message;
  }

  rt::VirtualLoop loop_;
  OneEnded runtime_;
  std::unique_ptr<rt::Files> files_ = rt::make_os_files();
  std::string dir_ = ::testing::TempDir() + "charon-observe-test-" + std::to_string(getpid());
};

TEST_F(LastWords, AreTheEndOfTheFile) {
  ASSERT_TRUE(files_->write(dir_ + "/message", std::string(10000, 'x') + "the end", 0644));
  std::string text = message();
  EXPECT_EQ(text.size(), 4096u);
  EXPECT_TRUE(text.ends_with("xthe end"));
}

TEST_F(LastWords, AreUtf8WhateverTheContainerWrote) {
  ASSERT_TRUE(files_->write(dir_ + "/message",
                            "a\xff"
                            "b",
                            0644));
  EXPECT_EQ(message(),
            "a\xef\xbf\xbd"
            "b");
}

TEST_F(LastWords, AreReadFromTheAgentsOwnFileAlone) {
  ASSERT_TRUE(files_->write(dir_ + "/secret", "of the host", 0600));
  ASSERT_TRUE(files_->symlink(dir_ + "/secret", dir_ + "/link"));
  runtime_.status.mounts.clear();
  mount(dir_ + "/link");  // by a volume of the pod
  mount(dir_ + "/message");
  ASSERT_TRUE(files_->write(dir_ + "/message", "", 0644));
  EXPECT_EQ(message(), "");
  runtime_.status.mounts.pop_back();
  EXPECT_EQ(message(), "") << "a link is not followed";
  ASSERT_EQ(::mkfifo((dir_ + "/fifo").c_str(), 0666), 0);
  runtime_.status.mounts.clear();
  mount(dir_ + "/fifo");
  EXPECT_EQ(message(), "") << "a pipe is not waited for";
}

TEST_F(LastWords, AreTheEndOfTheLogWhereThePolicySaysSo) {
  runtime_.status.annotations[labels::kTerminationMessagePolicy] = "FallbackToLogsOnError";
  std::string log, expected;
  for (int i = 0; i < 20000; ++i) log += "2026-01-01T00:00:01.000000001Z stdout F " + std::to_string(i) + "\n";
  for (int i = 20000 - 80; i < 20000; ++i) expected += std::to_string(i) + "\n";
  ASSERT_TRUE(files_->write(dir_ + "/log", log, 0644));
  EXPECT_EQ(message(), expected);
  log = "2026-01-01T00:00:01Z stderr P " + std::string(3000, 'x') + "\n2026-01-01T00:00:01Z stderr F end\n";
  ASSERT_TRUE(files_->write(dir_ + "/log", log, 0644));
  EXPECT_EQ(message(), std::string(2044, 'x') + "end\n");
  runtime_.status.exit_code = 0;
  EXPECT_EQ(message(), "");
}

}  // namespace
}  // namespace charon::node
