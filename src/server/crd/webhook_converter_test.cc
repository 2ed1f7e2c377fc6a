// Custom resources whose versions a webhook converts, through the API: host and port in v1 are one text in v2.
#include "server/crd/webhook_converter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rt/scope.h"
#include "rt/timeout.h"
#include "server/admission/webhook/webhooks.h"
#include "server/crd/definition.h"
#include "server/crd/definitions.h"
#include "server/server_for_test.h"
#include "server/webhook/hooks_for_test.h"

namespace charon::server::crd {
namespace {

using codec::Value;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr std::string_view kFailed = "conversion webhook for e.com/v1, Kind=Tab failed: ";

Value converted(Value object, std::string_view to) {
  bool up = codec::string_at(object, "apiVersion") == "e.com/v1";
  codec::Object& spec = codec::ensure_object(object, {"spec"});
  const Value before = spec;
  if (up) {
    spec["hostPort"] = std::string(codec::string_at(before, "host")) + ":" + std::string(codec::string_at(before, "port"));
    spec.erase("host");
    spec.erase("port");
  } else {
    std::string_view both = codec::string_at(before, "hostPort");
    spec["host"] = both.substr(0, both.find(':'));
    spec["port"] = both.substr(both.find(':') + 1);
    spec.erase("hostPort");
  }
  codec::ensure_object(object, {"metadata", "labels"})["seen-as"] = to.substr(to.find('/') + 1);
  object.as_object()["apiVersion"] = to;
  return object;
}

std::string answer_conversion(const Value& request) {
  codec::Array objects;
  std::string_view to = codec::string_at(request, "desiredAPIVersion");
  for (const Value& object : request.at("objects").as_array()) objects.push_back(converted(object, to));
  return codec::write_json(codec::Object{{"kind", "ConversionReview"},
                                         {"apiVersion", "apiextensions.k8s.io/v1"},
                                         {"response", codec::Object{{"uid", request.at("uid")},
                                                                    {"result", codec::Object{{"status", "Success"}}},
                                                                    {"convertedObjects", std::move(objects)}}}});
}

class WebhookConverterTest : public testing::Test {
 protected:
  WebhookConverterTest() {
    hooks_.answer("/convert", answer_conversion);
    definitions_.start(*server_.api);
    server_.loop.run_for(1s);
    auto made = server_.create(definition("v1"));
    EXPECT_TRUE(made) << made.error().message;
    server_.loop.run_for(1s);
  }

  std::string definition(std::string_view storage) const {
    auto version = [&](std::string_view name, std::string_view properties) {
      return R"({"name":")" + std::string(name) + R"(","served":true,"storage":)" + (name == storage ? "true" : "false") +
             R"(,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",
               "properties":{)" +
             std::string(properties) + "}}}}}}";
    };
    return R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"tabs.e.com"},
      "spec":{"group":"e.com","scope":"Namespaced","names":{"plural":"tabs","kind":"Tab"},"versions":[)" +
           version("v1", R"("host":{"type":"string"},"port":{"type":"string","default":"80"},"note":{"type":"string"})") + "," +
           version("v2", R"("hostPort":{"type":"string","pattern":":"},"note":{"type":"string"})") +
           R"(],"conversion":{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v3","v1"],"clientConfig":{
             "url":"https://10.0.0.9:8443/convert","caBundle":")" +
           base64_encode(hooks_.authority.ca_pem()) + R"("}}}}})";
  }
  void store_as(std::string_view storage) {
    Value tree = server_.caches.of(definition_kind()).get({"", "tabs.e.com"})->tree();
    for (Value& version : tree.at("spec").at("versions").as_array())
      version.as_object()["storage"] = codec::string_at(version, "name") == storage;
    auto updated = server_.update(std::move(tree));
    ASSERT_TRUE(updated) << updated.error().message;
    server_.loop.run_for(1s);
  }
  static std::string tab(std::string_view name, std::string_view version, std::string_view spec) {
    return R"({"apiVersion":"e.com/)" + std::string(version) + R"(","kind":"Tab","metadata":{"namespace":"default","name":")" +
           std::string(name) + R"("},"spec":)" + std::string(spec) + "}";
  }
  void make(std::string_view name = "a", std::string_view version = "v1", std::string_view spec = R"({"host":"h"})") {
    auto made = server_.create(tab(name, version, spec));
    ASSERT_TRUE(made) << made.error().message;
  }
  Request request(std::string_view version, std::string_view name = "") const {
    Request request;
    request.kind = server_.kinds.find_kind({"e.com", version}, "Tab");
    request.ns = "default";
    request.name = name;
    request.field_manager = "test";
    return request;
  }
  Result<DocumentPtr> get(std::string_view version, std::string_view name = "a") {
    return server_.loop.run(server_.api->get(request(version, name)));
  }
  std::string spec(std::string_view version, std::string_view name = "a") {
    auto got = get(version, name);
    return got ? codec::write_json((*got)->tree().at("spec")) : got.error().message;
  }
  Result<DocumentPtr> merge(std::string_view version, std::string_view patch) {
    return server_.loop.run(server_.api->patch(request(version, "a"), client::PatchType::Merge,
                                               codec::parse_json(patch).value(), &server_.warnings));
  }
  std::string stored_version() {
    auto entry = server_.loop.run(server_.store->get("/registry/e.com/tabs/default/a"));
    return std::string(codec::string_at(codec::parse_json(*(**entry).value).value(), "apiVersion"));
  }
  void break_webhook() {
    hooks_.answer("/convert", [](const Value&) { return std::string(R"({"kind":"Status","message":"broken"})"); });
    hooks_.status = 500;
  }

  ServerForTest server_{[this](Caches& caches) {
    std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
    auto dispatch = std::make_shared<WebhookDispatch>(server_.loop, server_.net, server_.random, caches, server_.metrics);
    plugins.push_back(make_validating_webhooks(dispatch));
    return plugins;
  }};
  Hooks hooks_{server_.loop, server_.net, rt::Address::tcp("10.0.0.9", 8443), "IP:10.0.0.9"};
  Definitions definitions_{server_.loop, server_.net, server_.random, server_.caches};
};

TEST_F(WebhookConverterTest, EachVersionIsReadAndWritten) {
  make("a", "v2", R"({"hostPort":"h:1","note":"n"})");
  EXPECT_EQ(stored_version(), "e.com/v1");
  EXPECT_EQ(spec("v1"), R"({"host":"h","note":"n","port":"1"})");
  EXPECT_EQ(spec("v2"), R"({"hostPort":"h:1","note":"n"})");
  auto v2 = get("v2");
  EXPECT_EQ(codec::string_at((*v2)->tree(), "apiVersion"), "e.com/v2");
  EXPECT_EQ((*v2)->revision(), (*get("v1"))->revision());
  auto patched = merge("v2", R"({"spec":{"hostPort":"i:2"}})");
  ASSERT_TRUE(patched) << patched.error().message;
  EXPECT_EQ(codec::write_json((*patched)->tree().at("spec")), R"({"hostPort":"i:2","note":"n"})");
  EXPECT_EQ(spec("v1"), R"({"host":"i","note":"n","port":"2"})");
  // By the schema of the version that is written.
  auto wrong = merge("v2", R"({"spec":{"hostPort":"nothing"}})");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().reason, Reason::Invalid);
  EXPECT_EQ(hooks_.queries.front(), "timeout=30s");
  ASSERT_TRUE(server_.remove(*request("v2").kind, {"default", "a"}));
  EXPECT_FALSE(get("v1"));
}

TEST_F(WebhookConverterTest, DefaultsAreThoseOfTheVersionThatIsRead) {
  make();
  EXPECT_EQ(spec("v1"), R"({"host":"h","port":"80"})");
  EXPECT_EQ(spec("v2"), R"({"hostPort":"h:80"})");
}

TEST_F(WebhookConverterTest, ListsAreConvertedTogetherAndRemembered) {
  for (std::string_view name : {"a", "b", "c"}) make(name);
  hooks_.asked.clear();
  auto list = server_.loop.run(server_.api->list(request("v2"), {}));
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->items.size(), 3u);
  EXPECT_EQ(hooks_.asked.size(), 1u);
  EXPECT_EQ(hooks_.asked.at(0).at("objects").as_array().size(), 3u);
  EXPECT_EQ(spec("v2", "b"), R"({"hostPort":"h:80"})");
  ASSERT_TRUE(server_.loop.run(server_.api->list(request("v2"), {})));
  EXPECT_EQ(hooks_.asked.size(), 1u);
  // A selector is about what comes out, in pages too.
  Request chosen = request("v2");
  chosen.label_selector = "seen-as=v2";
  auto page = server_.loop.run(server_.api->list(chosen, {.limit = 2}));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->items.size(), 2u);
  ASSERT_FALSE(page->continue_token.empty());
  page = server_.loop.run(server_.api->list(chosen, {.limit = 2, .continue_token = page->continue_token}));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->items.size(), 1u);
  EXPECT_EQ(page->continue_token, "");
  chosen.label_selector = "seen-as=v1";
  EXPECT_EQ(server_.loop.run(server_.api->list(chosen, {}))->items.size(), 0u);
}

TEST_F(WebhookConverterTest, WatchersShareACall) {
  make();
  hooks_.asked.clear();
  auto one = server_.api->watch(request("v2"), std::nullopt);
  auto two = server_.api->watch(request("v2"), std::nullopt);
  ASSERT_TRUE(one && two);
  hooks_.delay = 2s;
  ASSERT_TRUE(merge("v1", R"({"spec":{"host":"i"}})"));
  std::vector<std::string> seen;
  rt::Scope scope(server_.loop);
  auto follow = [](ObjectWatch* watch, std::vector<std::string>* into) -> rt::Task<void> {
    auto events = co_await watch->next();
    for (const CacheEvent& event : *events) into->push_back(codec::write_json(event.object->tree().at("spec")));
  };
  scope.spawn(follow(one->get(), &seen));
  scope.spawn(follow(two->get(), &seen));
  server_.loop.run_for(3s);
  EXPECT_THAT(seen, ElementsAre(R"({"hostPort":"i:80"})", R"({"hostPort":"i:80"})"));
  EXPECT_EQ(hooks_.asked.size(), 1u);
}

TEST_F(WebhookConverterTest, WhoStopsWaitingLosesNothingAndHoldsNobodyUp) {
  make();
  auto watch = server_.api->watch(request("v2"), std::nullopt);
  ASSERT_TRUE(watch);
  hooks_.delay = 5s;
  ASSERT_TRUE(merge("v1", R"({"spec":{"host":"i"}})"));
  model::Revision before = (*watch)->revision();
  EXPECT_FALSE(server_.loop.run(rt::with_timeout(server_.loop, rt::Duration(1s), (*watch)->next())));
  EXPECT_LT((*watch)->revision(), (*get("v1"))->revision());
  EXPECT_GE((*watch)->revision() + 1, before);
  auto events = server_.loop.run((*watch)->next());
  ASSERT_TRUE(events);
  EXPECT_EQ((*events)[0].object->kind().gv.version, "v2");
  EXPECT_EQ((*watch)->revision(), (*get("v1"))->revision());
}

TEST_F(WebhookConverterTest, AWatchWithASelectorSeesObjectsComeAndGo) {
  Request chosen = request("v2");
  chosen.label_selector = "team=a";
  auto watch = server_.api->watch(chosen, std::nullopt);
  ASSERT_TRUE(watch);
  make();
  ASSERT_TRUE(merge("v1", R"({"metadata":{"labels":{"team":"a"}}})"));
  ASSERT_TRUE(merge("v1", R"({"spec":{"host":"i"}})"));
  ASSERT_TRUE(merge("v1", R"({"metadata":{"labels":{"team":"b"}}})"));
  auto events = server_.loop.run((*watch)->next());
  ASSERT_TRUE(events) << events.error().message;
  std::vector<EventType> types;
  for (const CacheEvent& event : *events) types.push_back(event.type);
  EXPECT_THAT(types, ElementsAre(EventType::Added, EventType::Modified, EventType::Deleted));
  EXPECT_EQ(events->back().object->revision(), events->back().revision);
}

TEST_F(WebhookConverterTest, WhenTheStorageVersionChangesObjectsMoveAsTheyAreWritten) {
  make();
  auto watch = server_.api->watch(request("v1"), std::nullopt);
  store_as("v2");
  EXPECT_EQ(stored_version(), "e.com/v1");
  EXPECT_EQ(spec("v2"), R"({"hostPort":"h:80"})");
  EXPECT_EQ(spec("v1"), R"({"host":"h","port":"80"})");
  model::Revision before = (*get("v2"))->revision();
  // A write that changes nothing moves it, once.
  ASSERT_TRUE(merge("v2", "{}"));
  EXPECT_EQ(stored_version(), "e.com/v2");
  model::Revision after = (*get("v2"))->revision();
  EXPECT_GT(after, before);
  ASSERT_TRUE(merge("v2", "{}"));
  EXPECT_EQ((*get("v2"))->revision(), after);
  EXPECT_EQ(spec("v1"), R"({"host":"h","port":"80"})");
  // The watch has gone on, and now needs the webhook.
  auto events = server_.loop.run((*watch)->next());
  ASSERT_TRUE(events) << events.error().message;
  EXPECT_EQ(codec::write_json(events->front().object->tree().at("spec")), R"({"host":"h","port":"80"})");
  Value definition = server_.caches.of(definition_kind()).get({"", "tabs.e.com"})->tree();
  EXPECT_EQ(codec::write_json(*codec::find_path(definition, {"status", "storedVersions"})), R"(["v1","v2"])");
}

TEST_F(WebhookConverterTest, ABrokenWebhookHurtsItsVersionAlone) {
  make();
  auto v1 = server_.api->watch(request("v1"), std::nullopt);
  auto v2 = server_.api->watch(request("v2"), std::nullopt);
  break_webhook();
  const std::string error = std::string(kFailed) + "broken";
  EXPECT_EQ(spec("v1"), R"({"host":"h","port":"80"})");
  EXPECT_EQ(spec("v2"), error);
  EXPECT_EQ(http_code(get("v2").error().reason), 500);
  EXPECT_EQ(server_.loop.run(server_.api->list(request("v2"), {})).error().message, error);
  EXPECT_EQ(server_.create(tab("b", "v2", R"({"hostPort":"h:1"})")).error().message,
            "conversion webhook for e.com/v2, Kind=Tab failed: broken");
  ASSERT_TRUE(merge("v1", R"({"spec":{"host":"i"}})"));
  EXPECT_TRUE(server_.loop.run((*v1)->next()));
  auto events = server_.loop.run((*v2)->next());
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().message, error);
  // What the cluster's own controllers need of it goes on, and so does the end of the definition.
  ASSERT_TRUE(server_.api->list_stored(request("v2"), {}));
  ASSERT_TRUE(server_.remove(definition_kind(), {"", "tabs.e.com"}));
  server_.loop.run_for(5s);
  EXPECT_EQ(server_.caches.of(definition_kind()).get({"", "tabs.e.com"}), nullptr);
}

TEST_F(WebhookConverterTest, OwnersOfFieldsAreKnownAcrossVersions) {
  auto apply = [&](std::string_view manager, std::string_view json, schema::apply::Force force) {
    return server_.apply_as(manager, json, {.force = force, .may_create = nullptr});
  };
  ASSERT_TRUE(apply("one", tab("a", "v1", R"({"host":"h","port":"1"})"), schema::apply::Force::No));
  auto other = apply("two", tab("a", "v2", R"({"hostPort":"i:2"})"), schema::apply::Force::No);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().reason, Reason::Conflict);
  EXPECT_THAT(other.error().message, HasSubstr("with \"one\":\n- .spec.host"));
  other = apply("two", tab("a", "v2", R"({"hostPort":"i:2"})"), schema::apply::Force::Yes);
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(spec("v1"), R"({"host":"i","port":"2"})");
  // The same manager in another version: what it applied before and does not name any more goes.
  ASSERT_TRUE(apply("two", tab("a", "v1", R"({"host":"j","port":"3","note":"n"})"), schema::apply::Force::Yes));
  auto again = apply("two", tab("a", "v2", R"({"hostPort":"j:3"})"), schema::apply::Force::Yes);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(spec("v2"), R"({"hostPort":"j:3"})");
  EXPECT_NE(codec::find_path(again->object->tree(), {"metadata", "managedFields"}), nullptr);
  // An update in the stored version does not need the webhook, but without it nobody knows any more who owns what.
  break_webhook();
  auto updated = merge("v1", R"({"spec":{"host":"k"}})");
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ(codec::find_path((*updated)->tree(), {"metadata", "managedFields"}), nullptr);
  EXPECT_FALSE(apply("two", tab("a", "v2", R"({"hostPort":"l:3"})"), schema::apply::Force::Yes));
}

TEST_F(WebhookConverterTest, AdmissionWebhooksOfAnotherVersionSeeThatVersion) {
  hooks_.answer("/allow", [](const Value& request) { return Hooks::review(request, R"("allowed":true)"); });
  auto made = server_.create(
      R"({"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration","metadata":{"name":"w"},
        "webhooks":[{"name":"w.e.com","sideEffects":"None","admissionReviewVersions":["v1"],
          "rules":[{"operations":["*"],"apiGroups":["e.com"],"apiVersions":["v2"],"resources":["tabs"]}],
          "clientConfig":{"url":"https://10.0.0.9:8443/allow","caBundle":")" +
      base64_encode(hooks_.authority.ca_pem()) + R"("}}]})");
  ASSERT_TRUE(made) << made.error().message;
  make();
  ASSERT_EQ(hooks_.paths.back(), "/allow");
  EXPECT_EQ(codec::write_json(hooks_.asked.back().at("object").at("spec")), R"({"hostPort":"h:80"})");
  EXPECT_EQ(codec::string_at_path(hooks_.asked.back(), {"requestKind", "version"}), "v1");
}

TEST_F(WebhookConverterTest, IsServedAgainAfterARestart) {
  make();
  store_as("v2");
  make("b", "v2", R"({"hostPort":"h:2"})");
  model::KindRegistry kinds;
  Caches caches(server_.loop, *server_.store, kinds);
  Definitions definitions(server_.loop, server_.net, server_.random, caches);
  ASSERT_TRUE(server_.loop.run(caches.start([&definitions] { definitions.load(); })));
  const model::Kind* v1 = kinds.find_kind({"e.com", "v1"}, "Tab");
  ASSERT_NE(v1, nullptr);
  EXPECT_EQ(caches.of(*v1).get({"default", "a"})->kind().gv.version, "v1");
  EXPECT_EQ(caches.of(*v1).get({"default", "b"})->kind().gv.version, "v2");
}

TEST_F(WebhookConverterTest, WithoutItsWebhookADefinitionConvertsByNameAlone) {
  make();
  Value tree = server_.caches.of(definition_kind()).get({"", "tabs.e.com"})->tree();
  tree.at("spec").as_object()["conversion"] = codec::Object{{"strategy", "None"}};
  ASSERT_TRUE(server_.update(std::move(tree)));
  server_.loop.run_for(1s);
  hooks_.asked.clear();
  EXPECT_EQ(spec("v1"), R"({"host":"h","port":"80"})");
  EXPECT_EQ(spec("v2"), "{}");
  EXPECT_TRUE(hooks_.asked.empty());
  // A write that changes nothing moves it to another version here, too.
  store_as("v2");
  ASSERT_TRUE(merge("v1", "{}"));
  EXPECT_EQ(stored_version(), "e.com/v2");
}

}  // namespace
}  // namespace charon::server::crd
