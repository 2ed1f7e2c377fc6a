#include "controllers/horizontalpodautoscaler/calculator.h"

#include <gtest/gtest.h>

namespace charon::controllers::horizontalpodautoscaler {
namespace {

using core::v1::Pod;

const Time kNow{1'700'000'000, 0};

enum class Is : unsigned char { Ready, Unready, Pending, Failed, Deleted, Starting };

// A pod that requests 1000 of cpu and memory (in thousandths).
PodPtr pod_of(int number, Is is) {
  auto pod = std::make_shared<Pod>();
  pod->metadata.name = "p" + std::to_string(number);
  auto& container = pod->spec.containers.emplace_back();
  container.name = "c";
  for (const char* resource : {"cpu", "memory"}) container.resources.requests[resource] = Quantity::of(1);
  pod->status.phase = is == Is::Pending ? "Pending" : is == Is::Failed ? "Failed" : "Running";
  const std::int64_t age = is == Is::Starting ? 100 : 3600;
  pod->status.startTime = Time{kNow.seconds - age, 0};
  auto& ready = pod->status.conditions.emplace_back();
  ready.type = "Ready";
  ready.status = is == Is::Unready || is == Is::Starting ? "False" : "True";
  ready.lastTransitionTime = Time{kNow.seconds - age + 10, 0};
  if (is == Is::Deleted) pod->metadata.deletionTimestamp = kNow;
  return pod;
}

struct Case {
  std::string what;
  std::vector<Is> pods;
  std::vector<std::int64_t> use;  // of the pods in their order; -1: not measured
  std::int32_t target = 50;       // percent
  std::int32_t replicas = 0;      // proposed
  std::int32_t utilization = 0;
  std::string resource = "cpu";
};

Measurement measured(const std::vector<std::int64_t>& use) {
  Measurement all;
  for (std::size_t i = 0; i < use.size(); ++i)
    if (use[i] >= 0) all.pods["p" + std::to_string(i)] = {use[i], kNow, std::chrono::seconds(30)};
  return all;
}

TEST(Utilization, Proposes) {
  using enum Is;
  const Case cases[] = {
      {"up", {Ready, Ready, Ready}, {1000, 1000, 1000}, 50, 6, 100},
      {"down", {Ready, Ready, Ready, Ready}, {250, 250, 250, 250}, 50, 2, 25},
      {"within tolerance", {Ready, Ready}, {540, 540}, 50, 2, 54},
      {"just outside", {Ready, Ready}, {560, 560}, 50, 3, 56},
      {"a missing one counts as full on the way down", {Ready, Ready, Ready}, {100, 100, -1}, 50, 3, 10},
      {"more missing turn nothing", {Ready, Ready, Ready}, {100, -1, -1}, 50, 3, 10},
      {"a missing one counts as nothing on the way up", {Ready, Ready, Ready}, {1000, 1000, -1}, 50, 4, 100},
      {"a missing one above the target is full at the target", {Ready, Ready}, {1000, -1}, 200, 2, 100},
      {"a pending one counts as nothing on the way up", {Ready, Ready, Pending}, {1000, 1000, -1}, 50, 4, 100},
      {"a pending one does not matter on the way down", {Ready, Ready, Pending}, {100, 100, -1}, 50, 1, 10},
      {"failed and deleted ones are not there", {Ready, Failed, Deleted}, {1000, 5, 5}, 50, 2, 100},
      {"the cpu of a starting one is its start", {Ready, Ready, Starting}, {500, 500, 5000}, 50, 3, 50},
      {"its memory is not", {Ready, Ready, Starting}, {500, 500, 5000}, 50, 12, 200, "memory"},
      {"one that was ready before counts", {Ready, Unready}, {1000, 1000}, 50, 4, 100, "memory"},
      {"nothing used", {Ready, Ready}, {0, 0}, 50, 0, 0},
  };
  for (const Case& each : cases) {
    std::vector<PodPtr> pods;
    for (std::size_t i = 0; i < each.pods.size(); ++i) pods.push_back(pod_of(static_cast<int>(i), each.pods[i]));
    const auto count = static_cast<std::int32_t>(pods.size());
    const auto found = by_utilization({each.resource, "", each.target}, {count, count}, pods, measured(each.use), {}, kNow);
    ASSERT_TRUE(found) << each.what << ": " << found.error().message;
    EXPECT_EQ(found->replicas, each.replicas) << each.what;
    EXPECT_EQ(found->utilization, each.utilization) << each.what;
  }
}

TEST(Utilization, SaysWhatItLacks) {
  const std::vector<PodPtr> pods = {pod_of(0, Is::Ready)};
  const auto text = [](const Result<Proposal>& found) { return found ? "" : found.error().message; };
  EXPECT_EQ(text(by_utilization({"cpu", "", 50}, {1, 1}, {}, measured({5}), {}, kNow)),
            "No pods returned by selector while calculating replica count");
  EXPECT_EQ(text(by_utilization({"cpu", "", 50}, {1, 1}, pods, {}, {}, kNow)),
            "did not receive metrics for targeted pods (pods might be unready)");
  EXPECT_EQ(text(by_utilization({"gpu", "", 50}, {1, 1}, pods, measured({5}), {}, kNow)),
            "missing request for gpu in container c of Pod p0");
  EXPECT_EQ(text(by_utilization({"cpu", "other", 50}, {1, 1}, pods, measured({5}), {}, kNow)),
            "container other not found in Pod p0");
  Measurement strange;
  strange.pods["stranger"] = {5, kNow, std::chrono::seconds(30)};
  EXPECT_EQ(text(by_utilization({"cpu", "", 50}, {1, 1}, pods, strange, {}, kNow)), "no metrics returned matched known pods");
}

TEST(Utilization, HasATolerancePerDirection) {
  const std::vector<PodPtr> pods = {pod_of(0, Is::Ready), pod_of(1, Is::Ready)};
  const auto with = [&](std::int64_t use, Tolerances tolerances) {
    return by_utilization({"cpu", "", 50}, {2, 2}, pods, measured({use, use}), tolerances, kNow)->replicas;
  };
  EXPECT_EQ(with(600, {.up = 0.3}), 2);
  EXPECT_EQ(with(600, {.up = 0.1}), 3);
  EXPECT_EQ(with(250, {.down = 0.5}), 2);
  EXPECT_EQ(with(520, {.up = 0}), 3);
}

TEST(Averages, Propose) {
  std::vector<PodPtr> pods = {pod_of(0, Is::Ready), pod_of(1, Is::Ready)};
  EXPECT_EQ(by_average({"", 10'000}, {2, 2}, pods, measured({30'000, 10'000}), {}, kNow)->replicas, 4);
  EXPECT_EQ(by_average({"", 10'000}, {2, 2}, pods, measured({30'000, 10'000}), {}, kNow)->value, 20'000);
  // The one that is not measured is at its target.
  EXPECT_EQ(by_average({"", 10'000}, {2, 2}, pods, measured({2'000, -1}), {}, kNow)->replicas, 2);
}

TEST(Totals, Propose) {
  const std::vector<PodPtr> pods = {pod_of(0, Is::Ready), pod_of(1, Is::Ready), pod_of(2, Is::Unready)};
  Measurement queue;
  queue.values = {20'000, 10'000};
  EXPECT_EQ(by_total(10'000, {3, 3}, pods, queue, {})->replicas, 6);  // threefold, for the two that are ready
  EXPECT_EQ(by_total(30'000, {3, 3}, pods, queue, {})->replicas, 3);
  EXPECT_EQ(by_total(10'000, {0, 0}, {}, queue, {})->replicas, 3);  // from nothing
  EXPECT_EQ(by_share(5'000, {3, 3}, queue, {}).replicas, 6);
  EXPECT_EQ(by_share(5'000, {3, 3}, queue, {}).value, 10'000);
  EXPECT_EQ(by_share(10'000, {3, 3}, queue, {}).replicas, 3);
  EXPECT_EQ(by_share(10'000, {0, 0}, queue, {}).replicas, 3);
}

}  // namespace
}  // namespace charon::controllers::horizontalpodautoscaler
