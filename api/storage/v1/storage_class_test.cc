#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::storage::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

TEST(StorageClasses, SayWhereAndWhatBecomesOfVolumes) {
  KindForTest classes("storage.k8s.io", "v1", "StorageClass");
  EXPECT_EQ(classes.errors(R"({"metadata":{"name":"c"},"provisioner":"Example.com/disk","reclaimPolicy":"Retain",
      "allowedTopologies":[{"matchLabelExpressions":[{"key":"zone","values":["a"]}]}]})"),
            Texts{});
  EXPECT_EQ(classes.errors(R"({"metadata":{"name":"c"},"provisioner":"p","reclaimPolicy":"Recycle",
      "allowedTopologies":[{"matchLabelExpressions":[{"key":"zone","values":["a"]},{"key":"zone"}]}]})"),
            (Texts{"reclaimPolicy: Unsupported value: \"Recycle\": supported values: \"Delete\", \"Retain\"",
                   "allowedTopologies[0].matchLabelExpressions[1].values: Required value",
                   "allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: \"zone\""}));
}

TEST(PriorityClasses, OfTheSystemAreKnown) {
  KindForTest classes("scheduling.k8s.io", "v1", "PriorityClass");
  EXPECT_EQ(classes.errors(R"({"metadata":{"name":"system-node-critical"},"value":2000001000})"), Texts{});
  EXPECT_EQ(
      classes.errors(R"({"metadata":{"name":"system-mine"},"value":1})"),
      Texts{"metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "
            "system-mine is not a known system priority class"});
}

}  // namespace
}  // namespace charon::storage::v1
