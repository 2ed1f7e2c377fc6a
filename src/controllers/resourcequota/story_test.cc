// Quotas: admission charges them, the controller gives back what is gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controllers/resourcequota/controller.h"
#include "controllers/testing/cluster.h"
#include "server/admission/resource_quota/resource_quota.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using core::v1::ConfigMap;
using core::v1::Pod;
using core::v1::ResourceQuota;
using ::testing::HasSubstr;

class QuotaStory : public ::testing::Test {
 protected:
  QuotaStory() { cluster_.start(std::make_unique<resourcequota::ResourceQuotaController>(cluster_.kinds())); }

  void make_quota(std::map<std::string, std::string> hard, std::vector<std::string> scopes = {}) {
    ResourceQuota quota;
    quota.metadata.name = "q";
    quota.metadata.namespace_ = "default";
    for (const auto& [name, amount] : hard) quota.spec.hard[name] = Quantity::parse(amount).value();
    quota.spec.scopes = std::move(scopes);
    cluster_.create(quota);
    cluster_.run(1s);
  }
  static Pod pod(const std::string& name, const std::string& cpu = "") {
    Pod made;
    made.metadata.name = name;
    made.metadata.namespace_ = "default";
    core::v1::Container& container = made.spec.containers.emplace_back();
    container.name = "c";
    container.image = "i";
    if (!cpu.empty()) container.resources.requests["cpu"] = Quantity::parse(cpu).value();
    return made;
  }
  std::string refusal(const Pod& object) {
    try {
      cluster_.create(object);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  }
  std::string used(const std::string& name) {
    auto quota = cluster_.get<ResourceQuota>({"default", "q"});
    auto found = quota->status.used.find(name);
    return found == quota->status.used.end() ? "none" : found->second.text();
  }

  testing::Cluster cluster_{[](rt::Loop& loop, store::Store& store, server::Caches& caches, auto& plugins) {
    plugins.push_back(server::make_resource_quota(loop, store, caches));
  }};
};

TEST_F(QuotaStory, ANumberOfPodsIsNotExceededAndComesBack) {
  make_quota({{"pods", "2"}, {"count/configmaps", "1"}});
  EXPECT_EQ(used("pods"), "0");
  cluster_.create(pod("a"));
  cluster_.create(pod("b"));
  EXPECT_EQ(used("pods"), "2");
  EXPECT_EQ(refusal(pod("c")),
            "create: pods \"c\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2");
  cluster_.remove<Pod>({"default", "a"});
  cluster_.run(100ms);
  EXPECT_EQ(used("pods"), "1");
  EXPECT_EQ(refusal(pod("c")), "");
}

TEST_F(QuotaStory, TheSameNameMayComeAgainAtOnce) {
  make_quota({{"pods", "1"}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(refusal(pod("a")), "");
    cluster_.remove<Pod>({"default", "a"});
    cluster_.run(100ms);
  }
  EXPECT_EQ(used("pods"), "0");
}

TEST_F(QuotaStory, ComputeMustBeSaidAndIsSummedUp) {
  make_quota({{"requests.cpu", "1"}});
  EXPECT_EQ(refusal(pod("a")), "create: pods \"a\" is forbidden: failed quota: q: must specify requests.cpu for: c");
  cluster_.create(pod("a", "600m"));
  EXPECT_EQ(
      refusal(pod("b", "500m")),
      "create: pods \"b\" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: "
      "requests.cpu=1");
  cluster_.create(pod("b", "400m"));
  EXPECT_EQ(used("requests.cpu"), "1");
}

TEST_F(QuotaStory, PodsThatHaveEndedAreNotCounted) {
  make_quota({{"pods", "1"}, {"count/pods", "5"}});
  cluster_.create(pod("a"));
  cluster_.change<Pod>({"default", "a"}, "status", [](Pod& p) { p.status.phase = "Succeeded"; });
  cluster_.run(100ms);
  EXPECT_EQ(used("pods"), "0");
  EXPECT_EQ(used("count/pods"), "1");
  EXPECT_EQ(refusal(pod("b")), "");
}

TEST_F(QuotaStory, ScopesChooseThePods) {
  make_quota({{"pods", "1"}}, {"NotTerminating"});
  Pod batch = pod("batch");
  batch.spec.activeDeadlineSeconds = 60;
  cluster_.create(batch);
  EXPECT_EQ(used("pods"), "0");
  cluster_.create(pod("a"));
  EXPECT_THAT(refusal(pod("b")), HasSubstr("exceeded quota: q"));
}

TEST_F(QuotaStory, AnyKindIsBoundedByItsNumber) {
  make_quota({{"count/configmaps", "1"}});
  ConfigMap map;
  map.metadata.namespace_ = "default";
  map.metadata.name = "a";
  cluster_.create(map);
  map.metadata.name = "b";
  EXPECT_THROW(cluster_.create(map), std::runtime_error);
  cluster_.remove<ConfigMap>({"default", "a"});
  cluster_.run(100ms);
  cluster_.create(map);
}

TEST_F(QuotaStory, ACreateThatFailsLateIsGivenBack) {
  make_quota({{"pods", "2"}});
  cluster_.create(pod("a"));
  EXPECT_THAT(refusal(pod("a")), HasSubstr("already exists"));
  cluster_.run(6min);
  EXPECT_EQ(used("pods"), "1");
}

rt::Task<void> try_create(client::Transport* transport, Pod object, int* made, int* refused) {
  codec::Value tree = schema::tree_from_struct(Pod::table(), &object);
  auto creating = transport->create({&client::kind_of<Pod>()}, "default", std::move(tree));
  auto created = co_await creating;
  ++(created ? *made : *refused);
}

// The controller adds up in the middle of it, as it does when pods go.
TEST_F(QuotaStory, ConcurrentCreatesDoNotOverrun) {
  make_quota({{"pods", "10"}});
  for (int i = 0; i < 5; ++i) cluster_.create(pod("old-" + std::to_string(i)));
  server::User admin;
  admin.name = "admin";
  admin.groups = {"system:masters"};
  auto transport = server::make_in_process_transport(cluster_.api(), cluster_.authorizer(), admin);
  int made = 0;
  int refused = 0;
  rt::Scope scope(cluster_.loop());
  for (int i = 0; i < 40; ++i) scope.spawn(try_create(transport.get(), pod("new-" + std::to_string(i)), &made, &refused));
  for (int i = 0; i < 5; ++i) cluster_.remove<Pod>({"default", "old-" + std::to_string(i)});
  cluster_.run(10s);
  EXPECT_EQ(made + refused, 40);
  EXPECT_GE(made, 5);
  EXPECT_LE(cluster_.list<Pod>().size(), 10u);
  EXPECT_EQ(used("pods"), std::to_string(cluster_.list<Pod>().size()));
}

// A sum that was made before a charged pod was stored does not make room for another.
TEST_F(QuotaStory, AStaleSumMakesNoRoom) {
  make_quota({{"pods", "1"}});
  server::User admin;
  admin.name = "admin";
  admin.groups = {"system:masters"};
  cluster_.create(pod("a"));
  cluster_.change<ResourceQuota>({"default", "q"}, "status", [](ResourceQuota& q) { q.status.used["pods"] = Quantity::of(0); });
  // The sum is younger than the pod: it stands.
  EXPECT_EQ(refusal(pod("b")), "");
}

}  // namespace
}  // namespace charon::controllers
