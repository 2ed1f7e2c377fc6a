#include "cmd/containerd/containerd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "cmd/containerd/config.h"
#include "cmd/pause/pause_image.h"
#include "rt/os/loop.h"
#include "rt/os/net.h"
#include "rt/os/system.h"
#include "rt/timeout.h"

namespace charon::cmd {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(ContainerdConfigTest, SaysWhatWeWant) {
  const ContainerdConfig config{.dir = "/d/containerd",
                                .socket = "/d/containerd/containerd.sock",
                                .cni_config_dir = "/d/cni",
                                .cni_bin_dir = "/usr/lib/cni",
                                .sandbox_image = "charon.local/pause:1",
                                .snapshotter = "native",
                                .may_lower_oom_score = false};
  const std::string text = containerd_config_text(config);
  EXPECT_THAT(text, HasSubstr("version = 2\n"));
  EXPECT_THAT(text, HasSubstr("root = \"/d/containerd/root\"\n"));
  EXPECT_THAT(text, HasSubstr("state = \"/d/containerd/state\"\n"));
  EXPECT_THAT(text, HasSubstr("address = \"/d/containerd/containerd.sock\"\n"));
  EXPECT_THAT(text, HasSubstr("sandbox_image = \"charon.local/pause:1\"\n"));
  EXPECT_THAT(text, HasSubstr("restrict_oom_score_adj = true\n"));
  EXPECT_THAT(text, HasSubstr("oom_score = 0\n"));
  EXPECT_THAT(text, HasSubstr("snapshotter = \"native\"\n"));
  EXPECT_THAT(text, HasSubstr("SystemdCgroup = false\n"));
}

TEST(ContainerdConfigTest, QuotesPaths) {
  const std::string text = containerd_config_text({.dir = "/d \"x\\y"});
  EXPECT_THAT(text, HasSubstr(R"(root = "/d \"x\\y/root")"));
}

// The real containerd, in a folder of its own.
class ContainerdTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "containerd needs root";
    std::string name = "/tmp/charon-containerd.XXXXXX";
    root_ = mkdtemp(name.data());
  }
  void TearDown() override {
    if (root_.empty()) return;
    auto last = make();
    EXPECT_TRUE(loop_.run(last->stop()));
    EXPECT_TRUE(files_->remove_all(root_));
  }
  std::unique_ptr<Containerd> make() {
    return std::make_unique<Containerd>(Containerd::Host{loop_, *files_, *process_, *net_},
                                        ContainerdOptions{.data_dir = root_, .sandbox_image = std::string(kPauseImage)});
  }
  std::string pid() { return files_->read(root_ + "/containerd/containerd.pid").value_or(""); }
  static rt::Task<bool> until_restarted(rt::Loop& loop, Containerd* containerd) {
    while (containerd->restarts() == 0) co_await rt::sleep(loop, 10ms);
    co_await rt::sleep(loop, 2s);
    co_return true;
  }

  rt::OsLoop loop_;
  std::unique_ptr<rt::Files> files_ = rt::make_os_files();
  std::unique_ptr<rt::Process> process_ = rt::make_os_process(loop_);
  std::unique_ptr<rt::Net> net_ = rt::make_os_net(loop_);
  std::string root_;
};

TEST_F(ContainerdTest, StartsIsAdoptedIsReplacedAndStops) {
  auto first = make();
  const auto started = loop_.run(first->start());
  ASSERT_TRUE(started) << started.error().message;
  const std::string first_pid = pid();
  EXPECT_NE(first_pid, "");

  first.reset();
  auto second = make();
  ASSERT_TRUE(loop_.run(second->start()));
  EXPECT_EQ(pid(), first_pid);

  second.reset();
  ASSERT_TRUE(files_->append(root_ + "/containerd/config.toml", "# older\n", 0644));
  auto third = make();
  ASSERT_TRUE(loop_.run(third->start()));
  EXPECT_NE(pid(), first_pid);
  // Gone, or a zombie of ours.
  EXPECT_EQ(files_->read("/proc/" + std::to_string(std::stoi(first_pid)) + "/cmdline").value_or(""), "");

  ASSERT_TRUE(loop_.run(third->stop()));
  EXPECT_EQ(pid(), "");
  EXPECT_TRUE(loop_.run(third->stop()));
}

TEST_F(ContainerdTest, NoPluginMissesAnother) {
  auto containerd = make();
  ASSERT_TRUE(loop_.run(containerd->start()));
  const auto plugins = loop_.run(process_->run({.argv = {"ctr", "--address", containerd->socket(), "plugins", "ls"}}));
  ASSERT_TRUE(plugins);
  EXPECT_THAT(plugins->out, HasSubstr("cri "));
  EXPECT_THAT(plugins->out, ::testing::Not(HasSubstr("error")))
      << files_->read(root_ + "/containerd/containerd.log").value_or("");
}

TEST_F(ContainerdTest, ComesBackWhenItDies) {
  for (const bool adopted : {false, true}) {
    auto containerd = make();
    ASSERT_TRUE(loop_.run(containerd->start()));
    if (adopted) {
      containerd.reset();
      containerd = make();
      ASSERT_TRUE(loop_.run(containerd->start()));
    }
    const std::string before = pid();
    ASSERT_EQ(kill(std::stoi(before), SIGKILL), 0);
    loop_.run(rt::with_timeout(loop_, 20s, until_restarted(loop_, containerd.get())));
    EXPECT_EQ(containerd->restarts(), 1) << "adopted: " << adopted;
    EXPECT_NE(pid(), before);
    const auto image = pause_image_archive();
    ASSERT_TRUE(image);
    ASSERT_TRUE(files_->write(root_ + "/pause.tar", *image, 0644));
    const auto imported = loop_.run(containerd->import_image(root_ + "/pause.tar"));
    EXPECT_TRUE(imported) << imported.error().message;
    ASSERT_TRUE(loop_.run(containerd->stop()));
  }
}

TEST_F(ContainerdTest, RefusesABrokenArchive) {
  auto containerd = make();
  ASSERT_TRUE(loop_.run(containerd->start()));
  ASSERT_TRUE(files_->write(root_ + "/broken.tar", "no archive", 0644));
  const auto imported = loop_.run(containerd->import_image(root_ + "/broken.tar"));
  ASSERT_FALSE(imported);
  EXPECT_THAT(imported.error().message, HasSubstr("cannot import " + root_ + "/broken.tar"));
}

TEST_F(ContainerdTest, ShowsTheLogWhenItDoesNotComeUp) {
  ASSERT_TRUE(files_->make_dirs(root_ + "/containerd", 0755));
  ASSERT_TRUE(files_->write(root_ + "/containerd/root", "not a folder", 0644));
  auto containerd = make();
  const auto started = loop_.run(containerd->start());
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().reason, Reason::ServiceUnavailable);
  EXPECT_THAT(started.error().message, HasSubstr("not a directory"));
}

TEST_F(ContainerdTest, NamesThePackageOfWhatIsMissing) {
  const std::string path = getenv("PATH");
  setenv("PATH", root_.c_str(), 1);
  auto containerd = make();
  const auto started = loop_.run(containerd->start());
  setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().reason, Reason::NotFound);
  EXPECT_THAT(started.error().message, HasSubstr("apt-get install containerd"));
}

TEST_F(ContainerdTest, RefusesAPathThatIsTooLong) {
  const std::string long_dir = root_ + "/" + std::string(100, 'x');
  Containerd containerd(Containerd::Host{loop_, *files_, *process_, *net_}, {.data_dir = long_dir, .sandbox_image = "x"});
  const auto started = loop_.run(containerd.start());
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().reason, Reason::Invalid);
}

}  // namespace
}  // namespace charon::cmd
