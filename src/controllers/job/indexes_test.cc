#include "controllers/job/indexes.h"

#include <gtest/gtest.h>

#include <set>

namespace charon::controllers::job {
namespace {

struct Case {
  const char* text;
  int limit;
  const char* canonical;
  int size;
};

class Indexes : public ::testing::TestWithParam<Case> {};

TEST_P(Indexes, AreReadAndWritten) {
  const IndexSet set = IndexSet::parse(GetParam().text, GetParam().limit);
  EXPECT_EQ(set.text(), GetParam().canonical);
  EXPECT_EQ(set.size(), GetParam().size);
}

INSTANTIATE_TEST_SUITE_P(Texts, Indexes,
                         ::testing::Values(Case{"", 10, "", 0}, Case{"3", 10, "3", 1}, Case{"1,3-5,7", 10, "1,3-5,7", 5},
                                           Case{"1-2", 10, "1,2", 2}, Case{"1,2,3", 10, "1-3", 3}, Case{"0-9", 4, "0-3", 4},
                                           Case{"2,x,4-y,-3,5-4,8", 10, "2,8", 2}, Case{"11", 10, "", 0},
                                           Case{"0-2147483646", 2147483647, "0-2147483646", 2147483647}));

TEST(IndexSet, IsASet) {
  IndexSet set;
  std::set<int> model;
  unsigned state = 1;
  for (int i = 0; i < 500; ++i) {
    state = state * 1103515245 + 12345;
    const int first = static_cast<int>(state >> 16) % 90;
    const int last = first + static_cast<int>(state >> 8) % 3;
    set.add(first, last);
    for (int index = first; index <= last; ++index) model.insert(index);
    ASSERT_EQ(set.size(), static_cast<int>(model.size()));
    for (int index = 0; index < 100; ++index) ASSERT_EQ(set.contains(index), model.contains(index)) << index;
    ASSERT_EQ(IndexSet::parse(set.text(), 1000), set);
  }
}

TEST(IndexSet, CountsWhatTwoShare) {
  EXPECT_EQ(IndexSet::parse("0-4,8,10-20", 30).overlap(IndexSet::parse("3-9,20-25", 30)), 4);
  EXPECT_EQ(IndexSet::parse("0-4", 30).overlap(IndexSet()), 0);
}

}  // namespace
}  // namespace charon::controllers::job
