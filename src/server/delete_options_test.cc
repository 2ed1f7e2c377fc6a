#include "server/delete_options.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "codec/json.h"

namespace charon::server {
namespace {

Result<client::DeleteOptions> read(std::string_view json, std::string_view query = "") {
  return delete_options(codec::parse_json(json).value(), query);
}

TEST(DeleteOptions, TheQueryHasTheLastWord) {
  auto options = read(R"({"gracePeriodSeconds":3,"propagationPolicy":"Orphan","preconditions":{"uid":"u"}})",
                      "gracePeriodSeconds=5&propagationPolicy=Foreground");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->grace_period_s, 5);
  EXPECT_EQ(options->propagation, client::Propagation::Foreground);
  EXPECT_EQ(options->uid, "u");
}

TEST(DeleteOptions, WrongOnes) {
  EXPECT_EQ(read("{}", "gracePeriodSeconds=x").error().reason, Reason::BadRequest);
  struct Case {
    const char* json;
    const char* query;
    std::string_view message;
  };
  for (const Case& each : {
           Case{R"({"dryRun":["All","Some"]})", "", R"(dryRun: Unsupported value: ["All","Some"]: supported values: "All")"},
           Case{"{}", "dryRun=All&dryRun=x", R"(dryRun: Unsupported value: ["All","x"]: supported values: "All")"},
           Case{R"({"propagationPolicy":"x"})", "",
                R"(propagationPolicy: Unsupported value: "x": supported values: "Foreground", "Background", "Orphan", "nil")"},
           Case{R"({"propagationPolicy":"Orphan","orphanDependents":true})", "",
                R"(propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set)"},
       }) {
    auto options = read(each.json, each.query);
    ASSERT_FALSE(options) << each.json;
    EXPECT_EQ(options.error().reason, Reason::Invalid) << each.json;
    EXPECT_EQ(options.error().message, "DeleteOptions.meta.k8s.io \"\" is invalid: " + std::string(each.message));
    EXPECT_EQ(options.error().details->causes.size(), 1U);
  }
}

TEST(DeleteOptions, ANegativeGraceIsASecond) {
  EXPECT_EQ(read(R"({"gracePeriodSeconds":-1})")->grace_period_s, 1);
  EXPECT_EQ(read("{}", "gracePeriodSeconds=-9")->grace_period_s, 1);
  EXPECT_EQ(read("{}", "gracePeriodSeconds=0")->grace_period_s, 0);
}

TEST(DeleteOptions, AnythingElseIsNotTakenForThem) {
  auto is = [](std::string_view json) { return check_is_delete_options(codec::parse_json(json).value()).has_value(); };
  EXPECT_TRUE(is("{}"));
  EXPECT_TRUE(is(R"({"kind":"DeleteOptions","apiVersion":"apps/v1"})"));
  EXPECT_FALSE(is(R"({"kind":"Pod","apiVersion":"v1"})"));
}

TEST(DeleteOptions, AnEmptyDryRunIsNone) {
  auto asks = [](std::string_view json) { return asks_for_dry_run(codec::parse_json(json).value()); };
  EXPECT_TRUE(asks(R"({"dryRun":["All"]})"));
  EXPECT_FALSE(asks(R"({"dryRun":[]})"));
  EXPECT_FALSE(asks("{}"));
}

}  // namespace
}  // namespace charon::server
