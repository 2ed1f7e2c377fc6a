#include "cmd/cli/pid_file.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "rt/os/system.h"

namespace charon::cmd {
namespace {

TEST(PidFile, TellsWhoRunsAndHowLongItMayTakeToEnd) {
  std::string folder = "/tmp/charon-pid-test-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  auto files = rt::make_os_files();
  Options options;
  options.data_dir = folder;
  EXPECT_EQ(running_pid(*files, options), 0);
  EXPECT_EQ(running_shutdown_delay(*files, options).count(), 0);
  options.server.shutdown_delay = "1m30s";
  ASSERT_TRUE(claim_pid_file(*files, options));
  EXPECT_NE(running_pid(*files, options), 0);
  options.server.shutdown_delay = "0s";  // who asks was not told
  EXPECT_EQ(running_shutdown_delay(*files, options), std::chrono::seconds(90));
  // Of an older version.
  ASSERT_TRUE(files->write(folder + "/charon.pid", "1 2\n", 0644));
  EXPECT_EQ(running_shutdown_delay(*files, options).count(), 0);
  EXPECT_TRUE(files->remove_all(folder));
}

}  // namespace
}  // namespace charon::cmd
