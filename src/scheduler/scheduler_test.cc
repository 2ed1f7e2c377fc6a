#include "scheduler/scheduler.h"

#include <gtest/gtest.h>

#include <chrono>

#include "client/typed.h"
#include "rt/virtual/loop.h"
#include "scheduler/test_objects.h"
#include "server/api.h"
#include "server/authz/authorizer.h"
#include "server/in_process.h"
#include "store/memory/memory_store.h"

namespace charon::scheduler::testing {
namespace {

using std::chrono::seconds;

class Everything final : public server::Authorizer {
 public:
  server::Decision authorize(const server::Attributes&) const override { return {.allowed = true, .reason = "test"}; }
  server::UserRules rules_for(const server::User&, std::string_view) const override { return {.incomplete = true}; }
};

// A scheduler on the real API server over the memory store, in virtual time.
class SchedulerTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(loop_.run(caches_.start())); }

  void start() {
    scheduler_.start();
    loop_.run_for(seconds(1));
  }
  template <class T>
  std::shared_ptr<const T> create(T object) {
    auto created = loop_.run(client_.create<T>(std::move(object)));
    EXPECT_TRUE(created) << (created ? "" : created.error().message);
    return created ? *created : nullptr;
  }
  void add_node(const std::string& name, const NodeSpecification& with = {}) {
    Node node = *make_node(name, with);
    auto created = create<Node>(node);
    node.metadata = created->metadata;
    ASSERT_TRUE(loop_.run(client_.update<Node>(node, "status")));
  }
  void add_pod(Pod pod) {
    pod.metadata.uid.clear();
    create<Pod>(std::move(pod));
  }
  std::shared_ptr<const Pod> pod(const std::string& name) {
    auto found = loop_.run(client_.get<Pod>({"default", name}));
    EXPECT_TRUE(found);
    return found ? *found : nullptr;
  }
  std::string node_of(const std::string& name) { return pod(name)->spec.nodeName; }
  // "reason: message" of the events about a pod.
  std::vector<std::string> events(const std::string& name) {
    std::vector<std::string> out;
    auto listed = loop_.run(transport_->list({&client::kind_of<core::v1::Event>()}, {.ns = "default"}));
    for (const auto& document : listed->items) {
      auto event = document->as<core::v1::Event>();
      if (event->involvedObject.name == name) out.push_back(event->type + " " + event->reason + ": " + event->message);
    }
    return out;
  }

  rt::VirtualLoop loop_;
  rt::SeededRandom random_{1};
  std::unique_ptr<store::Store> store_ = store::make_memory_store(loop_);
  model::KindRegistry kinds_;
  server::Caches caches_{loop_, *store_, kinds_};
  server::Admission admission_{{}};
  server::Api api_{loop_, random_, *store_, caches_, admission_};
  Everything authorizer_;
  std::unique_ptr<client::Transport> transport_ = server::make_in_process_transport(api_, authorizer_, {.name = "scheduler"});
  client::Client client_{*transport_};
  client::InformerSet informers_{loop_, random_, *transport_};
  Scheduler scheduler_{loop_, informers_, *transport_, random_};
};

TEST_F(SchedulerTest, BindsAndSaysSo) {
  add_node("node-1");
  start();
  add_pod(make_pod("web-1", "1"));
  loop_.run_for(seconds(1));
  EXPECT_EQ(node_of("web-1"), "node-1");
  EXPECT_EQ(events("web-1"), std::vector<std::string>{"Normal Scheduled: Successfully assigned default/web-1 to node-1"});
  EXPECT_EQ(scheduler_.stats().scheduled, 1u);
  EXPECT_TRUE(scheduler_.idle());
  EXPECT_EQ(scheduler_.snapshot().node("node-1")->requested.milli_cpu, 1000);
  EXPECT_FALSE(scheduler_.snapshot().is_assumed(pod("web-1")->metadata.uid));
}

TEST_F(SchedulerTest, PodsThatWereThereBeforeIt) {
  add_node("node-1");
  for (int i = 0; i < 20; ++i) add_pod(make_pod("web-" + std::to_string(i), "100m"));
  start();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(node_of("web-" + std::to_string(i)), "node-1");
}

TEST_F(SchedulerTest, UnschedulableUntilANodeComes) {
  start();
  add_pod(make_pod("web", "2"));
  loop_.run_for(seconds(1));
  auto waiting = pod("web");
  EXPECT_EQ(waiting->spec.nodeName, "");
  ASSERT_EQ(waiting->status.conditions.size(), 1u);
  const auto condition = waiting->status.conditions[0];
  EXPECT_EQ(condition.type, "PodScheduled");
  EXPECT_EQ(condition.status, "False");
  EXPECT_EQ(condition.reason, "Unschedulable");
  EXPECT_EQ(condition.message, "no nodes available to schedule pods");

  add_node("small", {.cpu = "1"});
  loop_.run_for(seconds(20));
  EXPECT_EQ(pod("web")->status.conditions.at(0).message,
            "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for "
            "scheduling.");
  EXPECT_EQ(pod("web")->status.conditions.at(0).lastTransitionTime, condition.lastTransitionTime);

  add_node("large");
  loop_.run_for(seconds(20));
  EXPECT_EQ(node_of("web"), "large");
  auto written = events("web");
  EXPECT_EQ(std::ranges::count(written, "Warning FailedScheduling: no nodes available to schedule pods"), 1);
  EXPECT_EQ(std::ranges::count(written, "Normal Scheduled: Successfully assigned default/web to large"), 1);
}

TEST_F(SchedulerTest, RoomThatIsMadeIsUsed) {
  add_node("node-1", {.cpu = "1"});
  start();
  add_pod(make_pod("first", "1"));
  loop_.run_for(seconds(1));
  add_pod(make_pod("second", "1"));
  loop_.run_for(seconds(5));
  EXPECT_EQ(node_of("second"), "");
  ASSERT_TRUE(loop_.run(client_.remove<Pod>({"default", "first"}, {.grace_period_s = 0})));
  loop_.run_for(seconds(11));
  EXPECT_EQ(node_of("second"), "node-1");
}

TEST_F(SchedulerTest, OtherSchedulersPodsAndGatedPodsAreLeftAlone) {
  add_node("node-1");
  start();
  Pod foreign = make_pod("foreign");
  foreign.spec.schedulerName = "another";
  add_pod(foreign);
  Pod gated = make_pod("gated");
  gated.spec.schedulingGates.emplace_back().name = "quota";
  add_pod(gated);
  loop_.run_for(seconds(30));
  EXPECT_EQ(node_of("foreign"), "");
  EXPECT_EQ(node_of("gated"), "");
  EXPECT_EQ(scheduler_.stats().attempts, 0u);
  Pod opened = *pod("gated");
  opened.spec.schedulingGates.clear();
  auto updated = loop_.run(client_.update<Pod>(opened));
  ASSERT_TRUE(updated) << updated.error().message;
  loop_.run_for(seconds(1));
  EXPECT_EQ(node_of("gated"), "node-1");
}

TEST_F(SchedulerTest, DoesNotOverfillWhileBindingsAreUnderWay) {
  add_node("node-1", {.cpu = "1"});
  add_node("node-2", {.cpu = "1"});
  start();
  for (int i = 0; i < 30; ++i) add_pod(make_pod("p" + std::to_string(i), "100m"));
  loop_.run_for(seconds(3));
  std::map<std::string, int> placed;
  for (int i = 0; i < 30; ++i) ++placed[node_of("p" + std::to_string(i))];
  EXPECT_EQ(placed, (std::map<std::string, int>{{"", 10}, {"node-1", 10}, {"node-2", 10}}));
}

}  // namespace
}  // namespace charon::scheduler::testing
