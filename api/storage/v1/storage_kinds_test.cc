#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::storage::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

struct Case {
  std::string json;
  Texts errors;
};

TEST(StorageKinds, ClassesKeepWhatVolumesWereMadeBy) {
  KindForTest classes("storage.k8s.io", "v1", "StorageClass");
  constexpr std::string_view kBefore = R"({"metadata":{"name":"c"},"provisioner":"p","parameters":{"a":"b"}})";
  EXPECT_EQ(classes.update_errors(kBefore, R"({"metadata":{"name":"c"},"provisioner":"q","reclaimPolicy":"Retain",
      "volumeBindingMode":"WaitForFirstConsumer"})"),
            (Texts{"volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable",
                   "parameters: Forbidden: updates to parameters are forbidden.",
                   "provisioner: Forbidden: updates to provisioner are forbidden.",
                   "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden."}));
  EXPECT_EQ(classes.update_errors(kBefore, R"({"metadata":{"name":"c"},"provisioner":"p","parameters":{"a":"b"},
      "allowVolumeExpansion":true})"),
            Texts{});
  std::string long_value(256 << 10, 'x');
  EXPECT_EQ(classes.errors(R"({"metadata":{"name":"c"},"provisioner":"p","parameters":{"":")" + long_value + R"("}})"),
            (Texts{"parameters: Invalid value: \"\": field can not be empty."}));
  EXPECT_EQ(classes.errors(R"({"metadata":{"name":"c"},"provisioner":"p","parameters":{"a":")" + long_value + R"("}})"),
            (Texts{"parameters: Too long: may not be more than 262144 bytes"}));
}

TEST(StorageKinds, AttributesClasses) {
  KindForTest classes("storage.k8s.io", "v1", "VolumeAttributesClass");
  constexpr std::string_view kGood = R"({"metadata":{"name":"c"},"driverName":"d.example.com","parameters":{"iops":"1"}})";
  EXPECT_EQ(classes.errors(kGood), Texts{});
  EXPECT_EQ(classes.errors(R"({"metadata":{"name":"c"}})"),
            (Texts{"driverName: Required value", "parameters: Required value: must contain at least one key/value pair"}));
  EXPECT_EQ(classes.update_errors(kGood, R"({"metadata":{"name":"c"},"driverName":"e","parameters":{"iops":"2"}})"),
            (Texts{"driverName: Forbidden: updates to driverName are forbidden.",
                   "parameters: Forbidden: updates to parameters are forbidden."}));
}

TEST(StorageKinds, Drivers) {
  KindForTest drivers("storage.k8s.io", "v1", "CSIDriver");
  auto of = [](std::string_view spec) { return R"({"metadata":{"name":"d.example.com"},"spec":)" + std::string(spec) + "}"; };
  const Case cases[] = {
      {of("{}"), {}},
      {of(R"({"tokenRequests":[{"audience":"a"},{"audience":"b","expirationSeconds":600}]})"), {}},
      {of(R"({"fsGroupPolicy":"Some","volumeLifecycleModes":["Lasting"],"nodeAllocatableUpdatePeriodSeconds":9})"),
       {"spec.fsGroupPolicy: Unsupported value: \"Some\": supported values: \"File\", \"None\", "
        "\"ReadWriteOnceWithFSType\"",
        "spec.volumeLifecycleModes: Unsupported value: \"Lasting\": supported values: \"Persistent\", \"Ephemeral\"",
        "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds"}},
      {of(R"({"tokenRequests":[{"audience":"a","expirationSeconds":599},{"audience":"a"},
          {"audience":"b","expirationSeconds":4294967297}]})"),
       {"spec.tokenRequests[0].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes",
        "spec.tokenRequests[1].audience: Duplicate value: \"a\"",
        "spec.tokenRequests[2].expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 "
        "seconds"}},
      {R"({"metadata":{"name":")" + std::string(64, 'd') + R"("},"spec":{}})",
       {"name: Too long: may not be more than 63 bytes"}},
  };
  for (const Case& each : cases) EXPECT_EQ(drivers.errors(each.json), each.errors) << each.json;
  EXPECT_EQ(drivers.update_errors(of("{}"), of(R"({"attachRequired":false,"podInfoOnMount":true,
      "volumeLifecycleModes":["Ephemeral"]})")),
            (Texts{"spec.attachedRequired: Invalid value: false: field is immutable",
                   "spec.volumeLifecycleModes: Invalid value: [\"Ephemeral\"]: field is immutable"}));
}

TEST(StorageKinds, DriversOfNodes) {
  KindForTest nodes("storage.k8s.io", "v1", "CSINode");
  auto of = [](std::string_view drivers) {
    return R"({"metadata":{"name":"n"},"spec":{"drivers":[)" + std::string(drivers) + "]}}";
  };
  constexpr std::string_view kDriver =
      R"({"name":"d.example.com","nodeID":"n-1","topologyKeys":["example.com/zone"],"allocatable":{"count":4}})";
  EXPECT_EQ(nodes.errors(of(kDriver)), Texts{});
  EXPECT_EQ(nodes.errors(of(std::string(kDriver) + "," + std::string(kDriver))),
            Texts{"spec.drivers[1].name: Duplicate value: \"d.example.com\""});
  EXPECT_EQ(nodes.errors(of(R"({"name":"d","allocatable":{"count":-1},"topologyKeys":["a","a",""]})")).size(), 6);
  EXPECT_EQ(nodes.errors(of(R"({"name":"d","nodeID":")" + std::string(193, 'i') + R"(","topologyKeys":["a","a"]})")),
            (Texts{"spec.drivers[0].nodeID: Invalid value: \"" + std::string(193, 'i') + "\": must be 192 characters or less",
                   "spec.drivers[0]: Duplicate value: \"a\""}));
  EXPECT_EQ(nodes.update_errors(of(kDriver), of(R"({"name":"d.example.com","nodeID":"n-1","topologyKeys":["example.com/zone"],
      "allocatable":{"count":5}})")),
            Texts{});
  EXPECT_EQ(nodes.update_errors(of(kDriver), of("")), Texts{});
  Texts changed = nodes.update_errors(of(kDriver), of(R"({"name":"d.example.com","nodeID":"n-2"})"));
  ASSERT_EQ(changed.size(), 1);
  EXPECT_TRUE(changed[0].starts_with("CSINodeDriver: Invalid value: ") && changed[0].ends_with(": field is immutable"))
      << changed[0];
}

TEST(StorageKinds, Attachments) {
  KindForTest attachments("storage.k8s.io", "v1", "VolumeAttachment");
  auto of = [](std::string_view spec, std::string_view status = "{}") {
    return R"({"metadata":{"name":"a"},"spec":)" + std::string(spec) + R"(,"status":)" + std::string(status) + "}";
  };
  constexpr std::string_view kGood = R"({"attacher":"d.example.com","nodeName":"n","source":{"persistentVolumeName":"v"}})";
  constexpr std::string_view kOne = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  const std::string at = "spec.source.inlineVolumeSpec";
  const std::string kNotHere = "may not be specified in the context of inline volumes";
  const Case cases[] = {
      {of(kGood), {}},
      {of(R"({"attacher":"d","nodeName":"n","source":{}})"), {"spec.source: Required value: " + std::string(kOne)}},
      {of(R"({"attacher":"d","nodeName":"n","source":{"persistentVolumeName":"v",
          "inlineVolumeSpec":{"accessModes":["ReadWriteOnce"]}}})"),
       {"spec.source: Forbidden: " + std::string(kOne)}},
      {of(R"({"attacher":"d","nodeName":"n","source":{"inlineVolumeSpec":{"accessModes":["ReadWriteOnce"],
          "persistentVolumeReclaimPolicy":"Retain","volumeMode":"Filesystem",
          "csi":{"driver":"d.example.com","volumeHandle":"h"}}}})"),
       {}},
      {of(R"({"attacher":"d","nodeName":"n","source":{"inlineVolumeSpec":{"accessModes":["ReadWriteOnce"]}}})"),
       {at + ".csi: Required value: has to be specified in the context of inline volumes",
        at + ": Required value: must specify a volume type"}},
      {of(R"({"attacher":"d","nodeName":"n","source":{"inlineVolumeSpec":{"accessModes":["ReadWriteOnce"],
          "capacity":{"storage":"1Gi"},"claimRef":{"name":"c"},"persistentVolumeReclaimPolicy":"Delete","volumeMode":"Block",
          "storageClassName":"fast","nodeAffinity":{"required":{"nodeSelectorTerms":[{}]}},
          "csi":{"driver":"d.example.com","volumeHandle":"h"},"nfs":{"server":"s","path":"/p"}}}})"),
       {at + ".claimRef: Forbidden: " + kNotHere, at + ".capacity: Forbidden: " + kNotHere,
        at + ".persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes",
        at + ".nodeAffinity: Forbidden: " + kNotHere, at + ".nfs: Forbidden: may not specify more than 1 volume type",
        at + ".storageClassName: Forbidden: " + kNotHere,
        at + ".volumeMode: Forbidden: may not specify volumeMode other than Filesystem in the context of inline volumes"}},
      {of(kGood, R"({"attached":true,"attachError":{"message":")" + std::string(1025, 'm') + R"("}})"),
       {"status.attachError.message: Too long: may not be more than 1024 bytes"}},
  };
  for (const Case& each : cases) EXPECT_EQ(attachments.errors(each.json), each.errors) << each.json;
  Texts changed = attachments.update_errors(of(kGood), of(R"({"attacher":"d","nodeName":"m",
      "source":{"persistentVolumeName":"v"}})"));
  ASSERT_EQ(changed.size(), 1);
  EXPECT_TRUE(changed[0].starts_with("spec: Invalid value: ") && changed[0].ends_with(": field is immutable")) << changed[0];
}

TEST(StorageKinds, Capacities) {
  KindForTest capacities("storage.k8s.io", "v1", "CSIStorageCapacity");
  constexpr std::string_view kGood =
      R"({"metadata":{"name":"c"},"storageClassName":"fast","nodeTopology":{"matchLabels":{"zone":"a"}},"capacity":"1Gi"})";
  EXPECT_EQ(capacities.errors(kGood), Texts{});
  EXPECT_EQ(
      capacities.errors(R"({"metadata":{"name":"c"},"storageClassName":"fast","capacity":"-1","maximumVolumeSize":"-2"})"),
      (Texts{"capacity: Invalid value: \"-1\": must be greater than or equal to 0",
             "maximumVolumeSize: Invalid value: \"-2\": must be greater than or equal to 0"}));
  EXPECT_EQ(capacities.update_errors(kGood, R"({"metadata":{"name":"c"},"storageClassName":"slow","capacity":"2Gi",
      "nodeTopology":{"matchLabels":{"zone":"a"}}})"),
            Texts{"storageClassName: Invalid value: \"slow\": field is immutable"});
}

}  // namespace
}  // namespace charon::storage::v1
