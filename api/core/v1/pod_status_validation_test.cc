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

// Who has ended stays so, where the pod or the container does not say otherwise.
TEST(PodStatus, ContainersThatHaveEnded) {
  KindForTest pods("", "v1", "Pod");
  auto errors = [&](std::string_view policy, std::string_view container, int exit_code,
                    std::string_view statuses = "containerStatuses") {
    auto pod = [&](std::string_view state) {
      std::string list(statuses == "containerStatuses"
                           ? ""
                           : R"("initContainers":[{"name":"c","image":"i")" + std::string(container) + "}],");
      std::string main(statuses == "containerStatuses" ? container : "");
      return R"({"metadata":{"name":"p"},"spec":{"restartPolicy":")" + std::string(policy) + "\"," + list +
             R"("containers":[{"name":")" + (list.empty() ? "c" : "main") + R"(","image":"i")" + main + R"(}]},"status":{")" +
             std::string(statuses) + R"(":[{"name":"c","image":"i","imageID":"","ready":false,"restartCount":0,"state":)" +
             std::string(state) + "}]}}";
    };
    return pods.update_errors(pod(R"({"terminated":{"exitCode":)" + std::to_string(exit_code) + "}}"), pod(R"({"running":{}})"),
                              "status");
  };
  const Texts fine;
  const Texts refused{"status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"};
  EXPECT_EQ(errors("Always", "", 0), fine);
  EXPECT_EQ(errors("OnFailure", "", 1), fine);
  EXPECT_EQ(errors("OnFailure", "", 0), refused);
  EXPECT_EQ(errors("Never", "", 1), refused);
  EXPECT_EQ(errors("Never", R"(,"restartPolicy":"OnFailure")", 1), fine);
  EXPECT_EQ(errors("Always", R"(,"restartPolicy":"Never")", 1), refused);
  constexpr std::string_view kRule =
      R"(,"restartPolicy":"Never","restartPolicyRules":[{"action":"Restart","exitCodes":{"operator":"In","values":[42]}}])";
  EXPECT_EQ(errors("Never", kRule, 42), fine);
  EXPECT_EQ(errors("Never", kRule, 1), refused);
  EXPECT_EQ(errors("Never", "", 0, "initContainerStatuses"),
            Texts{"status.initContainerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"});
  EXPECT_EQ(errors("Never", R"(,"restartPolicy":"Always")", 0, "initContainerStatuses"), fine);
}

}  // namespace
}  // namespace charon::core::v1
