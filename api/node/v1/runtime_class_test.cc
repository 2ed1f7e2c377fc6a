#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::node::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

TEST(RuntimeClasses, SayWhatKubernetesSays) {
  KindForTest classes("node.k8s.io", "v1", "RuntimeClass");
  auto of = [](std::string_view more) { return R"({"metadata":{"name":"c"},"handler":"kata")" + std::string(more) + "}"; };
  struct Case {
    std::string json;
    Texts errors;
  };
  const Case cases[] = {
      {of(R"(,"overhead":{"podFixed":{"cpu":"250m","memory":"64Mi"}},
          "scheduling":{"nodeSelector":{"kata":"yes"},"tolerations":[{"key":"kata","operator":"Exists"}]})"),
       {}},
      {of(R"(,"overhead":{"podFixed":{"cpu":"-1"}})"),
       {"overhead.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0"}},
      {of(R"(,"scheduling":{"tolerations":[{"key":"a","operator":"Exists","effect":"NoSchedule","tolerationSeconds":1}]})"),
       {"scheduling.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when "
        "`tolerationSeconds` is set"}},
  };
  for (const Case& each : cases) EXPECT_EQ(classes.errors(each.json), each.errors) << each.json;
  EXPECT_EQ(classes.errors(R"({"metadata":{"name":"c"},"handler":"Kata"})").size(), 1);
  EXPECT_EQ(classes.errors(of(R"(,"scheduling":{"nodeSelector":{"a":"b c"}})")).size(), 1);
  EXPECT_EQ(classes.update_errors(of(""), R"({"metadata":{"name":"c"},"handler":"gvisor"})"),
            Texts{"handler: Invalid value: \"gvisor\": field is immutable"});
}

}  // namespace
}  // namespace charon::node::v1
