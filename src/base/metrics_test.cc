#include "base/metrics.h"

#include <gtest/gtest.h>

namespace charon {
namespace {

TEST(Metrics, ExposesFamiliesByNameWithLabelsEscaped) {
  Metrics metrics;
  metrics.counter("b_total", "Second.", {"path"}).counter({"a\"b\\c\nd"}).add(2);
  metrics.gauge("a", "First.").counter({}).set(1.5);
  EXPECT_EQ(metrics.expose(),
            "# HELP a First.\n# TYPE a gauge\na 1.5\n"
            "# HELP b_total Second.\n# TYPE b_total counter\nb_total{path=\"a\\\"b\\\\c\\nd\"} 2\n");
}

TEST(Metrics, HistogramBucketsAreCumulativeAndInclusive) {
  Metrics metrics;
  Histogram& histogram = metrics.histogram("h", "H.", {1, 2}, {"verb"}).histogram({"GET"});
  for (double value : {0.5, 1.0, 1.5, 3.0}) histogram.observe(value);
  EXPECT_EQ(metrics.expose(),
            "# HELP h H.\n# TYPE h histogram\n"
            "h_bucket{verb=\"GET\",le=\"1\"} 2\nh_bucket{verb=\"GET\",le=\"2\"} 3\nh_bucket{verb=\"GET\",le=\"+Inf\"} 4\n"
            "h_sum{verb=\"GET\"} 6\nh_count{verb=\"GET\"} 4\n");
}

}  // namespace
}  // namespace charon
