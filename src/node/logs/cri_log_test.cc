#include "node/logs/cri_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "node/logs/log_reader.h"
#include "rt/os/system.h"
#include "rt/virtual/loop.h"

namespace charon::node {
namespace {

using namespace std::chrono_literals;

const char kLog[] =
    "2026-01-01T00:00:01.000000001Z stdout F one\n"
    "2026-01-01T00:00:02.000000001Z stderr F two\n"
    "2026-01-01T00:00:03.000000001Z stdout P thr\n"
    "2026-01-01T00:00:03.000000002Z stdout F ee\n"
    "2026-01-01T00:00:04.000000001Z stdout F \n"
    "2026-01-01T00:00:05.000000001Z stdout F last words\n";

std::string filtered(LogOptions options, std::string raw = kLog) {
  LogFilter filter(std::move(options));
  std::string out;
  filter.feed(raw, out);
  return out;
}

TEST(CriLog, ReadsLines) {
  auto line = parse_log_line("2026-01-01T00:00:01.5Z stderr P:x some text");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->stream, "stderr");
  EXPECT_TRUE(line->partial);
  EXPECT_EQ(line->text, "some text");
  EXPECT_FALSE(parse_log_line("not a log line"));
  EXPECT_FALSE(parse_log_line("2026-01-01T00:00:01Z nowhere F text"));
  EXPECT_FALSE(parse_log_line(""));
}

TEST(CriLog, JoinsPartsAndSelects) {
  EXPECT_EQ(filtered({}), "one\ntwo\nthree\n\nlast words\n");
  LogOptions stamped;
  stamped.timestamps = true;
  stamped.since = *parse_rfc3339("2026-01-01T00:00:03Z");
  EXPECT_EQ(
      filtered(stamped),
      "2026-01-01T00:00:03.000000001Z three\n2026-01-01T00:00:04.000000001Z \n2026-01-01T00:00:05.000000001Z last words\n");
  LogOptions errors;
  errors.stream = "Stderr";
  EXPECT_EQ(filtered(errors), "two\n");
  LogOptions limited;
  limited.limit_bytes = 6;
  EXPECT_EQ(filtered(limited), "one\ntw");
}

TEST(CriLog, RefusesBadNumbers) {
  Time now{1000, 0};
  EXPECT_FALSE(log_options("tailLines=-1", now));
  EXPECT_FALSE(log_options("tailLines=x", now));
  EXPECT_FALSE(log_options("limitBytes=0", now));
  auto options = log_options("follow=true&tailLines=5&sinceSeconds=10", now);
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->follow);
  EXPECT_EQ(options->tail_lines, 5);
  EXPECT_EQ(options->since->seconds, 990);
}

class Reading : public ::testing::Test {
 protected:
  void TearDown() override { (void)files_->remove_all(path_); }
  std::string all(LogOptions options) {
    LogReader reader(loop_, *files_, path_, std::move(options), [] { return true; });
    if (auto opened = reader.open(); !opened) return "error: " + opened.error().message;
    std::string out;
    for (;;) {
      auto bytes = loop_.run(reader.next());
      if (!bytes) return "error: " + bytes.error().message;
      if (bytes->empty()) return out;
      out += *bytes;
    }
  }
  rt::VirtualLoop loop_;
  std::unique_ptr<rt::Files> files_ = rt::make_os_files();
  std::string path_ = ::testing::TempDir() + "charon-log-test-" + std::to_string(getpid());
};

TEST_F(Reading, FindsTheTail) {
  ASSERT_TRUE(files_->write(path_, kLog, 0644));
  LogOptions options;
  const char* expected[] = {"",
                            "last words\n",
                            "\nlast words\n",
                            "three\n\nlast words\n",
                            "two\nthree\n\nlast words\n",
                            "one\ntwo\nthree\n\nlast words\n",
                            "one\ntwo\nthree\n\nlast words\n"};
  for (int count = 0; count < 7; ++count) {
    options.tail_lines = count;
    EXPECT_EQ(all(options), expected[count]) << count;
  }
}

TEST_F(Reading, FindsTheTailOfALongLog) {
  std::string log;
  for (int i = 0; i < 20000; ++i) log += "2026-01-01T00:00:01.000000001Z stdout F line " + std::to_string(i) + "\n";
  ASSERT_TRUE(files_->write(path_, log, 0644));
  LogOptions options;
  options.tail_lines = 5000;
  std::string out = all(options);
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 5000);
  EXPECT_TRUE(out.starts_with("line 15000\n")) << out.substr(0, 40);
  EXPECT_TRUE(out.ends_with("line 19999\n"));
}

TEST_F(Reading, FollowsAcrossARotation) {
  ASSERT_TRUE(files_->write(path_, "2026-01-01T00:00:01Z stdout F before\n", 0644));
  bool ended = false;
  LogOptions options;
  options.follow = true;
  LogReader reader(loop_, *files_, path_, options, [&] { return ended; });
  ASSERT_TRUE(reader.open());
  EXPECT_EQ(*loop_.run(reader.next()), "before\n");
  ASSERT_TRUE(files_->rename(path_, path_ + ".1"));
  ASSERT_TRUE(files_->write(path_, "2026-01-01T00:00:02Z stdout F after\n", 0644));
  EXPECT_EQ(*loop_.run(reader.next()), "after\n");
  ended = true;
  EXPECT_EQ(*loop_.run(reader.next()), "");
  (void)files_->remove_all(path_ + ".1");
}

}  // namespace
}  // namespace charon::node
