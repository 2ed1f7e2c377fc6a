// How workloads replace their pods: what cannot be asked for.
#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::apps::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

std::string workload(std::string_view members) {
  return R"({"metadata":{"name":"w"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
      "spec":{"containers":[{"name":"a","image":"x"}]}},)" +
         std::string(members) + "}}";
}

TEST(UpdateStrategy, OfDaemonSets) {
  KindForTest sets("apps", "v1", "DaemonSet");
  const std::string rolling = "spec.updateStrategy.rollingUpdate";
  auto with = [](std::string_view unavailable, std::string_view surge) {
    return workload(R"("updateStrategy":{"rollingUpdate":{"maxUnavailable":)" + std::string(unavailable) + R"(,"maxSurge":)" +
                    std::string(surge) + "}}");
  };
  EXPECT_EQ(sets.errors(with("2", "0")), Texts{});
  EXPECT_EQ(sets.errors(with("0", "\"10%\"")), Texts{});
  EXPECT_EQ(sets.errors(with("1", "1")),
            Texts{rolling + ".maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"});
  EXPECT_EQ(sets.errors(with("0", "0")), Texts{rolling + ".maxUnavailable: Required value: cannot be 0 when maxSurge is 0"});
  EXPECT_EQ(sets.errors(with("\"200%\"", "0")),
            Texts{rolling + ".maxUnavailable: Invalid value: \"200%\": must not be greater than 100%"});
}

TEST(UpdateStrategy, OfStatefulSets) {
  KindForTest sets("apps", "v1", "StatefulSet");
  const std::string rolling = "spec.updateStrategy.rollingUpdate";
  EXPECT_EQ(sets.errors(workload(R"("updateStrategy":{"rollingUpdate":{"partition":1,"maxUnavailable":2}})")), Texts{});
  EXPECT_EQ(sets.errors(workload(R"("updateStrategy":{"type":"OnDelete","rollingUpdate":{"partition":1}})")),
            Texts{rolling + R"(: Invalid value: {"partition":1}: only allowed for updateStrategy 'RollingUpdate')"});
  EXPECT_EQ(sets.errors(workload(R"("updateStrategy":{"rollingUpdate":{"maxUnavailable":0}})")),
            Texts{rolling + ".maxUnavailable: Invalid value: 0: cannot be 0"});
  EXPECT_EQ(sets.errors(workload(R"("ordinals":{"start":-1})")),
            Texts{"spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0"});
}

TEST(UpdateStrategy, OfDeployments) {
  KindForTest deployments("apps", "v1", "Deployment");
  EXPECT_EQ(deployments.errors(workload(R"("strategy":{"rollingUpdate":{"maxUnavailable":"101%"}})")),
            Texts{"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be greater than 100%"});
  EXPECT_EQ(deployments.errors(workload(R"("strategy":{"rollingUpdate":{"maxUnavailable":"0%","maxSurge":0}})")),
            Texts{"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0"});
}

}  // namespace
}  // namespace charon::apps::v1
