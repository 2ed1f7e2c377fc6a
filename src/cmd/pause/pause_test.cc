#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

#include "cmd/pause/pause_image.h"
#include "cmd/pause/pause_program.h"
#include "cmd/pause/tar.h"
#include "rt/os/system.h"

namespace charon::cmd {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

class PauseTest : public ::testing::Test {
 protected:
  PauseTest() {
    std::string name = ::testing::TempDir() + "pause.XXXXXX";
    root_ = mkdtemp(name.data());
    program_ = root_ + "/pause";
    EXPECT_TRUE(files_->write(program_, pause_program(), 0755));
  }
  ~PauseTest() override { (void)files_->remove_all(root_); }

  pid_t start() {
    const pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      execl(program_.c_str(), program_.c_str(), nullptr);
      _exit(127);
    }
    return pid;
  }
  std::string status_of(pid_t pid, const std::string& field) {
    const std::string text = files_->read("/proc/" + std::to_string(pid) + "/status").value_or("");
    const auto at = ("\n" + text).find("\n" + field + ":\t");
    if (at == std::string::npos) return "";
    const auto from = at + field.size() + 2;
    return text.substr(from, text.find('\n', from) - from);
  }
  // Executed, and asleep: then it waits for signals, for it does nothing else.
  bool waits(pid_t pid) {
    for (int i = 0; i < 500; ++i) {
      if (status_of(pid, "Name") == "pause" && status_of(pid, "State").starts_with("S")) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  std::unique_ptr<rt::Files> files_ = rt::make_os_files();
  std::string root_;
  std::string program_;
};

TEST_F(PauseTest, EndsWithZeroOnSigtermAndSigint) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const pid_t pid = start();
    ASSERT_TRUE(waits(pid));
    kill(pid, signal);
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
}

TEST_F(PauseTest, SurvivesStopAndContinue) {
  const pid_t pid = start();
  ASSERT_TRUE(waits(pid));
  kill(pid, SIGSTOP);
  kill(pid, SIGCONT);
  std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(waits(pid));
  kill(pid, SIGTERM);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

TEST_F(PauseTest, ReapsItsChildren) {
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // A child made before the program is executed is the program's child, as an orphan is that of process 1.
    if (fork() == 0) {
      usleep(200'000);
      _exit(3);
    }
    execl(program_.c_str(), program_.c_str(), nullptr);
    _exit(127);
  }
  ASSERT_TRUE(waits(pid));
  const std::string children = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children";
  ASSERT_NE(files_->read(children).value_or(""), "");
  bool gone = false;
  for (int i = 0; i < 300 && !gone; ++i) {
    std::this_thread::sleep_for(10ms);
    gone = files_->read(children).value_or("?").empty();
  }
  EXPECT_TRUE(gone);
  kill(pid, SIGTERM);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

TEST_F(PauseTest, IsSmallAndStatic) {
  EXPECT_LT(pause_program().size(), 4096u);
  EXPECT_TRUE(
      pause_program().starts_with("\x7f"
                                  "ELF"));
  EXPECT_EQ(pause_program().find("ld-linux"), std::string_view::npos);
}

TEST_F(PauseTest, ImageIsAnOciLayoutThatTarReads) {
  const auto archive = pause_image_archive();
  ASSERT_TRUE(archive) << archive.error().message;
  EXPECT_EQ(archive->size() % 512, 0u);
  EXPECT_EQ(*archive, *pause_image_archive());
  ASSERT_TRUE(files_->write(root_ + "/image.tar", *archive, 0644));
  // Every blob's name is its hash, as sha256sum sees it.
  const std::string command = "cd " + root_ + " && tar xf image.tar && cd blobs/sha256 && for f in *; do echo $f $f; done | " +
                              "sed 's/ /  /' | sha256sum -c --quiet && [ $(ls | wc -l) = 3 ]";
  EXPECT_EQ(system(command.c_str()), 0);
  const std::string index = files_->read(root_ + "/index.json").value_or("");
  EXPECT_THAT(index, HasSubstr("\"io.containerd.image.name\":\"charon.local/pause:1\""));
  EXPECT_EQ(files_->read(root_ + "/oci-layout").value_or(""), "{\"imageLayoutVersion\":\"1.0.0\"}");
}

TEST(TarTest, RefusesWhatUstarCannotSay) {
  TarWriter tar;
  EXPECT_TRUE(tar.add_file(std::string(100, 'a'), "x", 0644));
  const auto refused = tar.add_file(std::string(101, 'a'), "x", 0644);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::RequestEntityTooLarge);
  EXPECT_EQ(tar.finish().size(), 512u * 4);
}

}  // namespace
}  // namespace charon::cmd
