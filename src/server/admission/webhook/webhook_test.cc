#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "api/autoscaling/v2/types.h"
#include "api/core/v1/types.h"
#include "base/bytes.h"
#include "rt/timeout.h"
#include "server/admission/namespace_lifecycle/namespace_lifecycle.h"
#include "server/admission/webhook/review.h"
#include "server/admission/webhook/webhooks.h"
#include "server/eviction/eviction.h"
#include "server/server_for_test.h"
#include "server/status.h"
#include "server/webhook/hooks_for_test.h"

namespace charon::server {
namespace {

using codec::Value;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class WebhookTest : public testing::Test {
 protected:
  WebhookTest() {
    must(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default","labels":{"team":"a"}}})");
    hooks_.answer("/allow", [](const Value& request) { return Hooks::review(request, R"("allowed":true)"); });
    hooks_.answer("/deny", [](const Value& request) {
      return Hooks::review(request, R"("allowed":false,"status":{"message":"no such thing here"})");
    });
  }

  DocumentPtr must(std::string_view json) {
    auto created = server_.create(json);
    EXPECT_TRUE(created) << created.error().message;
    return created ? *created : nullptr;
  }
  Error error(std::string_view json) {
    auto created = server_.create(json);
    EXPECT_FALSE(created);
    return created ? Error{} : created.error();
  }
  static std::string map_json(std::string_view name, std::string_view more = "") {
    return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"default","name":")" + std::string(name) + "\"" +
           std::string(more) + R"(},"data":{"a":"1"}})";
  }
  // One webhook on creations and updates of config maps; `members` replace and add.
  std::string hook(std::string_view name, std::string_view path, std::string_view members = "") const {
    std::string rules(
        R"("rules":[{"operations":["CREATE","UPDATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}])");
    std::string client = R"("clientConfig":{"url":"https://10.0.0.9:8443)" + std::string(path) + R"(","caBundle":")" +
                         base64_encode(hooks_.authority.ca_pem()) + "\"}";
    std::string text = R"({"name":")" + std::string(name) + R"(","sideEffects":"None","admissionReviewVersions":["v1"])";
    if (members.find("\"rules\"") == std::string_view::npos) text += "," + rules;
    if (members.find("\"clientConfig\"") == std::string_view::npos) text += "," + client;
    if (!members.empty()) text += "," + std::string(members);
    return text + "}";
  }
  void configure(std::string_view kind, std::string_view name, const std::vector<std::string>& hooks) {
    std::string list;
    for (const std::string& each : hooks) list += (list.empty() ? "" : ",") + each;
    must(R"({"apiVersion":"admissionregistration.k8s.io/v1","kind":")" + std::string(kind) +
         R"(WebhookConfiguration","metadata":{"name":")" + std::string(name) + R"("},"webhooks":[)" + list + "]}");
  }

  ServerForTest server_{[this](Caches& caches) {
    std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
    plugins.push_back(make_namespace_lifecycle(caches));
    auto dispatch = std::make_shared<WebhookDispatch>(server_.loop, server_.net, server_.random, caches, server_.metrics);
    plugins.push_back(make_mutating_webhooks(dispatch));
    plugins.push_back(make_validating_webhooks(dispatch));
    return plugins;
  }};
  Hooks hooks_{server_.loop, server_.net, rt::Address::tcp("10.0.0.9", 8443), "IP:10.0.0.9,DNS:hook.default.svc"};
};

TEST_F(WebhookTest, AValidatingWebhookSeesTheObjectAndTheUser) {
  configure("Validating", "check", {hook("check.example.com", "/allow")});
  must(map_json("one"));
  ASSERT_EQ(hooks_.asked.size(), 1u);
  const Value& request = hooks_.asked[0];
  EXPECT_EQ(codec::write_json(request.at("kind")), R"({"group":"","version":"v1","kind":"ConfigMap"})");
  EXPECT_EQ(codec::write_json(request.at("resource")), R"({"group":"","version":"v1","resource":"configmaps"})");
  EXPECT_EQ(codec::string_at(request, "operation"), "CREATE");
  EXPECT_EQ(codec::string_at(request, "name"), "one");
  EXPECT_EQ(codec::string_at(request, "namespace"), "default");
  EXPECT_EQ(codec::write_json(request.at("userInfo")), R"({"username":"admin","groups":["system:masters"]})");
  EXPECT_EQ(codec::string_at_path(request, {"object", "data", "a"}), "1");
  EXPECT_TRUE(request.at("oldObject").is_null());
  EXPECT_EQ(codec::bool_at(request, "dryRun"), false);
  EXPECT_EQ(codec::write_json(request.at("options")), R"({"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"})");
  EXPECT_THAT(hooks_.queries, ElementsAre("timeout=10s"));
  EXPECT_THAT(server_.metrics.expose(),
              HasSubstr("apiserver_admission_webhook_request_total{name=\"check.example.com\",type=\"validating\","
                        "operation=\"CREATE\",code=\"200\",rejected=\"false\"} 1"));
}

TEST_F(WebhookTest, ADenialCarriesTheWebhooksWordsCodeAndReason) {
  configure("Validating", "check", {hook("check.example.com", "/deny")});
  Value status = status_of(error(map_json("one")));
  EXPECT_EQ(codec::string_at(status, "message"),
            "admission webhook \"check.example.com\" denied the request: no such thing here");
  EXPECT_EQ(codec::int_at(status, "code"), 400);
  EXPECT_EQ(codec::find(status, "reason"), nullptr);
  hooks_.answer("/deny", [](const Value& request) {
    return Hooks::review(request, R"("allowed":false,"status":{"code":451,"reason":"LegalReasons"})");
  });
  status = status_of(error(map_json("one")));
  EXPECT_EQ(codec::string_at(status, "message"), "admission webhook \"check.example.com\" denied the request: LegalReasons");
  EXPECT_EQ(codec::int_at(status, "code"), 451);
  EXPECT_EQ(codec::string_at(status, "reason"), "LegalReasons");
  hooks_.answer("/deny", [](const Value& request) { return Hooks::review(request, R"("allowed":false)"); });
  EXPECT_EQ(error(map_json("one")).message, "admission webhook \"check.example.com\" denied the request without explanation");
  EXPECT_THAT(server_.metrics.expose(),
              HasSubstr("apiserver_admission_webhook_rejection_count{name=\"check.example.com\",type=\"validating\","
                        "operation=\"CREATE\",error_type=\"no_error\",rejection_code=\"451\"} 1"));
}

TEST_F(WebhookTest, AMutatedObjectIsPrunedAndDefaultedAndKeepsWhatTheServerSets) {
  hooks_.answer("/mutate", [](const Value& request) {
    return Hooks::patch(request, R"([{"op":"add","path":"/data/b","value":"2"},{"op":"add","path":"/bogus","value":7},
                                     {"op":"add","path":"/metadata/labels","value":{"by":"hook"}},
                                     {"op":"replace","path":"/metadata/uid","value":"mine"}])");
  });
  configure("Mutating", "change", {hook("change.example.com", "/mutate")});
  auto made = must(map_json("one"));
  Value tree = made->tree();
  EXPECT_EQ(codec::write_json(tree.at("data")), R"({"a":"1","b":"2"})");
  EXPECT_EQ(codec::find(tree, "bogus"), nullptr);
  EXPECT_EQ(codec::string_at_path(tree, {"metadata", "labels", "by"}), "hook");
  EXPECT_NE(made->uid(), "mine");
}

TEST_F(WebhookTest, AWebhookMayNotMakeAnInvalidObject) {
  hooks_.answer("/mutate", [](const Value& request) {
    return Hooks::patch(request, R"([{"op":"add","path":"/metadata/labels","value":{"no good!":"x"}}])");
  });
  configure("Mutating", "change", {hook("change.example.com", "/mutate")});
  EXPECT_EQ(error(map_json("one")).reason, Reason::Invalid);
  hooks_.answer("/mutate",
                [](const Value& request) { return Hooks::patch(request, R"([{"op":"remove","path":"/nothing"}])"); });
  EXPECT_THAT(error(map_json("one")).message, HasSubstr("Internal error occurred: "));
  hooks_.answer("/mutate", [](const Value& request) {
    return Hooks::patch(request, R"([{"op":"replace","path":"/data","value":"text"}])");
  });
  EXPECT_THAT(error(map_json("one")).message, HasSubstr("Internal error occurred: "));
}

// Who changes an object cannot make another one of it, whatever way it is written.
TEST_F(WebhookTest, TheNameOfAnObjectStaysOnUpdates) {
  constexpr std::string_view kPod = R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"one"},
      "spec":{"containers":[{"name":"c","image":"i"}]}})";
  must(map_json("one"));
  must(map_json("two"));
  must(kPod);
  const Revision before = server_.get("ConfigMap", {"default", "one"})->revision();
  std::string name = "\"two\"";
  hooks_.answer("/rename", [&name](const Value& request) {
    return Hooks::patch(request, R"([{"op":"add","path":"/metadata/name","value":)" + name + "}]");
  });
  configure(
      "Mutating", "change",
      {hook(
          "change.example.com", "/rename",
          R"("rules":[{"operations":["UPDATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps","pods/status"]}])")});
  auto message = [](const auto& written) { return written ? std::string("written") : written.error().message; };
  const std::string refused = "ConfigMap \"two\" is invalid: metadata.name: Invalid value: \"two\": field is immutable";
  const model::Kind& maps = *model::find_kind({"", "v1"}, "ConfigMap");
  const ObjectKey one{"default", "one"};
  EXPECT_EQ(message(server_.update(codec::parse_json(map_json("one", R"(,"labels":{"a":"b"})")).value())), refused);
  EXPECT_EQ(message(server_.patch_as("me", maps, one, client::PatchType::Merge, R"({"data":{"a":"2"}})")), refused);
  EXPECT_EQ(message(server_.apply_as("me", map_json("one", R"(,"labels":{"c":"d"})"))), refused);
  name = "null";
  EXPECT_THAT(message(server_.update(codec::parse_json(map_json("one", R"(,"labels":{"a":"b"})")).value())),
              HasSubstr("metadata.name: Invalid value: \"\": field is immutable"));
  name = "\"two\"";
  // A status has no name of its own.
  auto status = server_.update_as("me", codec::parse_json(kPod).value(), "status");
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ((*status)->key().name, "one");
  EXPECT_EQ(hooks_.asked.size(), 5u);
  EXPECT_EQ(server_.get("ConfigMap", one)->revision(), before);
  EXPECT_EQ(codec::string_at_path(server_.get("ConfigMap", {"default", "two"})->tree(), {"data", "a"}), "1");
}

TEST_F(WebhookTest, AnObjectKeepsItsNamespaceAndItsUid) {
  must(map_json("one"));
  std::string patch;
  hooks_.answer("/move", [&patch](const Value& request) { return Hooks::patch(request, patch); });
  configure("Mutating", "change", {hook("change.example.com", "/move")});
  auto changed = [this] { return server_.update(codec::parse_json(map_json("one", R"(,"labels":{"a":"b"})")).value()); };
  const std::string moved = "the namespace of the provided object does not match the namespace sent on the request";
  patch = R"([{"op":"replace","path":"/metadata/namespace","value":"kube-system"}])";
  Error refused = error(map_json("two"));
  EXPECT_EQ(refused.reason, Reason::BadRequest);
  EXPECT_EQ(refused.message, moved);
  auto updated = changed();
  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().reason, Reason::BadRequest);
  EXPECT_EQ(updated.error().message, moved);
  patch = R"([{"op":"replace","path":"/metadata/uid","value":"mine"}])";
  updated = changed();
  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().message, "ConfigMap \"one\" is invalid: metadata.uid: Invalid value: \"mine\": field is immutable");
  // Who takes them away gets them back.
  patch = R"([{"op":"remove","path":"/metadata/uid"},{"op":"remove","path":"/metadata/namespace"}])";
  updated = changed();
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ((*updated)->key().ns, "default");
  EXPECT_FALSE((*updated)->uid().empty());
}

TEST_F(WebhookTest, WhatRequestsWaitForIsAddedUp) {
  configure("Mutating", "change", {hook("one.example.com", "/allow"), hook("two.example.com", "/allow")});
  configure("Validating", "check", {hook("three.example.com", "/allow"), hook("four.example.com", "/allow")});
  hooks_.delay = std::chrono::seconds(2);
  std::chrono::nanoseconds waited{};
  ASSERT_TRUE(server_.create(map_json("one"), [&waited](Request& request) { request.webhook_time = &waited; }));
  EXPECT_EQ(std::chrono::round<std::chrono::seconds>(waited).count(), 6);
}

TEST_F(WebhookTest, ANewObjectIsNamedByAWebhookWhereTheRequestDoesNotNameIt) {
  hooks_.answer("/rename", [](const Value& request) {
    return Hooks::patch(request, R"([{"op":"replace","path":"/metadata/name","value":"two"}])");
  });
  configure("Mutating", "change", {hook("change.example.com", "/rename")});
  auto posted = [](Request& request) { request.name.clear(); };
  auto made = server_.create(map_json("one"), posted);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ((*made)->key().name, "two");
  EXPECT_EQ(server_.get("ConfigMap", {"default", "two"}), *made);
  EXPECT_EQ(server_.get("ConfigMap", {"default", "one"}), nullptr);
  // Not another one in its place, as where the server has made up the name itself.
  auto again = server_.create(
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"default","generateName":"g-"}})", posted);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, "configmaps \"two\" already exists");
  auto applied = server_.apply_as("me", map_json("three"));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().reason, Reason::BadRequest);
  EXPECT_EQ(applied.error().message, "the name of the object (two) does not match the name on the URL (three)");
}

TEST_F(WebhookTest, WhoAsksForItSeesLaterChanges) {
  hooks_.answer("/first", [](const Value& request) {
    bool late = codec::find_path(request, {"object", "data", "late"}) != nullptr;
    return late ? Hooks::patch(request, R"([{"op":"add","path":"/data/seen","value":"yes"}])")
                : Hooks::review(request, R"("allowed":true)");
  });
  hooks_.answer("/second", [](const Value& request) {
    return Hooks::patch(request, R"([{"op":"add","path":"/data/late","value":"1"}])");
  });
  configure("Mutating", "a", {hook("first.example.com", "/first", R"("reinvocationPolicy":"IfNeeded")")});
  configure("Mutating", "b", {hook("second.example.com", "/second")});
  auto made = must(map_json("one"));
  EXPECT_THAT(hooks_.paths, ElementsAre("/first", "/second", "/first"));
  EXPECT_EQ(codec::string_at_path(made->tree(), {"data", "seen"}), "yes");
}

TEST_F(WebhookTest, NobodyIsCalledAgainWhenNothingChanged) {
  hooks_.answer("/same",
                [](const Value& request) { return Hooks::patch(request, R"([{"op":"add","path":"/data/a","value":"1"}])"); });
  configure("Mutating", "a",
            {hook("first.example.com", "/allow", R"("reinvocationPolicy":"IfNeeded")"),
             hook("second.example.com", "/same", R"("reinvocationPolicy":"IfNeeded")")});
  must(map_json("one"));
  EXPECT_THAT(hooks_.paths, ElementsAre("/allow", "/same"));
}

TEST_F(WebhookTest, AFailingWebhookStopsTheRequestUnlessItIsToBeIgnored) {
  configure("Validating", "check", {hook("check.example.com", "/allow")});
  hooks_.delay = std::chrono::seconds(11);
  Error late = error(map_json("one"));
  EXPECT_EQ(late.reason, Reason::InternalError);
  EXPECT_EQ(late.message,
            "Internal error occurred: failed calling webhook \"check.example.com\": failed to call webhook: Post "
            "\"https://10.0.0.9:8443/allow?timeout=10s\": context deadline exceeded");
  hooks_.delay = {};
  hooks_.status = 500;
  EXPECT_THAT(error(map_json("one")).message, HasSubstr("failed to call webhook: an error on the server ("));
  hooks_.status = 404;
  EXPECT_THAT(error(map_json("one")).message,
              HasSubstr("failed to call webhook: the server could not find the requested resource"));
  hooks_.status = 200;
  hooks_.answer("/allow", [](const Value&) { return std::string("{}"); });
  EXPECT_THAT(error(map_json("one")).message, HasSubstr("received invalid webhook response: webhook response was absent"));
  hooks_.answer("/allow", [](const Value&) { return std::string("no JSON"); });
  EXPECT_THAT(error(map_json("one")).message, HasSubstr("failed to call webhook: "));
}

TEST_F(WebhookTest, IgnoredFailuresLetTheRequestThrough) {
  configure("Validating", "check", {hook("check.example.com", "/allow", R"("failurePolicy":"Ignore","timeoutSeconds":1)")});
  configure("Mutating", "change",
            {hook("change.example.com", "/allow", R"("failurePolicy":"Ignore","clientConfig":{"url":"https://10.0.0.66/x"})")});
  hooks_.delay = std::chrono::seconds(2);
  must(map_json("one"));
  EXPECT_THAT(server_.metrics.expose(),
              HasSubstr("apiserver_admission_webhook_fail_open_count{name=\"change.example.com\",type=\"admit\"} 1"));
  EXPECT_THAT(server_.metrics.expose(),
              HasSubstr("apiserver_admission_webhook_fail_open_count{name=\"check.example.com\",type=\"validating\"} 1"));
}

TEST_F(WebhookTest, ACertificateOfAnotherAuthorityIsAFailure) {
  net::TestAuthority other;
  configure(
      "Validating", "check",
      {hook("check.example.com", "/allow",
            R"("clientConfig":{"url":"https://10.0.0.9:8443/allow","caBundle":")" + base64_encode(other.ca_pem()) + "\"}")});
  EXPECT_THAT(error(map_json("one")).message, HasSubstr("tls: failed to verify certificate: x509: "));
  EXPECT_THAT(hooks_.asked, IsEmpty());
}

TEST_F(WebhookTest, AServiceTargetIsAReadyEndpoint) {
  configure("Validating", "check",
            {hook("check.example.com", "/allow",
                  R"("clientConfig":{"service":{"namespace":"default","name":"hook","path":"/allow"},"caBundle":")" +
                      base64_encode(hooks_.authority.ca_pem()) + "\"}")});
  EXPECT_THAT(error(map_json("one")).message,
              HasSubstr("failed to call webhook: Post \"https://hook.default.svc:443/allow?timeout=10s\": service \"hook\" not "
                        "found"));
  must(R"({"apiVersion":"v1","kind":"Service","metadata":{"namespace":"default","name":"hook"},
           "spec":{"ports":[{"name":"web","port":443,"targetPort":8443}]}})");
  EXPECT_THAT(error(map_json("one")).message, HasSubstr("no endpoints available for service \"hook\""));
  must(R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4",
           "metadata":{"namespace":"default","name":"hook-1","labels":{"kubernetes.io/service-name":"hook"}},
           "ports":[{"name":"web","port":8443}],"endpoints":[{"addresses":["10.0.0.66"],"conditions":{"ready":false}},
           {"addresses":["10.0.0.9"],"conditions":{"ready":true}}]})");
  must(map_json("one"));
  EXPECT_EQ(hooks_.asked.size(), 1u);
}

TEST_F(WebhookTest, DryRunsGoOnlyToWebhooksWithoutSideEffects) {
  configure("Validating", "check", {hook("check.example.com", "/allow")});
  auto dry = server_.create(map_json("one"), [](Request& request) { request.dry_run = true; });
  ASSERT_TRUE(dry) << dry.error().message;
  EXPECT_EQ(codec::bool_at(hooks_.asked.at(0), "dryRun"), true);
  EXPECT_EQ(server_.get("ConfigMap", {"default", "one"}), nullptr);
}

TEST_F(WebhookTest, SelectorsChooseByNamespaceAndByObject) {
  configure("Validating", "a",
            {hook("ns.example.com", "/deny", R"("namespaceSelector":{"matchLabels":{"team":"b"}})"),
             hook("object.example.com", "/deny", R"("objectSelector":{"matchLabels":{"check":"yes"}})")});
  must(map_json("one"));
  EXPECT_EQ(error(map_json("two", R"(,"labels":{"check":"yes"})")).message,
            "admission webhook \"object.example.com\" denied the request: no such thing here");
  must(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"other","labels":{"team":"b"}}})");
  EXPECT_EQ(error(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"other","name":"one"}})").message,
            "admission webhook \"ns.example.com\" denied the request: no such thing here");
}

TEST_F(WebhookTest, TheOldObjectCountsForSelectorsAndIsShown) {
  must(map_json("one", R"(,"labels":{"check":"yes"})"));
  configure("Validating", "a", {hook("object.example.com", "/deny", R"("objectSelector":{"matchLabels":{"check":"yes"}})")});
  auto changed = server_.update(codec::parse_json(map_json("one")).value());
  EXPECT_FALSE(changed);
  ASSERT_EQ(hooks_.asked.size(), 1u);
  EXPECT_EQ(codec::string_at_path(hooks_.asked[0], {"oldObject", "metadata", "labels", "check"}), "yes");
  EXPECT_FALSE(codec::string_at_path(hooks_.asked[0], {"object", "metadata", "resourceVersion"}).empty());
}

TEST_F(WebhookTest, DeletesShowTheOldObject) {
  must(map_json("one"));
  configure("Validating", "a",
            {hook("check.example.com", "/deny",
                  R"("rules":[{"operations":["DELETE"],"apiGroups":["*"],"apiVersions":["*"],"resources":["*"]}])")});
  auto removed = server_.remove(*model::find_kind({"", "v1"}, "ConfigMap"), {"default", "one"});
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().message, "admission webhook \"check.example.com\" denied the request: no such thing here");
  EXPECT_TRUE(hooks_.asked.at(0).at("object").is_null());
  EXPECT_EQ(codec::string_at_path(hooks_.asked[0], {"oldObject", "data", "a"}), "1");
  EXPECT_EQ(codec::write_json(hooks_.asked[0].at("options")),
            R"({"kind":"DeleteOptions","apiVersion":"meta.k8s.io/v1","gracePeriodSeconds":0})");
}

TEST_F(WebhookTest, AnEquivalentKindIsConverted) {
  std::string v1_only =
      R"("rules":[{"operations":["*"],"apiGroups":["autoscaling"],"apiVersions":["v1"],"resources":["horizontalpodautoscalers"]}])";
  hooks_.answer("/raise", [](const Value& request) {
    return Hooks::patch(request, R"([{"op":"replace","path":"/spec/targetCPUUtilizationPercentage","value":70}])");
  });
  configure("Mutating", "a", {hook("raise.example.com", "/raise", v1_only)});
  configure("Validating", "exact", {hook("exact.example.com", "/deny", v1_only + R"(,"matchPolicy":"Exact")")});
  auto made =
      must(R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"namespace":"default","name":"h"},
      "spec":{"maxReplicas":3,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"d"},"metrics":[{"type":"Resource",
      "resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}]}})");
  const Value& request = hooks_.asked.at(0);
  EXPECT_EQ(codec::string_at_path(request, {"kind", "version"}), "v1");
  EXPECT_EQ(codec::string_at_path(request, {"requestKind", "version"}), "v2");
  EXPECT_EQ(codec::string_at_path(request, {"object", "apiVersion"}), "autoscaling/v1");
  auto scaler = made->as<autoscaling::v2::HorizontalPodAutoscaler>();
  ASSERT_EQ(scaler->spec.metrics.size(), 1u);
  EXPECT_EQ(scaler->spec.metrics[0].resource->target.averageUtilization, 70);
}

// Subresources are shown as what is sent to them, to webhooks whose rules name them.
class SubresourceTest : public WebhookTest {
 protected:
  SubresourceTest() {
    add_eviction(*server_.api);
    must(R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"p","labels":{"a":"b"}},
      "spec":{"containers":[{"name":"c","image":"i"}]}})");
    must(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"namespace":"default","name":"d"},"spec":{"replicas":1,
      "selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})");
  }
  static std::string rules(std::string_view resources) {
    return R"("rules":[{"operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":[)" + std::string(resources) +
           "]}]";
  }
  Request request(std::string_view verb, std::string_view group, std::string_view kind, std::string_view name,
                  std::string_view subresource) {
    Request request;
    request.verb = verb;
    request.kind = server_.kinds.find_kind({group, "v1"}, kind);
    request.ns = request.kind->namespaced ? "default" : "";
    request.name = name;
    request.subresource = subresource;
    request.user.name = "admin";
    return request;
  }
  Result<DocumentPtr> scale(std::string_view patch) {
    Request scaling = request("patch", "apps", "Deployment", "d", "");
    scaling.came_through = "scale";
    return server_.loop.run(
        server_.api->patch(std::move(scaling), client::PatchType::Merge, codec::parse_json(patch).value(), &server_.warnings));
  }
  Result<DocumentPtr> merge(Request request, std::string_view patch) {
    return server_.loop.run(
        server_.api->patch(std::move(request), client::PatchType::Merge, codec::parse_json(patch).value(), &server_.warnings));
  }
  Result<DocumentPtr> post(Request request, std::string_view json) {
    return server_.loop.run(server_.api->create(std::move(request), codec::parse_json(json).value(), &server_.warnings));
  }
  // "UPDATE deployments/scale autoscaling/v1 Scale"
  std::string last() const {
    if (hooks_.asked.empty()) return "";
    const Value& asked = hooks_.asked.back();
    return std::string(codec::string_at(asked, "operation")) + " " +
           std::string(codec::string_at_path(asked, {"resource", "resource"})) + "/" +
           std::string(codec::string_at(asked, "subResource")) + " " +
           std::string(codec::string_at_path(asked, {"kind", "group"})) + "/" +
           std::string(codec::string_at_path(asked, {"kind", "version"})) + " " +
           std::string(codec::string_at_path(asked, {"kind", "kind"}));
  }
};

TEST_F(SubresourceTest, AScaleIsShownAsAScaleAndMayBeChanged) {
  configure("Validating", "whole", {hook("whole.example.com", "/deny", rules(R"("deployments")"))});
  configure("Validating", "scale", {hook("scale.example.com", "/allow", rules(R"("*/scale")"))});
  hooks_.answer("/more", [](const Value& request) {
    return Hooks::patch(request, R"([{"op":"replace","path":"/spec/replicas","value":5}])");
  });
  configure("Mutating", "more", {hook("more.example.com", "/more", rules(R"("deployments/*")"))});
  auto scaled = scale(R"({"spec":{"replicas":3}})");
  ASSERT_TRUE(scaled) << scaled.error().message;
  EXPECT_EQ(codec::int_at((*scaled)->tree().at("spec"), "replicas"), 5);
  EXPECT_EQ(codec::int_at((*scaled)->tree().at("metadata"), "generation"), 2);
  EXPECT_EQ(last(), "UPDATE deployments/scale autoscaling/v1 Scale");
  const Value& asked = hooks_.asked.back();
  EXPECT_EQ(codec::int_at(asked.at("object").at("spec"), "replicas"), 5);
  EXPECT_EQ(codec::int_at(asked.at("oldObject").at("spec"), "replicas"), 1);
  EXPECT_EQ(codec::string_at_path(asked, {"oldObject", "kind"}), "Scale");
  EXPECT_EQ(codec::string_at_path(asked, {"object", "metadata", "resourceVersion"}),
            codec::string_at_path(asked, {"oldObject", "metadata", "resourceVersion"}));
  hooks_.answer("/more", [](const Value& request) {
    return Hooks::patch(request, R"([{"op":"replace","path":"/spec/replicas","value":-1}])");
  });
  EXPECT_EQ(scale(R"({"spec":{"replicas":4}})").error().reason, Reason::Invalid);
}

TEST_F(SubresourceTest, ConflictsThroughScaleAreNamedAsInAScale) {
  ASSERT_TRUE(scale(R"({"spec":{"replicas":3}})"));
  Request applying = request("patch", "apps", "Deployment", "d", "");
  applying.came_through = "scale";
  applying.field_manager = "me";
  auto applied = server_.loop.run(server_.api->apply(
      applying,
      codec::parse_json(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":2}})")
          .value(),
      {}, &server_.warnings));
  ASSERT_FALSE(applied);
  EXPECT_THAT(applied.error().message, HasSubstr("with subresource \"scale\" using autoscaling/v1: .spec.replicas"));
}

TEST_F(SubresourceTest, EachReachesTheRulesThatNameIt) {
  configure("Validating", "all", {hook("all.example.com", "/allow", rules(R"("*/*")"))});
  configure("Validating", "main", {hook("main.example.com", "/allow", rules(R"("configmaps")"))});
  ASSERT_TRUE(merge(request("patch", "", "Pod", "p", "status"), R"({"status":{"phase":"Running"}})"));
  EXPECT_EQ(last(), "UPDATE pods/status /v1 Pod");
  ASSERT_TRUE(
      post(request("create", "", "Pod", "p", "binding"), R"({"metadata":{"name":"p"},"target":{"kind":"Node","name":"n"}})"));
  EXPECT_EQ(last(), "CREATE pods/binding /v1 Binding");
  ASSERT_TRUE(post(request("create", "", "Pod", "p", "eviction"),
                   R"({"apiVersion":"policy/v1","kind":"Eviction","metadata":{"namespace":"default","name":"p"}})"));
  EXPECT_EQ(last(), "CREATE pods/eviction policy/v1 Eviction");
  ASSERT_TRUE(merge(request("patch", "", "Namespace", "default", "finalize"), R"({"spec":{"finalizers":["example.com/f"]}})"));
  EXPECT_EQ(last(), "UPDATE namespaces/finalize /v1 Namespace");
}

TEST_F(WebhookTest, WarningsReachTheClient) {
  hooks_.answer("/warn", [](const Value& request) {
    return Hooks::review(request, R"("allowed":true,"warnings":["careful","careful","and slow"])");
  });
  configure("Validating", "check", {hook("check.example.com", "/warn")});
  server_.warnings.clear();
  must(map_json("one"));
  EXPECT_THAT(server_.warnings, ElementsAre("careful", "and slow"));
}

TEST_F(WebhookTest, ConfigurationsThemselvesAreNotShown) {
  std::string all = R"("rules":[{"operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":["*/*"]}])";
  configure("Validating", "check", {hook("check.example.com", "/deny", all)});
  configure("Mutating", "more",
            {hook("more.example.com", "/deny", all + R"(,"matchConditions":[{"name":"m","expression":"true"}])")});
  EXPECT_THAT(server_.warnings.back(), HasSubstr("webhooks[0].matchConditions: this server does not evaluate CEL yet"));
  EXPECT_THAT(hooks_.asked, IsEmpty());
}

TEST_F(WebhookTest, ValidatingCallsRunTogether) {
  configure("Validating", "check",
            {hook("a.example.com", "/allow"), hook("b.example.com", "/allow"), hook("c.example.com", "/allow")});
  hooks_.delay = std::chrono::seconds(4);
  rt::Instant before = server_.loop.now();
  must(map_json("one"));
  EXPECT_LT(server_.loop.now() - before, std::chrono::seconds(6));
  EXPECT_EQ(hooks_.asked.size(), 3u);
}

TEST_F(WebhookTest, AllCallsTogetherAreBounded) {
  std::vector<std::string> many;
  for (char c = 'a'; c < 'f'; ++c)
    many.push_back(hook(std::string(1, c) + ".example.com", "/allow", R"("failurePolicy":"Ignore","timeoutSeconds":30)"));
  configure("Mutating", "slow", many);
  hooks_.delay = std::chrono::seconds(100);
  EXPECT_EQ(error(map_json("one")).message, "Timeout: request did not complete within requested timeout");
}

TEST_F(WebhookTest, ABrokenConfigurationIsRefused) {
  auto refused = [this](const std::string& members) {
    return error(
               R"({"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration","metadata":{"name":"x"},
                     "webhooks":[)" +
               members + "]}")
        .message;
  };
  EXPECT_THAT(refused(hook("short", "/x")), HasSubstr("should be a domain with at least three segments separated by dots"));
  EXPECT_THAT(refused(hook("a.b.c", "/x", R"("clientConfig":{"url":"http://u@h/p?q=1#f"})")),
              HasSubstr("'https' is the only allowed URL scheme; desired format: https://host[/path]"));
  EXPECT_THAT(refused(hook("a.b.c", "/x", R"("clientConfig":{})")), HasSubstr("exactly one of url or service is required"));
  EXPECT_THAT(
      refused(
          hook("a.b.c", "/x",
               R"("rules":[{"operations":["*","CREATE"],"apiGroups":["*"],"apiVersions":["v1"],"resources":["*/*","pods"]}])")),
      HasSubstr("if '*/*' is present, must not specify other resources"));
  EXPECT_THAT(
      refused(R"({"name":"a.b.c","sideEffects":"Some","admissionReviewVersions":["v1"],"clientConfig":{"url":"https://h"}})"),
      HasSubstr("webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\""));
}

TEST(WebhookAnswerTest, TheRulesOfV1) {
  auto wrong = [](WebhookSort sort, std::string_view text) {
    auto answer = read_answer(text, {sort, "v1", "u1", "w"});
    return answer ? std::string() : answer.error().message;
  };
  std::string head = R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"u1","allowed":true)";
  EXPECT_EQ(wrong(WebhookSort::Mutating, head + "}}"), "");
  EXPECT_EQ(wrong(WebhookSort::Mutating, R"({"response":{"uid":"other"}})"),
            "received invalid webhook response: expected response.uid=\"u1\", got \"other\"");
  EXPECT_EQ(wrong(WebhookSort::Mutating, R"({"response":{"uid":"u1"}})"),
            "received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, "
            "Kind=");
  EXPECT_EQ(wrong(WebhookSort::Mutating, head + R"(,"patch":"W10="}})"),
            "received invalid webhook response: webhook returned response.patch but not response.patchType");
  EXPECT_EQ(wrong(WebhookSort::Mutating, head + R"(,"patchType":"JSONPatch"}})"),
            "received invalid webhook response: webhook returned response.patchType but not response.patch");
  EXPECT_EQ(wrong(WebhookSort::Validating, head + R"(,"patch":"W10="}})"),
            "received invalid webhook response: validating webhook may not return response.patch");
  EXPECT_THAT(wrong(WebhookSort::Mutating, head + R"(,"patchType":"JSONPatch","patch":"e30="}})"),
              HasSubstr("received undecodable patch in webhook response: "));
  EXPECT_EQ(wrong(WebhookSort::Mutating, head + R"(,"patchType":"Merge","patch":"W3sib3AiOiJ4In1d"}})"),
            "unsupported patch type \"Merge\"");
}

TEST(WebhookAnswerTest, V1beta1IsNotCheckedForUid) {
  auto answer = read_answer(R"({"response":{"allowed":true,"patch":"W3sib3AiOiJhZGQiLCJwYXRoIjoiL2EiLCJ2YWx1ZSI6MX1d"}})",
                            {WebhookSort::Mutating, "v1beta1", "u1", "w"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->patch);
}

TEST(WebhookTextTest, IsCutBetweenCharacters) {
  EXPECT_EQ(clipped("short"), "short");
  const std::string cut = clipped(std::string(kWebhookTextBytes - 1, 'x') + "\u00e4\u00e4");
  EXPECT_EQ(cut, std::string(kWebhookTextBytes - 1, 'x') + "... (truncated)");
}

TEST(WebhookUrlTest, Parts) {
  auto url = parse_webhook_url("https://[::1]:9443/a/b");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 9443);
  EXPECT_EQ(url->authority, "[::1]:9443");
  EXPECT_EQ(url->path, "/a/b");
  EXPECT_EQ(parse_webhook_url("https://example.com")->port, 443);
  for (std::string_view bad : {"http://x", "https://", "https://x:0/", "https://x:70000/", "https://x:1a/", "https://[::1/"})
    EXPECT_FALSE(parse_webhook_url(bad)) << bad;
}

}  // namespace
}  // namespace charon::server
