#include "cmd/cli/flag_checks.h"

#include <gtest/gtest.h>

namespace charon::cmd {
namespace {

TEST(FlagChecks, TellWhatIsWrong) {
  EXPECT_EQ(ip_problem("192.0.2.1"), "");
  EXPECT_EQ(ip_problem("::1"), "");
  EXPECT_NE(ip_problem("localhost"), "");
  EXPECT_EQ(pod_range_problem("10.42.0.0/24"), "");
  for (const char* bad :
       {"10.42.0.0", "10.42.0.0/31", "10.42.0.0/x", "10.42.0.0/24x", "fd00::/64", "x/24", "/24", "10.42.0.0/"})
    EXPECT_NE(pod_range_problem(bad), "") << bad;
  EXPECT_EQ(node_name_problem("node-1.example"), "");
  EXPECT_NE(node_name_problem("Node"), "");
  EXPECT_EQ(duration_problem("1m30s"), "");
  EXPECT_EQ(duration_problem("0"), "");
  for (const char* bad : {"", "10", "-1s", "soon"}) EXPECT_NE(duration_problem(bad), "") << bad;
  EXPECT_EQ(node_label_problem("example.com/a=b"), "");
  EXPECT_EQ(node_label_problem("a="), "");
  for (const char* bad : {"a", "=b", "a b=c", "a=b c"}) EXPECT_NE(node_label_problem(bad), "") << bad;
}

TEST(FlagChecks, PathsBecomeAbsolute) {
  std::string path = "/a/b/../c//";
  EXPECT_EQ(make_absolute(path), "");
  EXPECT_EQ(path, "/a/c");
  path = "x";
  EXPECT_EQ(make_absolute(path), "");
  EXPECT_TRUE(path.starts_with('/') && path.ends_with("/x")) << path;
  path = "";
  EXPECT_NE(make_absolute(path), "");
}

}  // namespace
}  // namespace charon::cmd
