// The HTTP transport and the informer against the API server's HTTP front, on a virtual network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"
#include "client/https.h"
#include "client/informer.h"
#include "controllers/testing/cluster.h"
#include "net/server.h"
#include "rt/virtual/net.h"
#include "server/authn/authenticator.h"
#include "server/front/front.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using core::v1::ConfigMap;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class TokenAuthenticator final : public server::Authenticator {
 public:
  Result<std::optional<server::User>> authenticate(const net::RequestHead& head) const override {
    if (server::bearer_token(head) != "secret") return fail(Reason::Unauthorized, "Unauthorized");
    server::User user;
    user.name = "admin";
    user.groups = {"system:masters"};
    return std::optional(std::move(user));
  }
};

class HttpsTransportTest : public ::testing::Test {
 protected:
  HttpsTransportTest()
      : net_(cluster_.loop()), front_(cluster_.api(), authenticator_, cluster_.authorizer(), metrics_, nullptr) {
    server_ = net::serve(cluster_.loop(), *net_.listen(address_), nullptr,
                         [this](net::Exchange& exchange) { return front_.handle(exchange); });
    transport_ = connect("secret");
  }
  std::unique_ptr<client::Transport> connect(std::string token) {
    net::ClientOptions options;
    options.address = address_;
    return client::make_https_transport(net::make_client(cluster_.loop(), net_, std::move(options)),
                                        {.bearer_token = std::move(token)});
  }
  Result<std::shared_ptr<const ConfigMap>> create(const std::string& name) {
    ConfigMap map;
    map.metadata.name = name;
    map.metadata.namespace_ = "default";
    map.data["key"] = "value";
    return cluster_.loop().run(client::Client(*transport_).create<ConfigMap>(map));
  }

  testing::Cluster cluster_;
  rt::VirtualNet net_;
  const rt::Address address_ = rt::Address::tcp("10.0.0.1", 6443);
  TokenAuthenticator authenticator_;
  Metrics metrics_;
  server::Front front_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<client::Transport> transport_;
};

TEST_F(HttpsTransportTest, WritesAndReads) {
  const auto created = create("a");
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_FALSE((*created)->metadata.uid.empty());
  ConfigMap changed = **created;
  changed.data["key"] = "other";
  const auto updated = cluster_.loop().run(client::Client(*transport_).update<ConfigMap>(changed));
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ(cluster_.get<ConfigMap>({"default", "a"})->data.at("key"), "other");
  // The version that was read first is not the current one any more.
  const auto stale = cluster_.loop().run(client::Client(*transport_).update<ConfigMap>(changed));
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().reason, Reason::Conflict);
  const auto patched =
      cluster_.loop().run(transport_->patch({&client::kind_of<ConfigMap>()}, {"default", "a"}, client::PatchType::Merge,
                                            codec::Object{{"data", codec::Object{{"more", "yes"}}}}));
  ASSERT_TRUE(patched) << patched.error().message;
  EXPECT_EQ((*patched)->as<ConfigMap>()->data.at("more"), "yes");
  const auto gone = cluster_.loop().run(transport_->remove({&client::kind_of<ConfigMap>()}, {"default", "a"}, {}));
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_EQ((*gone)->uid(), (*created)->metadata.uid);
  const auto missing = cluster_.loop().run(transport_->get({&client::kind_of<ConfigMap>()}, {"default", "a"}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().reason, Reason::NotFound);
  EXPECT_EQ(missing.error().message, "configmaps \"a\" not found");
}

TEST_F(HttpsTransportTest, AWrongTokenIsUnauthorized) {
  transport_ = connect("wrong");
  const auto created = create("a");
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().reason, Reason::Unauthorized);
}

TEST_F(HttpsTransportTest, AnInformerFollowsAndSurvivesTheServer) {
  ASSERT_TRUE(create("a"));
  client::Informer informer(cluster_.loop(), cluster_.random(), *transport_, client::kind_of<ConfigMap>());
  std::vector<std::string> seen;
  client::InformerHandlers handlers;
  handlers.added = [&](const model::DocumentPtr& now) { seen.push_back("+" + now->key().name); };
  handlers.updated = [&](const model::DocumentPtr&, const model::DocumentPtr& now) { seen.push_back("~" + now->key().name); };
  handlers.deleted = [&](const model::DocumentPtr& last) { seen.push_back("-" + last->key().name); };
  const auto subscription = informer.subscribe(std::move(handlers));
  informer.start();
  cluster_.run(1s);
  EXPECT_TRUE(informer.synced());
  ASSERT_TRUE(create("b"));
  cluster_.change<ConfigMap>({"default", "b"}, "", [](ConfigMap& map) { map.data["key"] = "new"; });
  cluster_.remove<ConfigMap>({"default", "a"});
  cluster_.run(1s);
  EXPECT_THAT(seen, ElementsAre("+a", "+b", "~b", "-a"));
  EXPECT_THAT(informer.list<ConfigMap>("default"), SizeIs(1));
  EXPECT_EQ(informer.get<ConfigMap>({"default", "b"})->data.at("key"), "new");

  // A server that ends every watch as soon as it is opened is not asked all the time.
  const auto watches = informer.stats().watches;
  cluster_.caches().shutdown();
  cluster_.run(60s);
  EXPECT_LT(informer.stats().watches - watches, 20u);
  EXPECT_THAT(informer.list<ConfigMap>("default"), SizeIs(1));

  // The server goes away and comes back: the informer finds out what happened meanwhile.
  server_.reset();
  cluster_.run(5s);
  cluster_.remove<ConfigMap>({"default", "b"});
  server_ = net::serve(cluster_.loop(), *net_.listen(address_), nullptr,
                       [this](net::Exchange& exchange) { return front_.handle(exchange); });
  cluster_.run(60s);
  EXPECT_EQ(seen.back(), "-b");
  EXPECT_EQ(informer.size(), 0u);
  EXPECT_GE(informer.stats().failures, 1u);
}

}  // namespace
}  // namespace charon::controllers
