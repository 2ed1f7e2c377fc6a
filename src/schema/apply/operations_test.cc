#include "schema/apply/operations.h"

#include <gtest/gtest.h>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "codec/json.h"
#include "codec/tree.h"

namespace charon::schema::apply {
namespace {

using codec::Value;

Value json(std::string_view text) {
  Result<Value> value = codec::parse_json(text);
  EXPECT_TRUE(value) << text;
  return value.value_or(Value());
}
std::string text(const FieldSet& fields) { return codec::write_json(fields.to_fields_v1()); }

const Type& pod() { return core::v1::Pod::table(); }
const Type& deployment() { return apps::v1::Deployment::table(); }
const Type& service() { return core::v1::Service::table(); }

struct SetCase {
  const char* name;
  const char* tree;
  const char* fields;
};

constexpr SetCase kSets[] = {
    {"labels are granular", R"({"metadata":{"labels":{"a":"1","b":"2"}}})",
     R"({"f:metadata":{"f:labels":{"f:a":{},"f:b":{}}}})"},
    {"an atomic map is one field", R"({"spec":{"nodeSelector":{"a":"1"}}})", R"({"f:spec":{"f:nodeSelector":{}}})"},
    {"containers by name", R"({"spec":{"containers":[{"name":"b","image":"x"},{"name":"a"}]}})",
     R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:name":{}},"k:{\"name\":\"b\"}":{".":{},"f:image":{},"f:name":{}}}}})"},
    {"ports by port and defaulted protocol", R"({"spec":{"containers":[{"name":"a","ports":[{"containerPort":80}]}]}})",
     R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:name":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}}}}}})"},
    {"an atomic list is one field", R"({"spec":{"tolerations":[{"key":"a"}]}})", R"({"f:spec":{"f:tolerations":{}}})"},
    {"sets by value", R"({"metadata":{"finalizers":["b","a"]}})",
     R"({"f:metadata":{"f:finalizers":{"v:\"a\"":{},"v:\"b\"":{}}}})"},
    {"an atomic object in a list map", R"({"metadata":{"ownerReferences":[{"uid":"u","name":"n"}]}})",
     R"({"f:metadata":{"f:ownerReferences":{"k:{\"uid\":\"u\"}":{}}}})"},
    {"an atomic object",
     R"({"spec":{"containers":[{"name":"a","env":[{"name":"E","valueFrom":{"fieldRef":{"fieldPath":"x"}}}]}]}})",
     R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:env":{"k:{\"name\":\"E\"}":{".":{},"f:name":{},"f:valueFrom":{"f:fieldRef":{}}}},"f:name":{}}}}})"},
    {"empty objects and nulls are fields", R"({"spec":{"securityContext":{},"nodeName":null}})",
     R"({"f:spec":{"f:nodeName":{},"f:securityContext":{}}})"},
    {"namesakes are one leaf", R"({"spec":{"containers":[{"name":"a","image":"x"},{"name":"a","image":"y"}]}})",
     R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{}}}})"},
};

TEST(FieldSetOf, TreesOfPods) {
  for (const SetCase& one : kSets) EXPECT_EQ(text(field_set_of(pod(), json(one.tree))), one.fields) << one.name;
}

TEST(Compare, ACreateIsWhatGoPrints) {
  Comparison found = compare(deployment(), json("{}"), json(R"({"metadata":{"name":"web","labels":{"app":"web"}},
      "spec":{"replicas":1,"selector":{"matchLabels":{"app":"web"}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%"}},
        "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"i","resources":{}}],
          "volumes":[{"name":"v","emptyDir":{}}],"hostNetwork":false,"terminationGracePeriodSeconds":30}}}})"),
                             View::Typed);
  // Lists and objects without omitempty are there before: no "." for spec, containers, strategy, template.metadata.
  EXPECT_EQ(text(found.added),
            R"({"f:metadata":{"f:labels":{".":{},"f:app":{}},"f:name":{}},)"
            R"("f:spec":{"f:replicas":{},"f:strategy":{"f:rollingUpdate":{".":{},"f:maxSurge":{}},"f:type":{}},)"
            R"("f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":)"
            R"({".":{},"f:image":{},"f:name":{},"f:resources":{}}},"f:terminationGracePeriodSeconds":{},)"
            R"("f:volumes":{".":{},"k:{\"name\":\"v\"}":{".":{},"f:emptyDir":{},"f:name":{}}}}}}})");
  EXPECT_EQ(text(found.modified), R"({"f:spec":{"f:selector":{}}})");  // was null
  EXPECT_TRUE(found.removed.empty()) << text(found.removed);
}

TEST(Compare, WhatGoLeavesOutIsNoDifference) {
  Value stored = json(R"({"metadata":{},"spec":{"containers":[{"name":"a","resources":{}}],"hostNetwork":false}})");
  Value given = json(R"({"spec":{"containers":[{"name":"a"}]}})");
  EXPECT_TRUE(compare(pod(), stored, given, View::Typed).empty());
  EXPECT_FALSE(compare(pod(), stored, given, View::Raw).empty());
}

TEST(Compare, AddedModifiedRemoved) {
  Comparison found = compare(
      pod(),
      json(
          R"({"metadata":{"labels":{"a":"1","b":"2"}},"spec":{"tolerations":[{"key":"x"}],"containers":[{"name":"a","image":"1"},{"name":"b"}]}})"),
      json(
          R"({"metadata":{"labels":{"b":"3","c":"4"}},"spec":{"tolerations":[{"key":"y"}],"containers":[{"name":"c"},{"name":"a","image":"2"}]}})"),
      View::Raw);
  EXPECT_EQ(text(found.added),
            R"({"f:metadata":{"f:labels":{"f:c":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:name":{}}}}})");
  EXPECT_EQ(
      text(found.modified),
      R"({"f:metadata":{"f:labels":{"f:b":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{"f:image":{}}},"f:tolerations":{}}})");
  EXPECT_EQ(text(found.removed),
            R"({"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"b\"}":{".":{},"f:name":{}}}}})");
}

TEST(Compare, NamesakesAreOneLeaf) {
  Value twice = json(R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"a","image":"2"}]}})");
  Value once = json(R"({"spec":{"containers":[{"name":"a","image":"1"}]}})");
  EXPECT_TRUE(compare(pod(), twice, twice, View::Raw).empty());
  EXPECT_EQ(text(compare(pod(), once, twice, View::Raw).added), R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{}}}})");
  EXPECT_EQ(text(compare(pod(), twice, once, View::Raw).removed), R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{}}}})");
}

struct MergeCase {
  const char* name;
  const char* object;
  const char* config;
  const char* merged;
};

constexpr MergeCase kMerges[] = {
    {"granular maps join", R"({"metadata":{"labels":{"a":"1"}}})", R"({"metadata":{"labels":{"b":"2"}}})",
     R"({"metadata":{"labels":{"a":"1","b":"2"}}})"},
    {"atomic maps are replaced", R"({"spec":{"nodeSelector":{"a":"1"}}})", R"({"spec":{"nodeSelector":{"b":"2"}}})",
     R"({"spec":{"nodeSelector":{"b":"2"}}})"},
    {"atomic lists are replaced", R"({"spec":{"tolerations":[{"key":"a"}]}})", R"({"spec":{"tolerations":[{"key":"b"}]}})",
     R"({"spec":{"tolerations":[{"key":"b"}]}})"},
    {"elements join by key", R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b"}]}})",
     R"({"spec":{"containers":[{"name":"b","image":"2"},{"name":"c"}]}})",
     R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"},{"name":"c"}]}})"},
    {"the order of the configuration counts", R"({"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}})",
     R"({"spec":{"containers":[{"name":"c"},{"name":"a"}]}})",
     R"({"spec":{"containers":[{"name":"b"},{"name":"c"},{"name":"a"}]}})"},
    {"sets join", R"({"metadata":{"finalizers":["a","b"]}})", R"({"metadata":{"finalizers":["c","b"]}})",
     R"({"metadata":{"finalizers":["a","c","b"]}})"},
    {"null replaces a leaf", R"({"spec":{"nodeName":"n"}})", R"({"spec":{"nodeName":null}})", R"({"spec":{"nodeName":null}})"},
    {"null leaves a granular map", R"({"metadata":{"labels":{"a":"1"}}})", R"({"metadata":{"labels":null}})",
     R"({"metadata":{"labels":{"a":"1"}}})"},
    {"into nothing", R"({})", R"({"spec":{"containers":[{"name":"a"}]}})", R"({"spec":{"containers":[{"name":"a"}]}})"},
};

TEST(Merge, Pods) {
  for (const MergeCase& one : kMerges) {
    Value object = json(one.object);
    merge(pod(), object, json(one.config));
    EXPECT_EQ(codec::write_json(object), one.merged) << one.name;
  }
}

TEST(Remove, MembersWithWhatIsBelow) {
  Value object = json(
      R"({"metadata":{"labels":{"a":"1","b":"2"},"annotations":{"x":"y"}},"spec":{"containers":[{"name":"a","image":"i"},{"name":"b"}]}})");
  auto fields = FieldSet::from_fields_v1(json(
      R"({"f:metadata":{"f:labels":{"f:a":{}},"f:annotations":{"f:x":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"b\"}":{}}}})"));
  remove_items(pod(), object, *fields);
  EXPECT_EQ(codec::write_json(object),
            R"({"metadata":{"labels":{"b":"2"},"annotations":null},"spec":{"containers":[{"name":"a","image":"i"}]}})");
}

TEST(Extract, WhatASetHas) {
  Value object = json(
      R"({"metadata":{"labels":{"a":"1","b":"2"}},"spec":{"replicas":3,"template":{"spec":{"containers":[{"name":"a","image":"i"}]}}}})");
  auto fields = FieldSet::from_fields_v1(json(R"({"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:replicas":{}}})"));
  EXPECT_EQ(codec::write_json(extract(deployment(), object, *fields)),
            R"({"metadata":{"labels":{"a":"1"}},"spec":{"replicas":3}})");
}

struct CheckCase {
  const char* config;
  const char* error;
};

constexpr CheckCase kChecks[] = {
    {R"({"spec":{"foo":1}})", ".spec.foo: field not declared in schema"},
    {R"({"spec":{"replicas":"x"}})", ".spec.replicas: expected numeric (int or float), got string"},
    {R"({"spec":{"paused":"x"}})", ".spec.paused: expected boolean, got &{x}"},
    {R"({"metadata":{"labels":{"a":1}}})", ".metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}"},
    {R"({"spec":{"template":{"spec":{"containers":[{"name":"a","x":1}]}}}})",
     R"(.spec.template.spec.containers[name="a"].x: field not declared in schema)"},
    {R"({"spec":{"template":{"spec":{"containers":[{"name":"a"},{"name":"a"}]}}}})",
     R"(.spec.template.spec.containers: duplicate entries for key [name="a"])"},
    {R"({"spec":{"template":{"spec":{"containers":{}}}}})", ".spec.template.spec.containers: expected list, got &{{}}"},
    {R"({"spec":{"a":1,"b":2}})", "errors:\n  .spec.a: field not declared in schema\n  .spec.b: field not declared in schema"},
};

TEST(Check, ErrorsOfConfigurations) {
  for (const CheckCase& one : kChecks) {
    auto checked = check(deployment(), json(one.config));
    ASSERT_FALSE(checked) << one.config;
    EXPECT_EQ(checked.error().message, one.error);
    EXPECT_EQ(checked.error().reason, Reason::Unknown);
  }
  EXPECT_TRUE(
      check(service(),
            json(R"({"apiVersion":"v1","kind":"Service","spec":{"ports":[{"port":80,"targetPort":"x"}],"selector":null}})")));
}

}  // namespace
}  // namespace charon::schema::apply
