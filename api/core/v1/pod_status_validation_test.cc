#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::core::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

TEST(PodStatus, UsersOfContainers) {
  KindForTest pods("", "v1", "Pod");
  auto pod = [](std::string_view status, std::string_view os = "linux") {
    return R"({"metadata":{"name":"p"},"spec":{"os":{"name":")" + std::string(os) +
           R"("},"containers":[{"name":"c","image":"i"}]},"status":)" + std::string(status) + "}";
  };
  auto user = [](std::string_view linux_user) {
    return R"({"containerStatuses":[{"name":"c","image":"i","imageID":"","ready":true,"restartCount":0,"user":{"linux":)" +
           std::string(linux_user) + "}}]}";
  };
  EXPECT_EQ(pods.update_errors(pod("{}"), pod(user(R"({"uid":0,"gid":1000,"supplementalGroups":[1]})")), "status"), Texts{});
  const std::string range = "must be between 0 and 2147483647, inclusive";
  const std::string at = "status.containerStatuses[0].linux";
  EXPECT_EQ(pods.update_errors(pod("{}"), pod(user(R"({"uid":-1,"gid":2147483648,"supplementalGroups":[1,-2]})")), "status"),
            (Texts{at + ".uid: Invalid value: -1: " + range, at + ".gid: Invalid value: 2147483648: " + range,
                   at + ".supplementalGroups[1]: Invalid value: -2: " + range}));
  EXPECT_EQ(pods.update_errors(pod("{}", "windows"), pod(user(R"({"uid":0,"gid":0})"), "windows"), "status"),
            Texts{at + ": Forbidden: cannot be set for a windows pod"});
}

}  // namespace
}  // namespace charon::core::v1
