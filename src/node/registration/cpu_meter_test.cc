#include "node/registration/cpu_meter.h"

#include <gtest/gtest.h>

#include <string>

namespace charon::node {
namespace {

std::string stat(int user, int idle, int waiting = 0) {
  std::string times = std::to_string(user) + " 0 0 " + std::to_string(idle) + " " + std::to_string(waiting) + " 0 0 0 0 0\n";
  return "cpu  " + times + "cpu0 1 2 3\ncpu1 1 2 3\nintr 1\nctxt 2\n";
}

TEST(CpuMeter, SinceTheLastCall) {
  CpuMeter meter;
  EXPECT_FALSE(meter.milli_cpus_since_last(stat(100, 900)));
  EXPECT_EQ(meter.milli_cpus_since_last(stat(150, 950)), 1000);  // half of two cores
  EXPECT_EQ(meter.milli_cpus_since_last(stat(150, 1050)), 0);
  EXPECT_EQ(meter.milli_cpus_since_last(stat(175, 1050, 75)), 500);  // waiting for a disk is no use
  EXPECT_EQ(meter.milli_cpus_since_last(stat(275, 1050, 75)), 2000);
}

TEST(CpuMeter, NothingToTell) {
  CpuMeter meter;
  EXPECT_FALSE(meter.milli_cpus_since_last(""));
  EXPECT_FALSE(meter.milli_cpus_since_last("cpu  1 2 3\n"));
  EXPECT_FALSE(meter.milli_cpus_since_last(stat(100, 900)));
  EXPECT_FALSE(meter.milli_cpus_since_last(stat(100, 900)));  // no time has passed
  EXPECT_FALSE(meter.milli_cpus_since_last(stat(50, 800)));   // it runs backwards
  EXPECT_EQ(meter.milli_cpus_since_last(stat(150, 800)), 2000);
}

}  // namespace
}  // namespace charon::node
