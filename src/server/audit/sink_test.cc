#include "server/audit/sink.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "rt/os/system.h"
#include "rt/virtual/loop.h"

namespace charon::server::audit {
namespace {

class AuditFile : public testing::Test {
 protected:
  AuditFile() {
    std::string pattern = "/tmp/charon-audit-test-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~AuditFile() override { (void)files_->remove_all(folder_); }

  std::unique_ptr<Sink> sink(FileSettings settings) {
    settings.path = folder_ + "/log/audit.log";
    return make_file_sink(*files_, loop_.clock(), settings);
  }
  std::string text(const std::string& name = "audit.log") { return files_->read(folder_ + "/log/" + name).value_or("none"); }
  std::vector<std::string> names() { return files_->list(folder_ + "/log").value(); }

  rt::VirtualLoop loop_;
  std::unique_ptr<rt::Files> files_ = rt::make_os_files();
  std::string folder_;
};

TEST_F(AuditFile, IsRotatedBetweenLines) {
  auto log = sink({.max_bytes = 10});
  ASSERT_TRUE(log->write("one\ntwo\nthree\n"));
  EXPECT_EQ(text(), "three\n");
  EXPECT_EQ(text("audit-2026-01-01T00-00-00.000.log"), "one\ntwo\n");
  EXPECT_EQ(files_->info(folder_ + "/log/audit.log")->mode, 0600u);
}

TEST_F(AuditFile, GoesOnWithTheFileThatIsThere) {
  ASSERT_TRUE(sink({.max_bytes = 10})->write("one\ntwo\n"));
  ASSERT_TRUE(sink({.max_bytes = 10})->write("six\n"));
  EXPECT_EQ(text(), "six\n");
  EXPECT_EQ(names().size(), 2u);
}

TEST_F(AuditFile, ALineThatIsTooLargeHasAFileOfItsOwn) {
  auto log = sink({.max_bytes = 4});
  ASSERT_TRUE(log->write("a\n0123456789\n"));
  EXPECT_EQ(text(), "0123456789\n");
  loop_.run_for(std::chrono::seconds(1));
  ASSERT_TRUE(log->write("b\n"));
  EXPECT_EQ(text(), "b\n");
}

TEST_F(AuditFile, KeepsSoManyAndSoLong) {
  ASSERT_TRUE(files_->make_dirs(folder_ + "/log", 0700));
  ASSERT_TRUE(files_->write(folder_ + "/log/audit-of-mine.log", "", 0600));
  auto log = sink({.max_bytes = 4, .max_backups = 2, .max_age_days = 10});
  for (std::string_view line : {"1\n", "2\n", "3\n", "4\n", "5\n"}) {
    ASSERT_TRUE(log->write(std::string(line) + "\n"));
    loop_.run_for(std::chrono::seconds(1));
  }
  EXPECT_EQ(names(), (std::vector<std::string>{"audit-2026-01-01T00-00-03.000.log", "audit-2026-01-01T00-00-04.000.log",
                                               "audit-of-mine.log", "audit.log"}));
  loop_.run_for(std::chrono::hours(11 * 24));
  ASSERT_TRUE(log->write("9\n\n"));
  EXPECT_EQ(names().size(), 3u);
}

TEST_F(AuditFile, BeginsAnewWhenTheFileWasTakenAway) {
  auto log = sink({.max_bytes = 4});
  ASSERT_TRUE(log->write("1\n2\n"));
  ASSERT_TRUE(files_->remove_all(folder_ + "/log/audit.log"));
  ASSERT_TRUE(log->write("3\n"));
  EXPECT_EQ(text(), "3\n");
  ASSERT_TRUE(log->write("4\n"));
  ASSERT_TRUE(files_->remove_all(folder_ + "/log"));
  ASSERT_TRUE(log->write("5\n"));
  EXPECT_EQ(text(), "5\n");
}

TEST_F(AuditFile, SaysWhyItCannotWrite) {
  ASSERT_TRUE(files_->write(folder_ + "/log", "", 0600));
  EXPECT_FALSE(sink({})->write("one\n"));
}

}  // namespace
}  // namespace charon::server::audit
