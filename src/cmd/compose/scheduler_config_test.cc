#include "cmd/compose/scheduler_config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "rt/os/system.h"
#include "rt/virtual/loop.h"

namespace charon::cmd {
namespace {

std::string with_backoff(const std::string& seconds) {
  return "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\npodMaxBackoffSeconds: " + seconds +
         "\n";
}

TEST(SchedulerConfigFile, ChangesAreNoticedAndMistakesComplainedAboutOnce) {
  std::string folder = "/tmp/charon-scheduler-config-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::string path = folder + "/scheduler.yaml";
  auto files = rt::make_os_files();
  rt::VirtualLoop loop;
  SchedulerConfigFile file(loop, *files, path);
  EXPECT_FALSE(file.read());
  ASSERT_TRUE(files->write(path, with_backoff("20"), 0644));
  ASSERT_TRUE(file.read());

  std::vector<rt::Duration> applied;
  std::vector<std::string> complaints;
  file.follow([&](scheduler::Configuration configuration) { applied.push_back(configuration.back_off.most); },
              [&](const Error& error) { complaints.push_back(error.message); });
  loop.run_for(std::chrono::seconds(10));
  EXPECT_TRUE(applied.empty());  // what it said at first is its reader's matter
  ASSERT_TRUE(files->write(path, with_backoff("30"), 0644));
  loop.run_for(std::chrono::seconds(10));
  EXPECT_EQ(applied, std::vector<rt::Duration>{std::chrono::seconds(30)});
  ASSERT_TRUE(files->write(path, with_backoff("never"), 0644));
  loop.run_for(std::chrono::seconds(10));
  EXPECT_EQ(applied.size(), 1u);
  ASSERT_EQ(complaints.size(), 1u);
  EXPECT_EQ(complaints[0], path + ": podMaxBackoffSeconds: must be greater than 0");
  ASSERT_TRUE(files->remove_all(path));
  loop.run_for(std::chrono::seconds(10));
  EXPECT_EQ(complaints.size(), 2u);
  ASSERT_TRUE(files->write(path, with_backoff("40"), 0644));
  loop.run_for(std::chrono::seconds(10));
  EXPECT_EQ(applied.back(), std::chrono::seconds(40));
  EXPECT_TRUE(files->remove_all(folder));
}

}  // namespace
}  // namespace charon::cmd
