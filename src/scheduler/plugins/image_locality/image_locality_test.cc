#include "scheduler/plugins/image_locality/image_locality.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"

namespace charon::scheduler::testing {
namespace {

constexpr std::int64_t kMiB = 1024 * 1024;

void add(Probe& probe, const std::string& name, std::vector<std::pair<std::string, std::int64_t>> images) {
  auto node = make_node(name);
  for (const auto& [image, size] : images) {
    auto& entry = node->status.images.emplace_back();
    entry.names = {image};
    entry.sizeBytes = size;
  }
  probe.snapshot.set_node(node);
}

TEST(ImageLocality, LargeImagesThatAreThere) {
  Probe probe(make_image_locality());
  add(probe, "has", {{"web:latest", 1000 * kMiB}});
  add(probe, "has-not", {});
  // Half of the nodes have it: 500 of 1000 MiB count, above the least of 23.
  EXPECT_EQ(probe.scores(make_pod("p")), (Scores{{"has", 48}, {"has-not", 0}}));
  add(probe, "has-not", {{"web:latest", 1000 * kMiB}});
  EXPECT_EQ(probe.scores(make_pod("p")), (Scores{{"has", 100}, {"has-not", 100}}));
}

TEST(ImageLocality, NamesAndSizes) {
  Probe probe(make_image_locality());
  add(probe, "n", {{"web:1", 800 * kMiB}, {"registry:5000/db:latest", 10 * kMiB}});
  EXPECT_TRUE(probe.scores(make_pod("p")).empty());  // web:latest is another image
  Pod pod = make_pod("p");
  pod.spec.containers[0].image = "registry:5000/db";
  EXPECT_EQ(probe.scores(pod), (Scores{{"n", 0}}));  // too small to matter
  pod.spec.containers[0].image = "web:1";
  EXPECT_EQ(probe.scores(pod), (Scores{{"n", 79}}));
  // Each container raises what counts as most.
  pod.spec.containers.push_back(pod.spec.containers[0]);
  pod.spec.containers[1].image = "other";
  EXPECT_EQ(probe.scores(pod), (Scores{{"n", 39}}));
  add(probe, "n", {});
  EXPECT_TRUE(probe.scores(pod).empty());
}

}  // namespace
}  // namespace charon::scheduler::testing
