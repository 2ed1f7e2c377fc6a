#include "server/authn/service_account/service_account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/bytes.h"
#include "server/authn/service_account/claims.h"
#include "server/authn/service_account/legacy_token_use.h"
#include "server/server_for_test.h"

namespace charon::server {
namespace {

using authentication::v1::BoundObjectReference;
using authentication::v1::TokenRequest;
using namespace std::chrono_literals;

jose::SigningKey make_key() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  long size = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free_all(bio);
  EVP_PKEY_free(key);
  return jose::SigningKey::from_private_pem(pem).value();
}

class ServiceAccountTest : public testing::Test {
 protected:
  ServiceAccountTest() {
    create(R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"robot","namespace":"default"}})");
    create(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"default"},
               "spec":{"serviceAccountName":"robot","containers":[{"name":"c","image":"i"}]}})");
  }

  void create(std::string_view json) {
    auto created = server_.create(json);
    ASSERT_TRUE(created) << created.error().message;
  }

  TokenRequest bound_to_pod(std::int64_t seconds) {
    TokenRequest request;
    request.spec.expirationSeconds = seconds;
    request.spec.boundObjectRef = BoundObjectReference{.kind = "Pod", .apiVersion = "v1", .name = "web"};
    return request;
  }

  std::string token(TokenRequest request) {
    auto answer = tokens_.request("default", "robot", std::move(request));
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? answer->status.token : "";
  }
  bool accepted(std::string_view token, std::vector<std::string> audiences = {}) {
    auto user = authenticator_->authenticate(token, audiences);
    return user && user->has_value();
  }

  ServerForTest server_;
  jose::SigningKey key_ = make_key();
  ServiceAccountKeys keys_{key_};
  ServiceAccountTokens tokens_{server_.loop.clock(), server_.random, server_.caches, keys_};
  std::unique_ptr<TokenAuthenticator> authenticator_ =
      make_service_account_authenticator(server_.loop.clock(), server_.caches, keys_);
};

TEST_F(ServiceAccountTest, ATokenNamesItsAccountPodAndGroups) {
  std::string text = token(bound_to_pod(600));
  auto found = authenticator_->authenticate(text, {});
  ASSERT_TRUE(found && *found);
  const User& user = (*found)->user;
  EXPECT_EQ(user.name, "system:serviceaccount:default:robot");
  EXPECT_THAT(user.groups, testing::ElementsAre("system:serviceaccounts", "system:serviceaccounts:default"));
  EXPECT_EQ(user.uid, server_.get("ServiceAccount", {"default", "robot"})->uid());
  EXPECT_THAT(user.extra.at("authentication.kubernetes.io/pod-name"), testing::ElementsAre("web"));
  EXPECT_THAT(user.extra.at("authentication.kubernetes.io/credential-id"), testing::ElementsAre(testing::StartsWith("JTI=")));
}

TEST_F(ServiceAccountTest, ATokenEndsWithItsTimeItsPodAndItsAccount) {
  std::string pod_token = token(bound_to_pod(600));
  std::string plain = token({});
  EXPECT_TRUE(accepted(pod_token));
  server_.loop.run_for(11min + 1s);  // a minute is forgiven
  EXPECT_FALSE(accepted(pod_token));
  EXPECT_TRUE(accepted(plain));

  std::string other = token(bound_to_pod(3600));
  EXPECT_TRUE(accepted(other));
  ASSERT_TRUE(server_.remove(*model::find_kind({"", "v1"}, "Pod"), {"default", "web"}));
  EXPECT_FALSE(accepted(other));
  EXPECT_TRUE(accepted(plain));
  ASSERT_TRUE(server_.remove(*model::find_kind({"", "v1"}, "ServiceAccount"), {"default", "robot"}));
  EXPECT_FALSE(accepted(plain));
  // An account of the same name is another account.
  create(R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"robot","namespace":"default"}})");
  EXPECT_FALSE(accepted(plain));
}

TEST_F(ServiceAccountTest, WhenATokenInASecretWasUsedLastIsWritten) {
  create(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-system"}})");
  const std::string account = server_.get("ServiceAccount", {"default", "robot"})->uid();
  auto text = keys_.sign(R"({"iss":"kubernetes/serviceaccount","sub":"system:serviceaccount:default:robot",
      "kubernetes.io/serviceaccount/namespace":"default","kubernetes.io/serviceaccount/secret.name":"old",
      "kubernetes.io/serviceaccount/service-account.name":"robot","kubernetes.io/serviceaccount/service-account.uid":")" +
                         account + "\"}");
  ASSERT_TRUE(text);
  create(R"({"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token","metadata":{"name":"old",
      "namespace":"default","annotations":{"kubernetes.io/service-account.name":"robot"}},"data":{"token":")" +
         base64_encode(*text) + "\"}}");
  LegacyTokenUse use(*server_.api, server_.metrics);
  authenticator_ = make_service_account_authenticator(server_.loop.clock(), server_.caches, keys_, &use);
  use.start();
  auto today = [this] { return format_rfc3339(server_.loop.clock().wall()).substr(0, 10); };
  auto last_used = [this] {
    server_.loop.run_for(1s);
    return std::string(codec::string_at_path(server_.get("Secret", {"default", "old"})->tree(),
                                             {"metadata", "labels", "kubernetes.io/legacy-token-last-used"}));
  };
  EXPECT_EQ(last_used(), "");
  EXPECT_TRUE(accepted(*text));
  EXPECT_TRUE(accepted(*text));
  EXPECT_EQ(last_used(), today());
  const Revision written = server_.get("Secret", {"default", "old"})->revision();
  EXPECT_TRUE(accepted(*text));
  EXPECT_EQ(last_used(), today());
  EXPECT_EQ(server_.get("Secret", {"default", "old"})->revision(), written);
  server_.loop.run_for(24h);
  EXPECT_TRUE(accepted(*text));
  EXPECT_EQ(last_used(), today());
  EXPECT_NE(server_.metrics.expose().find("serviceaccount_legacy_manual_token_uses_total 4\n"), std::string::npos);

  const ObjectKey record{"kube-system", "kube-apiserver-legacy-service-account-token-tracking"};
  auto since = [&] {
    DocumentPtr found = server_.get("ConfigMap", record);
    return found ? std::string(codec::string_at_path(found->tree(), {"data", "since"})) : "none";
  };
  EXPECT_EQ(since().size(), 10u);
  EXPECT_LT(since(), today());
  ASSERT_TRUE(server_.remove(*model::find_kind({"", "v1"}, "ConfigMap"), record));
  server_.loop.run_for(31min);
  EXPECT_EQ(since(), today());
}

TEST_F(ServiceAccountTest, AForgedTokenIsUnauthorized) {
  std::string text = token({});
  std::size_t payload = text.find('.') + 1;
  std::string changed = text;
  changed[payload + 20] = changed[payload + 20] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(accepted(changed));
  changed = text;
  changed[text.size() - 5] = changed[text.size() - 5] == 'A' ? 'B' : 'A';
  auto refused = authenticator_->authenticate(changed, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::Unauthorized);
  // "none" is no algorithm here.
  std::string none = base64url_encode(R"({"alg":"none"})") + text.substr(text.find('.'));
  EXPECT_FALSE(accepted(none.substr(0, none.rfind('.') + 1)));
  EXPECT_FALSE(accepted(none));
  auto foreign = authenticator_->authenticate("abc", {});
  ASSERT_TRUE(foreign);
  EXPECT_FALSE(foreign->has_value());
}

TEST_F(ServiceAccountTest, AudiencesAreChecked) {
  TokenRequest request;
  request.spec.audiences = {"vault"};
  std::string text = token(std::move(request));
  EXPECT_FALSE(accepted(text));
  EXPECT_TRUE(accepted(text, {"vault", "other"}));
  EXPECT_THAT((*authenticator_->authenticate(text, {"vault", "other"}))->audiences, testing::ElementsAre("vault"));
}

TEST_F(ServiceAccountTest, TheTokenOfAPodIsExtendedAndSaysFromWhenToWarn) {
  auto answer = tokens_.request("default", "robot", bound_to_pod(3607));
  ASSERT_TRUE(answer);
  std::int64_t now = server_.loop.wall().seconds;
  TokenClaims claims = parse_claims(jose::unverified_payload(answer->status.token)).value();
  EXPECT_EQ(answer->status.expirationTimestamp.seconds, now + 3607);
  EXPECT_EQ(claims.warn_after_s, now + 3607);
  EXPECT_EQ(claims.expires_at_s, now + 365 * 86400);
}

TEST_F(ServiceAccountTest, WhatCannotBeGrantedSaysWhy) {
  auto missing = tokens_.request("default", "nobody", {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "serviceaccounts \"nobody\" not found");
  auto brief = tokens_.request("default", "robot", bound_to_pod(599));
  ASSERT_FALSE(brief);
  EXPECT_EQ(brief.error().reason, Reason::Invalid);
  EXPECT_THAT(brief.error().message, testing::HasSubstr("may not specify a duration less than 10 minutes"));
  TokenRequest request = bound_to_pod(600);
  request.spec.boundObjectRef->uid = "other";
  EXPECT_EQ(tokens_.request("default", "robot", request).error().reason, Reason::Conflict);
  request.spec.boundObjectRef->kind = "ConfigMap";
  EXPECT_EQ(tokens_.request("default", "robot", request).error().reason, Reason::BadRequest);
  TokenRequest other;
  other.metadata.name = "other";
  EXPECT_THAT(tokens_.request("default", "robot", other).error().message,
              testing::HasSubstr("metadata.name: Invalid value: \"other\": must match the service account name if specified"));
}

TEST_F(ServiceAccountTest, TokensOfAnOlderKeyGoOn) {
  std::string older = token({});
  jose::SigningKey next = make_key();
  keys_.replace(ServiceAccountKeys(next, {key_}));
  EXPECT_TRUE(accepted(older));
  EXPECT_TRUE(accepted(token({})));
  EXPECT_EQ(jose::unverified_key_id(token({})), next.id());
  EXPECT_THAT(codec::write_json(codec::Value(tokens_.key_set())), testing::HasSubstr(key_.id()));
  keys_.replace(ServiceAccountKeys(next));
  EXPECT_FALSE(accepted(older));
  EXPECT_TRUE(accepted(token({})));
}

TEST_F(ServiceAccountTest, ATokenInASecretIsGoodAsLongAsTheSecretHoldsIt) {
  std::string uid = server_.get("ServiceAccount", {"default", "robot"})->uid();
  auto token_of = [&](std::string_view secret) {
    return key_
        .sign(
            R"({"iss":"kubernetes/serviceaccount","kubernetes.io/serviceaccount/namespace":"default",)"
            R"("kubernetes.io/serviceaccount/secret.name":")" +
            std::string(secret) +
            R"(","kubernetes.io/serviceaccount/service-account.name":"robot","kubernetes.io/serviceaccount/service-account.uid":")" +
            uid + R"(","sub":"system:serviceaccount:default:robot"})")
        .value();
  };
  std::string text = token_of("s");
  EXPECT_FALSE(accepted(text));
  create(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"default","annotations":{
             "kubernetes.io/service-account.name":"robot"}},"type":"kubernetes.io/service-account-token","stringData":{"token":")" +
         text + "\"}}");
  EXPECT_TRUE(accepted(text));
  EXPECT_FALSE(accepted(text, {"vault"}));
  EXPECT_FALSE(accepted(token_of("s")));  // another signature than the one in the secret
  server_.loop.run_for(100 * 24h);
  EXPECT_TRUE(accepted(text));
  ASSERT_TRUE(server_.remove(*model::find_kind({"", "v1"}, "Secret"), {"default", "s"}));
  EXPECT_FALSE(accepted(text));
}

TEST_F(ServiceAccountTest, TheKeySetIsPublic) {
  std::string text = codec::write_json(codec::Value(tokens_.key_set()));
  EXPECT_THAT(text, testing::HasSubstr("\"kid\":\"" + key_.id() + "\""));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("\"d\":")));
}

}  // namespace
}  // namespace charon::server
