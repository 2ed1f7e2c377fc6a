#include "cmd/cli/preconditions.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "rt/os/loop.h"
#include "rt/os/net.h"
#include "rt/os/system.h"

namespace charon::cmd {
namespace {

class PreconditionsTest : public testing::Test {
 protected:
  PreconditionsTest() : folder_(testing::TempDir() + "charon-preconditions") {
    std::filesystem::remove_all(folder_);
    options_.data_dir = folder_ + "/data/deep";
    options_.listen = "127.0.0.1";
    options_.port = 0;
  }
  ~PreconditionsTest() override { std::filesystem::remove_all(folder_); }

  std::string problem() {
    auto checked = check_preconditions(*files_, *net_, options_, {.server = true});
    return checked ? std::string() : checked.error().message;
  }

  std::string folder_;
  Options options_;
  rt::OsLoop loop_;
  std::unique_ptr<rt::Net> net_ = rt::make_os_net(loop_);
  std::unique_ptr<rt::Files> files_ = rt::make_os_files();
};

TEST_F(PreconditionsTest, HoldInANewFolderAndMakeNothing) {
  EXPECT_EQ(problem(), "");
  EXPECT_FALSE(files_->exists(folder_));
}

TEST_F(PreconditionsTest, ATakenPortIsNamed) {
  auto listener = net_->listen(rt::Address::tcp("127.0.0.1", 0));
  ASSERT_TRUE(listener);
  options_.port = (*listener)->local().port;
  EXPECT_NE(problem().find("--port"), std::string::npos) << problem();
  EXPECT_NE(problem().find(std::to_string(options_.port)), std::string::npos) << problem();
}

TEST_F(PreconditionsTest, AFileInTheWayIsNamed) {
  std::filesystem::create_directories(folder_);
  ASSERT_TRUE(files_->write(folder_ + "/data", "", 0644));
  EXPECT_NE(problem().find(folder_ + "/data is no folder"), std::string::npos) << problem();
}

TEST_F(PreconditionsTest, AFolderThatNobodyMayWriteIsNamed) {
  options_.data_dir = "/proc/charon";
  EXPECT_NE(problem().find("--data-dir"), std::string::npos) << problem();
}

}  // namespace
}  // namespace charon::cmd
