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
  for (const char* json : {R"({"dryRun":["All","Some"]})", R"({"gracePeriodSeconds":-1})", R"({"propagationPolicy":"x"})",
                           R"({"propagationPolicy":"Orphan","orphanDependents":true})"}) {
    auto options = read(json);
    ASSERT_FALSE(options) << json;
    EXPECT_EQ(options.error().reason, Reason::Invalid) << json;
  }
}

TEST(DeleteOptions, AnEmptyDryRunIsNone) {
  auto asks = [](std::string_view json) { return asks_for_dry_run(codec::parse_json(json).value()); };
  EXPECT_TRUE(asks(R"({"dryRun":["All"]})"));
  EXPECT_FALSE(asks(R"({"dryRun":[]})"));
  EXPECT_FALSE(asks("{}"));
}

}  // namespace
}  // namespace charon::server
