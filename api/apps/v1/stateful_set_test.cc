// What a StatefulSet's pods may mount.
#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::apps::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

std::string set_of(std::string_view mount) {
  return R"({"metadata":{"name":"db"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
      "spec":{"containers":[{"name":"a","image":"x","volumeMounts":[{"name":")" +
         std::string(mount) + R"(","mountPath":"/data"}]}]}},"volumeClaimTemplates":[{"metadata":{"name":"data"},
      "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}]}})";
}

TEST(StatefulSet, PodsMountTheirClaims) {
  KindForTest sets("apps", "v1", "StatefulSet");
  EXPECT_EQ(sets.errors(set_of("data")), Texts{});
  EXPECT_EQ(sets.errors(set_of("other")), Texts{"spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"other\""});
}

}  // namespace
}  // namespace charon::apps::v1
