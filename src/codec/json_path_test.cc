#include "codec/json_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"
#include "codec/tree.h"

namespace charon::codec {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> found(std::string_view path) {
  static const Value kRoot = *parse_json(
      R"({"metadata":{"name":"a","labels":{"app.kubernetes.io/name":"web"}},"spec":{"replicas":3,"ports":[{"name":"x","port":1},)"
      R"({"name":"y","port":20}]},"status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Other","status":"False"}]}})");
  auto parsed = JsonPath::parse(path);
  if (!parsed) return {parsed.error().message};
  std::vector<std::string> texts;
  for (const Value* value : parsed->find(kRoot)) texts.push_back(write_json(*value));
  return texts;
}

TEST(JsonPath, FollowsMembersAndIndices) {
  EXPECT_THAT(found(".spec.replicas"), ElementsAre("3"));
  EXPECT_THAT(found("spec.replicas"), ElementsAre("3"));
  EXPECT_THAT(found(".spec.missing.deeper"), IsEmpty());
  EXPECT_THAT(found(".spec.ports[1].name"), ElementsAre("\"y\""));
  EXPECT_THAT(found(".spec.ports[-1].port"), ElementsAre("20"));
  EXPECT_THAT(found(".spec.ports[5].port"), IsEmpty());
  EXPECT_THAT(found(".spec.ports[*].port"), ElementsAre("1", "20"));
  EXPECT_THAT(found(".spec.ports[0:1].port"), ElementsAre("1"));
  EXPECT_THAT(found(".metadata.labels['app.kubernetes.io/name']"), ElementsAre("\"web\""));
  EXPECT_THAT(found(R"(.metadata.labels.app\.kubernetes\.io/name)"), ElementsAre("\"web\""));
}

TEST(JsonPath, Filters) {
  EXPECT_THAT(found(R"(.status.conditions[?(@.type=="Ready")].status)"), ElementsAre("\"True\""));
  EXPECT_THAT(found(R"(.status.conditions[?(@.type == 'Other')].status)"), ElementsAre("\"False\""));
  EXPECT_THAT(found(".spec.ports[?(@.port>5)].name"), ElementsAre("\"y\""));
  EXPECT_THAT(found(".spec.ports[?(@.port != 1)].name"), ElementsAre("\"y\""));
  EXPECT_THAT(found(".spec.ports[?(@.port)].name"), ElementsAre("\"x\"", "\"y\""));
  EXPECT_THAT(found("..port"), ElementsAre("1", "20"));
}

TEST(JsonPath, RefusesWhatIsMalformed) {
  for (std::string_view path : {".spec[", ".spec[x]", ".spec[::0]", ".a[?(@.b==", ".a[?(@.b==zz)]", ".a[]"})
    EXPECT_FALSE(JsonPath::parse(path)) << path;
}

}  // namespace
}  // namespace charon::codec
