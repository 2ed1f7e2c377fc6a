#include "server/object_meta.h"

#include <gtest/gtest.h>

#include <vector>

#include "codec/json.h"
#include "codec/tree.h"

namespace charon::server {
namespace {

using codec::Value;
using Texts = std::vector<std::string>;

const model::Kind& config_maps() { return *model::find_kind({"", "v1"}, "ConfigMap"); }

Value object(std::string_view meta) {
  return codec::parse_json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":)" + std::string(meta) + "}").value();
}

Texts texts_of(const schema::FieldErrors& errors) {
  Texts texts;
  for (const schema::FieldError& error : errors) texts.push_back(schema::field_error_text(error));
  return texts;
}

Texts owner_errors(std::string_view references) {
  schema::FieldErrors errors;
  validate_meta(config_maps(), object(R"({"name":"a","namespace":"n","ownerReferences":)" + std::string(references) + "}"),
                errors);
  return texts_of(errors);
}

Texts update_errors(std::string_view before, std::string_view after) {
  schema::FieldErrors errors;
  validate_meta_update(object(after), object(before), errors);
  return texts_of(errors);
}

TEST(OwnerReferences, NameOneObjectOfOneVersion) {
  const std::string path = "metadata.ownerReferences";
  EXPECT_EQ(owner_errors("[]"), Texts{});
  EXPECT_EQ(owner_errors(R"([{"apiVersion":"v1","kind":"Pod","name":"p","uid":"1"},
                             {"apiVersion":"apps/v1","kind":"ReplicaSet","name":"r","uid":"2","controller":true}])"),
            Texts{});
  EXPECT_EQ(owner_errors("[{}]"), (Texts{path + R"(.apiVersion: Invalid value: "": version must not be empty)",
                                         path + R"(.kind: Invalid value: "": must not be empty)",
                                         path + R"(.name: Invalid value: "": must not be empty)",
                                         path + R"(.uid: Invalid value: "": must not be empty)"}));
  for (std::string version : {"apps/", "a/b/c", "/"})
    EXPECT_EQ(owner_errors(R"([{"apiVersion":")" + version + R"(","kind":"Pod","name":"p","uid":"1"}])"),
              Texts{path + ".apiVersion: Invalid value: \"" + version + "\": version must not be empty"});
}

TEST(OwnerReferences, HaveOneControllerAtMost) {
  constexpr std::string_view kTwo = R"([{"apiVersion":"v1","kind":"Pod","name":"p","uid":"1","controller":true},)"
                                    R"({"apiVersion":"v1","kind":"Pod","name":"q","uid":"2","controller":false},)"
                                    R"({"apiVersion":"apps/v1","kind":"ReplicaSet","name":"r","uid":"3","controller":true}])";
  EXPECT_EQ(owner_errors(kTwo), Texts{"metadata.ownerReferences: Invalid value: " + std::string(kTwo) +
                                      ": Only one reference can have Controller set to true. Found \"true\" in references for "
                                      "Pod/p and ReplicaSet/r"});
}

TEST(OwnerReferences, AreNotToEventsOfTheCoreGroup) {
  constexpr std::string_view kEvent = R"({"apiVersion":"v1","kind":"Event","name":"e","uid":"1"})";
  EXPECT_EQ(owner_errors("[" + std::string(kEvent) + "]"),
            Texts{"metadata.ownerReferences: Invalid value: " + std::string(kEvent) +
                  ": /v1, Kind=Event is disallowed from being an owner"});
  EXPECT_EQ(owner_errors(R"([{"apiVersion":"events.k8s.io/v1","kind":"Event","name":"e","uid":"1"}])"), Texts{});
}

TEST(MetaUpdate, WhatSaysWhichObjectItIsStays) {
  constexpr std::string_view kBefore =
      R"({"name":"a","namespace":"n","uid":"u","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"a":"b"}})";
  struct Case {
    std::string_view after;
    Texts errors;
  };
  const Case cases[] = {
      {R"({"name":"a","namespace":"n","uid":"u","creationTimestamp":"2026-01-01T00:00:00Z","deletionTimestamp":null})", {}},
      {R"({"name":"b","namespace":"n","uid":"u","creationTimestamp":"2026-01-01T00:00:00Z"})",
       {R"(metadata.name: Invalid value: "b": field is immutable)"}},
      {R"({"namespace":"m","uid":"v","creationTimestamp":"2026-01-01T00:00:01Z","deletionTimestamp":"2026-01-01T00:00:02Z",
           "deletionGracePeriodSeconds":3})",
       {R"(metadata.name: Invalid value: "": field is immutable)",
        R"(metadata.namespace: Invalid value: "m": field is immutable)",
        R"(metadata.uid: Invalid value: "v": field is immutable)",
        R"(metadata.creationTimestamp: Invalid value: "2026-01-01T00:00:01Z": field is immutable)",
        R"(metadata.deletionTimestamp: Invalid value: "2026-01-01T00:00:02Z": field is immutable)",
        "metadata.deletionGracePeriodSeconds: Invalid value: 3: field is immutable"}},
  };
  for (const Case& each : cases) EXPECT_EQ(update_errors(kBefore, each.after), each.errors) << each.after;
}

TEST(CheckKey, AnObjectIsStoredAsItself) {
  const Value mine = object(R"({"name":"a","namespace":"n"})");
  EXPECT_TRUE(check_key(mine, {"n", "a"}));
  for (const model::ObjectKey& key : {model::ObjectKey{"n", "b"}, model::ObjectKey{"m", "a"}, model::ObjectKey{"", "a"}}) {
    auto checked = check_key(mine, key);
    ASSERT_FALSE(checked) << key.text();
    EXPECT_EQ(checked.error().reason, Reason::InternalError);
  }
  EXPECT_TRUE(check_key(object(R"({"name":"a"})"), {"", "a"}));
}

}  // namespace
}  // namespace charon::server
