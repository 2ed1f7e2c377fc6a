#include "schema/convert.h"

#include <gtest/gtest.h>

#include <chrono>

#include "api/admissionregistration/v1/types.h"
#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "base/bytes.h"
#include "codec/json.h"
#include "codec/tree.h"

namespace charon::schema {
namespace {

codec::Value parse(std::string_view text) {
  Result<codec::Value> value = codec::parse_json(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : codec::Value();
}

std::string canonical(const Type& type, std::string_view text) {
  codec::Value tree = parse(text);
  Result<void> normal = normalize(type, tree);
  if (!normal) return normal.error().message;
  std::string out;
  append_canonical_json(type, tree, out);
  return out;
}

TEST(CanonicalJson, LeavesOutAndPrintsAsGoDoes) {
  EXPECT_EQ(canonical(core::v1::ConfigMap::table(),
                      R"({"data":{"b":"2","a":"1"},"kind":"ConfigMap","metadata":{"labels":{},"name":"x"},"apiVersion":"v1"})"),
            R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"data":{"a":"1","b":"2"}})");
  // Go prints structs even when they are empty, numbers without omitempty, and null for lists without omitempty.
  EXPECT_EQ(canonical(core::v1::PodSpec::table(), R"({"containers":[{"name":"c","resources":{"limits":{"cpu":"1000m"}}}]})"),
            R"({"containers":[{"name":"c","resources":{"limits":{"cpu":"1"}}}]})");
  EXPECT_EQ(canonical(core::v1::PodSpec::table(), "{}"), R"({"containers":null})");
  EXPECT_EQ(canonical(core::v1::Container::table(), "{}"), R"({"name":"","resources":{}})");
  EXPECT_EQ(canonical(core::v1::ServicePort::table(), R"({"port":80})"), R"({"port":80,"targetPort":0})");
  EXPECT_EQ(canonical(core::v1::ObjectFieldSelector::table(), R"({"fieldPath":"a"})"), R"({"fieldPath":"a"})");
}

TEST(CanonicalJson, FlattensInlinedMessages) {
  EXPECT_EQ(canonical(core::v1::Volume::table(), R"({"emptyDir":{},"name":"v"})"), R"({"name":"v","emptyDir":{}})");
  EXPECT_EQ(canonical(admissionregistration::v1::NamedRuleWithOperations::table(),
                      R"({"apiGroups":["apps"],"operations":["CREATE"],"resourceNames":["x"]})"),
            R"({"resourceNames":["x"],"operations":["CREATE"],"apiGroups":["apps"]})");
}

TEST(Normalize, SpeaksAsGoAboutWrongTypes) {
  const Type& deployment = apps::v1::Deployment::table();
  EXPECT_EQ(canonical(deployment, R"({"spec":{"replicas":"3"}})"),
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32");
  EXPECT_EQ(canonical(deployment, R"({"spec":{"replicas":1.5}})"),
            "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32");
  EXPECT_EQ(canonical(deployment, R"({"spec":{"template":{"spec":{"containers":[{"name":1}]}}}})"),
            "json: cannot unmarshal number 1 into Go struct field Container.spec.template.spec.containers.name of type string");
  EXPECT_EQ(canonical(deployment, R"({"spec":[]})"),
            "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec");
  EXPECT_EQ(canonical(core::v1::ConfigMap::table(), R"({"data":{"a":1}})"),
            "json: cannot unmarshal number 1 into Go struct field ConfigMap.data.a of type string");
}

// Each is dropped in the time of one, not of all that stand behind it.
TEST(Normalize, DropsManyUnknownFields) {
  const auto begun = std::chrono::steady_clock::now();
  codec::Object members{{"data", codec::Object{{"a", "1"}}}};
  for (int i = 0; i < 200'000; ++i) members["unknown" + std::to_string(i)] = i;
  codec::Value tree = std::move(members);
  UnknownFields unknown;
  ASSERT_TRUE(normalize(core::v1::ConfigMap::table(), tree, &unknown));
  EXPECT_EQ(codec::write_json(tree), R"({"data":{"a":"1"}})");
  EXPECT_EQ(unknown.paths.size(), 100u);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
}

TEST(Normalize, NotesUnknownFields) {
  codec::Value tree = parse(R"({"spec":{"containers":[{"name":"a","nmae":"b"}],"x":null}})");
  UnknownFields unknown;
  ASSERT_TRUE(normalize(core::v1::Pod::table(), tree, &unknown).has_value());
  EXPECT_EQ(unknown.paths, (std::vector<std::string>{"spec.containers[0].nmae", "spec.x"}));
  EXPECT_EQ(codec::write_json(tree), R"({"spec":{"containers":[{"name":"a"}]}})");
}

std::string wire_hex(const Type& type, std::string_view text) {
  codec::Value tree = parse(text);
  EXPECT_TRUE(normalize(type, tree).has_value());
  std::string out;
  append_wire(type, tree, out);
  return hex_encode(out);
}

TEST(Wire, WritesWhatKubernetesWrites) {
  // Fields without presence are written when zero too; those with presence are not.
  EXPECT_EQ(wire_hex(core::v1::Toleration::table(), R"({"key":"a"})"),
            "0a0161"
            "1200"
            "1a00"
            "2200");
  // Map entries in key order.
  EXPECT_EQ(wire_hex(core::v1::ResourceRequirements::table(), R"({"limits":{"memory":"1Gi","cpu":"2"}})"),
            "0a0a"
            "0a03637075"
            "1203"
            "0a0132"
            "0a0f"
            "0a066d656d6f7279"
            "1205"
            "0a03314769");
  // int32 -1 takes ten bytes; an absent IntOrString without presence is three zeros.
  EXPECT_EQ(wire_hex(core::v1::ServicePort::table(), R"({"port":-1})"),
            "0a00"
            "1200"
            "18ffffffffffffffffff01"
            "2206080010001a00"
            "2800");
  // A time: seconds and zero nanoseconds.
  EXPECT_EQ(wire_hex(core::v1::ContainerStateRunning::table(), R"({"startedAt":"1970-01-01T00:00:01Z"})"), "0a0408011000");
  EXPECT_EQ(wire_hex(core::v1::ContainerStateRunning::table(), "{}"), "0a00");
}

TEST(Wire, ReadsPackedListsAndSkipsWhatItDoesNotKnow) {
  // supplementalGroups (4) packed as 1, 300; field 100 unknown.
  std::string bytes("\x22\x03\x01\xac\x02\xa2\x06\x01x", 9);
  Result<codec::Value> tree = tree_from_wire(core::v1::PodSecurityContext::table(), bytes);
  ASSERT_TRUE(tree.has_value()) << tree.error().message;
  EXPECT_EQ(codec::write_json(*tree), R"({"supplementalGroups":[1,300]})");
  Result<core::v1::PodSecurityContext> object = from_wire<core::v1::PodSecurityContext>(bytes);
  ASSERT_TRUE(object.has_value());
  EXPECT_EQ(object->supplementalGroups, (std::vector<std::int64_t>{1, 300}));
  EXPECT_FALSE(tree_from_wire(core::v1::PodSecurityContext::table(), std::string_view("\x22\x09", 2)).has_value());
}

TEST(Struct, HasTheMembers) {
  codec::Value tree = parse(R"({"metadata":{"name":"web","labels":{"a":"b"}},
      "spec":{"volumes":[{"name":"v","emptyDir":{"sizeLimit":"1Gi"}}],"containers":[{"name":"c","ports":[{"containerPort":80}]}],
              "terminationGracePeriodSeconds":5}})");
  Result<core::v1::Pod> pod = from_tree<core::v1::Pod>(tree);
  ASSERT_TRUE(pod.has_value()) << pod.error().message;
  EXPECT_EQ(pod->metadata.labels.at("a"), "b");
  EXPECT_EQ(pod->spec.volumes[0].volumeSource.emptyDir->sizeLimit->text(), "1Gi");
  EXPECT_EQ(pod->spec.containers[0].ports[0].containerPort, 80);
  EXPECT_EQ(pod->spec.terminationGracePeriodSeconds, 5);
  Result<core::v1::Pod> copy = from_wire<core::v1::Pod>(to_wire(*pod));
  ASSERT_TRUE(copy.has_value());
  EXPECT_EQ(*copy, *pod);
  copy->spec.containers[0].name = "d";
  EXPECT_NE(*copy, *pod);
}

}  // namespace
}  // namespace charon::schema
