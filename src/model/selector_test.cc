#include "model/selector.h"

#include <gtest/gtest.h>

namespace charon::model {
namespace {

const Labels kWeb{{"app", "web"}, {"rank", "7"}, {"tier", "front"}};

struct Match {
  const char* selector;
  bool matches;
};

class LabelSelectorMatch : public testing::TestWithParam<Match> {};

TEST_P(LabelSelectorMatch, AgreesOnBothFormsOfLabels) {
  const auto selector = LabelSelector::parse(GetParam().selector);
  ASSERT_TRUE(selector) << selector.error().message;
  EXPECT_EQ(selector->matches(kWeb), GetParam().matches);
  EXPECT_EQ(selector->matches(LabelMap(kWeb.begin(), kWeb.end())), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(
    Selectors, LabelSelectorMatch,
    testing::Values(Match{"", true}, Match{"app=web", true}, Match{"app==web", true}, Match{"app!=web", false},
                    Match{"missing!=web", true}, Match{"app = web , tier = front", true}, Match{"app in (db, web)", true},
                    Match{"app in (db)", false}, Match{"app notin (db)", true}, Match{"missing notin (db)", true},
                    Match{"app notin (web,db)", false}, Match{"app", true}, Match{"missing", false}, Match{"!missing", true},
                    Match{"!app", false}, Match{"rank>6", true}, Match{"rank>7", false}, Match{"rank<8", true},
                    Match{"app>3", false}, Match{"missing<3", false}, Match{"app=", false}, Match{"in in (in)", false},
                    Match{"app in (,web)", true}, Match{"app=web,tier=back", false}));

struct Bad {
  const char* selector;
  const char* message;
};

class LabelSelectorError : public testing::TestWithParam<Bad> {};

TEST_P(LabelSelectorError, SaysWhatIsWrong) {
  const auto selector = LabelSelector::parse(GetParam().selector);
  ASSERT_FALSE(selector);
  EXPECT_EQ(selector.error().reason, Reason::BadRequest);
  EXPECT_EQ(selector.error().message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Selectors, LabelSelectorError,
    testing::Values(Bad{"=web", "found '=', expected: !, identifier, or 'end of string'"},
                    Bad{"app=web,", "found '', expected: identifier after ','"},
                    Bad{"app=web tier=x", "found 'tier', expected: ',' or 'end of string'"},
                    Bad{"app web", "unable to parse requirement: found 'web', expected: in, notin, =, ==, !=, gt, lt"},
                    Bad{"app in web", "unable to parse requirement: found 'web' expected: '('"},
                    Bad{"app in ()",
                        "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set "
                        "can't be empty"},
                    Bad{"app=(", "unable to parse requirement: found '(', expected: identifier"},
                    Bad{"rank>x",
                        "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value "
                        "must be an integer"},
                    Bad{"!", "unable to parse requirement: found '', expected: identifier"}));

TEST(LabelSelector, PrintsItsRequirementsByKey) {
  EXPECT_EQ(LabelSelector::parse("tier in (b, a),!legacy,app!=x,zone,rank>3")->text(),
            "app!=x,!legacy,rank>3,tier in (a,b),zone");
}

TEST(LabelSelector, IsMadeFromMatchLabelsAndExpressions) {
  const auto selector = LabelSelector::of({{"app", "web"}}, {{"tier", "NotIn", {"back"}}, {"rank", "Exists", {}}});
  ASSERT_TRUE(selector);
  EXPECT_TRUE(selector->matches(kWeb));
  EXPECT_EQ(selector->text(), "app=web,rank,tier notin (back)");
  EXPECT_EQ(LabelSelector::of({}, {{"a", "Is", {}}}).error().message, "\"Is\" is not a valid label selector operator");
  EXPECT_TRUE(LabelSelector::of({}, {})->matches(kWeb));
  EXPECT_FALSE(LabelSelector::of_tree(nullptr)->matches(kWeb));
  EXPECT_FALSE(LabelSelector::nothing().matches(Labels{}));
}

std::string_view pod_field(std::string_view path) {
  if (path == "spec.nodeName") return "n1";
  if (path == "metadata.name") return "a,b";
  return "";
}

TEST(FieldSelector, MatchesEqualityAndItsOpposite) {
  EXPECT_TRUE(FieldSelector::parse("spec.nodeName=n1")->matches(pod_field));
  EXPECT_TRUE(FieldSelector::parse("spec.nodeName==n1,status.phase!=Failed")->matches(pod_field));
  EXPECT_FALSE(FieldSelector::parse("spec.nodeName!=n1")->matches(pod_field));
  EXPECT_TRUE(FieldSelector::parse("metadata.name=a\\,b")->matches(pod_field));
  EXPECT_TRUE(FieldSelector::parse("status.phase=")->matches(pod_field));
  EXPECT_TRUE(FieldSelector::parse("")->empty());
  EXPECT_EQ(FieldSelector::parse("metadata.name=a\\,b")->text(), "metadata.name=a\\,b");
}

TEST(FieldSelector, RefusesWhatIsNoComparison) {
  EXPECT_EQ(FieldSelector::parse("spec.nodeName").error().message,
            "invalid selector: 'spec.nodeName'; can't understand 'spec.nodeName'");
  EXPECT_EQ(FieldSelector::parse("a=b\\x").error().reason, Reason::BadRequest);
}

}  // namespace
}  // namespace charon::model
