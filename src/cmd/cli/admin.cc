#include "cmd/cli/admin.h"

#include <fmt/format.h>

#include <cstdio>
#include <map>

#include "api/core/v1/types.h"
#include "client/https.h"
#include "client/typed.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/pid_file.h"
#include "cmd/cli/progress.h"
#include "cmd/pki/pki.h"
#include "codec/tree.h"
#include "codec/yaml.h"
#include "rt/files.h"
#include "rt/os/loop.h"
#include "rt/os/machine.h"
#include "rt/os/net.h"
#include "rt/os/system.h"

namespace charon::cmd {
namespace {

using std::chrono::hours;

constexpr hours kTokenLife{24};
constexpr std::size_t kAnswerBytes = 1u << 20;

// The named entry of "clusters" or "users", which wraps its content under `inner`.
const codec::Value* first_entry(const codec::Value& tree, std::string_view list, std::string_view inner) {
  const codec::Value* entries = codec::find(tree, list);
  if (entries == nullptr || !entries->is_array() || entries->get_array().empty()) return nullptr;
  return codec::find(entries->get_array().front(), inner);
}

struct Server {
  std::string host;
  std::uint16_t port = 443;
};

Result<Server> parse_server(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  std::size_t colon = url.rfind(':');
  if (!url.starts_with(kScheme) || colon <= kScheme.size())
    return fail(Reason::Invalid, "the kubeconfig's server \"" + std::string(url) + "\" is not of the form https://HOST:PORT");
  return Server{std::string(url.substr(kScheme.size(), colon - kScheme.size())),
                static_cast<std::uint16_t>(std::atoi(std::string(url.substr(colon + 1)).c_str()))};
}

std::string random_text(rt::Random& random, int length) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string text;
  for (int i = 0; i < length; ++i) text += kAlphabet[random.below(kAlphabet.size())];
  return text;
}

// A Secret of type bootstrap.kubernetes.io/token, which the API server accepts as a bearer token until it expires.
core::v1::Secret token_secret(const std::string& id, const std::string& secret, Time expires) {
  core::v1::Secret object;
  object.metadata.name = "bootstrap-token-" + id;
  object.metadata.namespace_ = "kube-system";
  object.type = "bootstrap.kubernetes.io/token";
  object.stringData = {{"token-id", id},
                       {"token-secret", secret},
                       {"expiration", format_rfc3339(expires)},
                       {"usage-bootstrap-authentication", "true"},
                       {"usage-bootstrap-signing", "true"},
                       {"auth-extra-groups", "system:bootstrappers:charon:default-node-token"},
                       {"description", "made by `charon token create`"}};
  return object;
}

rt::Task<int> create_token(rt::OsLoop& loop, Options options) {
  auto files = rt::make_os_files();
  auto net = rt::make_os_net(loop);
  auto random = rt::make_os_random();
  auto http = admin_http(loop, *net, *files, options);
  if (!http) co_return complain("no way to the API server", http.error());
  auto transport = client::make_https_transport(std::move(*http), {});
  std::string id = random_text(*random, 6);
  std::string secret = random_text(*random, 16);
  Time expires = loop.clock().wall();
  expires.seconds += std::chrono::seconds(kTokenLife).count();
  client::Client client(*transport);
  auto created = co_await client.create(token_secret(id, secret, expires));
  if (!created) co_return complain("the token could not be made", created.error());
  std::printf("%s.%s\n", id.c_str(), secret.c_str());
  co_return 0;
}

rt::Task<int> show_health(rt::OsLoop& loop, Options options) {
  auto files = rt::make_os_files();
  auto net = rt::make_os_net(loop);
  auto http = admin_http(loop, *net, *files, options);
  if (!http) co_return complain("no way to the API server", http.error());
  net::ClientRequest ready;
  ready.path = "/readyz?verbose";
  auto answer = co_await (*http)->fetch(std::move(ready), kAnswerBytes);
  if (!answer) co_return complain("the API server does not answer", answer.error());
  std::printf("API server: %s\n", answer->status == 200 ? "ready" : answer->body.c_str());
  int code = answer->status == 200 ? 0 : 1;
  auto transport = client::make_https_transport(std::move(*http), {});
  auto nodes = co_await transport->list({&client::kind_of<core::v1::Node>()}, {});
  if (!nodes) co_return complain("the nodes could not be read", nodes.error());
  for (const model::DocumentPtr& document : nodes->items) {
    auto node = document->as<core::v1::Node>();
    std::string state = "has not reported yet";
    for (const core::v1::NodeCondition& condition : node->status.conditions)
      if (condition.type == "Ready") state = condition.status == "True" ? "ready" : "not ready: " + condition.message;
    std::printf("node %s: %s\n", node->metadata.name.c_str(), state.c_str());
    if (state != "ready") code = 1;
  }
  co_return code;
}

}  // namespace

namespace {

Result<codec::Value> read_kubeconfig(const rt::Files& files, const Options& options) {
  auto text = files.read(admin_kubeconfig(options));
  if (!text)
    return fail(text.error().reason, text.error().message + ". Is there a cluster on this machine? `charon up` makes one");
  return codec::parse_yaml(*text);
}

Result<Server> server_of(const codec::Value& kubeconfig) {
  const codec::Value* cluster = first_entry(kubeconfig, "clusters", "cluster");
  if (cluster == nullptr) return fail(Reason::Invalid, "the administrator's kubeconfig names no cluster");
  return parse_server(codec::string_at(*cluster, "server"));
}

}  // namespace

Result<std::unique_ptr<net::HttpClient>> admin_http(rt::Loop& loop, rt::Net& net, const rt::Files& files,
                                                    const Options& options) {
  TRY_ASSIGN(codec::Value tree, read_kubeconfig(files, options));
  TRY_ASSIGN(Server server, server_of(tree));
  const codec::Value* cluster = first_entry(tree, "clusters", "cluster");
  const codec::Value* user = first_entry(tree, "users", "user");
  if (user == nullptr) return fail(Reason::Invalid, admin_kubeconfig(options) + " names no user");
  net::TlsClientOptions tls;
  TRY_ASSIGN(tls.ca_pem, base64_decode(codec::string_at(*cluster, "certificate-authority-data")));
  net::KeyPair identity;
  TRY_ASSIGN(identity.certificate_pem, base64_decode(codec::string_at(*user, "client-certificate-data")));
  TRY_ASSIGN(identity.key_pem, base64_decode(codec::string_at(*user, "client-key-data")));
  tls.identity = std::move(identity);
  tls.server_name = server.host;
  net::ClientOptions client;
  client.address = rt::Address::tcp(server.host, server.port);
  TRY_ASSIGN(client.tls, net::make_tls_client(tls));
  return net::make_client(loop, net, std::move(client));
}

Result<int> admin_port(const rt::Files& files, const Options& options) {
  TRY_ASSIGN(codec::Value tree, read_kubeconfig(files, options));
  TRY_ASSIGN(Server server, server_of(tree));
  return server.port;
}

int run_token_create(const Options& options) {
  rt::OsLoop loop;
  return loop.run(create_token(loop, options));
}

int run_rotate_token_key(const Options& options) {
  rt::OsLoop loop;
  auto files = rt::make_os_files();
  auto random = rt::make_os_random();
  auto rotated = ClusterPki::rotate_service_account_key(*files, *random, options.data_dir + "/pki", loop.clock().wall());
  if (!rotated) return complain("the key could not be replaced", rotated.error());
  if (int pid = running_pid(*files, options); pid != 0) rt::send_signal(pid, rt::kReloadSignal);
  std::printf("service account tokens are signed with a new key; those of the old key are good until they expire\n");
  return 0;
}

int run_health(const Options& options) {
  rt::OsLoop loop;
  return loop.run(show_health(loop, options));
}

}  // namespace charon::cmd
