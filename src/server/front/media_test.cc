#include "server/front/media.h"

#include <gtest/gtest.h>

#include "server/json_text.h"

namespace charon::server {
namespace {

std::string text_of(const Result<Media>& media) {
  if (!media) return media.error().message;
  constexpr const char* kFormats[] = {"json", "yaml", "protobuf"};
  constexpr const char* kShapes[] = {"", " Table", " Partial", " PartialList"};
  std::string text = kFormats[static_cast<int>(media->format)];
  text += kShapes[static_cast<int>(media->shape)];
  if (!media->as_version.empty()) text += " " + media->as_version;
  return text + (media->pretty ? " pretty" : "");
}

constexpr const char* kNone =
    "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";

TEST(Negotiate, Table) {
  struct Case {
    const char* accept;
    const char* chosen;
  };
  for (const Case& one : std::vector<Case>{
           {"", "json"},
           {"*/*", "json"},
           {"application/*", "json"},
           {"application/yaml", "yaml"},
           {"text/html, application/xml;q=0.9, */*;q=0.8", "json"},
           {"text/html", kNone},
           {"application/yaml;q=0.5, application/vnd.kubernetes.protobuf;q=0.8", "protobuf"},
           {"application/yaml, application/json", "yaml"},
           {"*/*, application/yaml", "yaml"},
           {"application/json;q=0", kNone},
           {"application/json;pretty=1", "json pretty"},
           {"application/json; charset=utf-8", "json"},
           {"application/json;stream=watch", "json"},
           {"application/yaml;stream=watch", kNone},
           {"application/json;sv=v2, application/yaml", "yaml"},
           {"application/json;as=Table;g=meta.k8s.io;v=v1", "json Table v1"},
           {"application/yaml;as=Table;g=meta.k8s.io;v=v1", "yaml Table v1"},
           {"application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
            "json Table v1"},
           {"application/json;as=Table;v=v2;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
            "json Table v1beta1"},
           {"application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1", kNone},
           {"application/json;as=Table;g=meta.k8s.io;v=v3, application/json", "json"},
           {"application/json;as=Table", kNone},
           {"application/json;v=v1", kNone},
           {"application/json;as=Pod;g=meta.k8s.io;v=v1", kNone},
           {"application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json",
            "protobuf Partial v1"},
           {"application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1beta1",
            "protobuf PartialList v1beta1"},
           {",;, ;q=, application/json;;as=;q=1", kNone},
       })
    EXPECT_EQ(text_of(negotiate(one.accept, false)), one.chosen) << one.accept;
}

TEST(Negotiate, WatchesHaveNoYaml) {
  EXPECT_EQ(text_of(negotiate("application/yaml", true)),
            "only the following media types are accepted: application/json;stream=watch, "
            "application/vnd.kubernetes.protobuf;stream=watch");
  EXPECT_EQ(text_of(negotiate("application/vnd.kubernetes.protobuf;stream=watch", true)), "protobuf");
}

TEST(Negotiate, Discovery) {
  constexpr const char* kAggregated = ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  EXPECT_EQ(text_of(negotiate_discovery("")), "json");
  EXPECT_EQ(text_of(negotiate_discovery(std::string("application/json") + kAggregated)), "json v2");
  EXPECT_EQ(text_of(negotiate_discovery(std::string("application/vnd.kubernetes.protobuf") + kAggregated)), "protobuf v2");
  EXPECT_EQ(text_of(negotiate_discovery("application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList,"
                                        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
                                        "application/json")),
            "json v2beta1");
  EXPECT_EQ(text_of(negotiate_discovery("application/json;as=Table;g=meta.k8s.io;v=v1")), kNone);
}

TEST(JsonText, Members) {
  constexpr std::string_view kObject = R"({"a":1,"b\"}":"}{","c":{"d":[1,{"c":"\\"}]},"e":[],"f":null})";
  EXPECT_EQ(member_text(kObject, "a"), "1");
  EXPECT_EQ(member_text(kObject, "c"), R"({"d":[1,{"c":"\\"}]})");
  EXPECT_EQ(member_text(kObject, "e"), "[]");
  EXPECT_EQ(member_text(kObject, "f"), "null");
  EXPECT_EQ(member_text(kObject, "d"), "");
  EXPECT_EQ(member_text("{}", "a"), "");
}

TEST(JsonText, Indented) {
  EXPECT_EQ(indented(R"({"a":[1,{"b":"x\",{"}],"c":{},"d":[]})"),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x\\\",{\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}");
  EXPECT_EQ(indented("3"), "3");
}

}  // namespace
}  // namespace charon::server
