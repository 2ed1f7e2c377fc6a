#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::events::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

struct Case {
  std::string json;
  Texts errors;
};

TEST(CoreEvents, OldOnesAreOfTheirObjectsNamespace) {
  KindForTest events("", "v1", "Event");
  auto of = [](std::string_view space, std::string_view more) {
    return R"({"metadata":{"name":"e","namespace":")" + std::string(space) + R"("},)" + std::string(more) + "}";
  };
  const Texts mismatch = {"involvedObject.namespace: Invalid value: \"\": does not match event.namespace"};
  const Case cases[] = {
      {of("a", R"("involvedObject":{"namespace":"a"},"type":"anything","count":3)"), {}},
      {of("default", R"("involvedObject":{"kind":"Node"})"), {}},
      {of("kube-system", R"("involvedObject":{"kind":"Node"})"), mismatch},
      {of("a", R"("involvedObject":{"namespace":"b"})"),
       {"involvedObject.namespace: Invalid value: \"b\": does not match event.namespace"}},
      {of("kube-system", R"("involvedObject":{},"eventTime":"2026-01-01T00:00:00.000000Z","reportingComponent":"c",
          "reportingInstance":"c-1","action":"Binding","reason":"Bound")"),
       {}},
      {of("a", R"("involvedObject":{"namespace":"a"},"eventTime":"2026-01-01T00:00:00.000000Z","reportingComponent":"c",
          "action":")" +
                   std::string(129, 'a') + R"(","reason":"R")"),
       {"reportingInstance: Required value", "action: Invalid value: \"\": can have at most 128 characters"}},
      {of("a", R"("involvedObject":{"namespace":"a"},"eventTime":"2026-01-01T00:00:00.000000Z","reportingComponent":"c",
          "reportingInstance":"i","action":"a","reason":"r","message":")" +
                   std::string(1025, 'm') + R"(")"),
       {"message: Invalid value: \"\": can have at most 1024 characters"}},
  };
  for (const Case& each : cases) EXPECT_EQ(events.errors(each.json), each.errors) << each.json;
}

std::string event(std::string_view more) {
  return R"({"metadata":{"name":"e","namespace":"a"},"regarding":{"namespace":"a"},"eventTime":"2026-01-01T00:00:00.000000Z",
      "reportingController":"c","reportingInstance":"c-1","action":"Binding","reason":"Bound")" +
         std::string(more) + "}";
}

TEST(Events, AreNew) {
  KindForTest events("events.k8s.io", "v1", "Event");
  const Case cases[] = {
      {event(R"(,"type":"Normal","series":{"count":2,"lastObservedTime":"2026-01-01T00:00:00.000000Z"})"), {}},
      {event(R"(,"type":"Odd","series":{"count":1})"),
       {"series.count: Invalid value: \"\": should be at least 2", "series.lastObservedTime: Required value",
        "type: Invalid value: \"\": has invalid value: Odd"}},
      {event(R"(,"type":"Warning","deprecatedCount":1,"deprecatedFirstTimestamp":"2026-01-01T00:00:00Z",
          "deprecatedLastTimestamp":"2026-01-01T00:00:00Z","deprecatedSource":{"host":"h"})"),
       {"firstTimestamp: Invalid value: \"\": needs to be unset", "lastTimestamp: Invalid value: \"\": needs to be unset",
        "count: Invalid value: \"\": needs to be unset", "source: Invalid value: \"\": needs to be unset"}},
      {R"({"metadata":{"name":"e","namespace":"a"},"regarding":{"namespace":"a"},"type":"Normal"})",
       {"eventTime: Required value"}},
  };
  for (const Case& each : cases) EXPECT_EQ(events.errors(each.json), each.errors) << each.json;
}

TEST(Events, GoOnWithTheirSeriesAlone) {
  KindForTest events("events.k8s.io", "v1", "Event");
  const std::string before = event(R"(,"type":"Normal")");
  EXPECT_EQ(events.update_errors(
                before, event(R"(,"type":"Normal","series":{"count":3,"lastObservedTime":"2026-01-01T00:00:00.000000Z"})")),
            Texts{});
  EXPECT_EQ(
      events.update_errors(before, event(R"(,"type":"Warning","note":"n")")),
      (Texts{"message: Invalid value: \"n\": field is immutable", "type: Invalid value: \"Warning\": field is immutable"}));
}

}  // namespace
}  // namespace charon::events::v1
