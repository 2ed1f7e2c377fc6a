// exec through a real containerd's CRI streaming server, over SPDY and over WebSocket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/grpc.h"
#include "net/server_for_test.h"
#include "net/spdy.h"
#include "net/websocket.h"
#include "rt/os/loop.h"
#include "rt/os/net.h"
#include "rt/os/system.h"

namespace charon::net {
namespace {

using namespace std::chrono_literals;

constexpr char kImage[] = "charon.test/busybox:1";

// An image of busybox alone, in Docker's archive format.
constexpr char kMakeImage[] = R"sh(
set -e
cd "$1"
mkdir -p fs/bin
cp "$(command -v busybox)" fs/bin/busybox
for name in sh cat sleep echo; do ln -s busybox fs/bin/$name; done
tar -C fs -cf layer.tar .
digest=$(sha256sum layer.tar | cut -d' ' -f1)
printf '{"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/sleep","3600"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' $digest > config.json
printf '[{"Config":"config.json","RepoTags":["charon.test/busybox:1"],"Layers":["layer.tar"]}]' > manifest.json
tar -cf image.tar manifest.json config.json layer.tar
)sh";

std::string field(int number, std::string_view bytes) {
  std::string out{static_cast<char>(number << 3 | 2)};
  std::size_t size = bytes.size();
  for (; size >= 128; size >>= 7) out += static_cast<char>(size | 128);
  out += static_cast<char>(size);
  return out.append(bytes);
}
std::string flag(int number, int value) { return {static_cast<char>(number << 3), static_cast<char>(value)}; }
// The first field of a message, which is a string.
std::string first(const std::string& message) { return message.substr(2, static_cast<unsigned char>(message[1])); }

bool available(const char* path) { return ::access(path, X_OK) == 0; }

class Streaming : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* tool : {"/usr/bin/containerd", "/usr/sbin/runc", "/usr/bin/busybox"})
      if (!available(tool) || ::geteuid() != 0) GTEST_SKIP() << tool << " or root is missing";
    char folder[] = "/tmp/charon_streaming_test.XXXXXX";
    root = ::mkdtemp(folder);
    ASSERT_TRUE(files->write(
        root + "/c.toml",
        "version = 2\nroot = \"" + root + "/root\"\nstate = \"" + root + "/state\"\n[grpc]\n address = \"" + root +
            "/c.sock\"\n[plugins.\"io.containerd.grpc.v1.cri\"]\n restrict_oom_score_adj = true\n sandbox_image = \"" + kImage +
            "\"\n",
        0600));
    rt::Command command;
    command.argv = {"containerd", "-c", root + "/c.toml"};
    command.log_path = root + "/log";
    containerd = process->start(command).value();
    channel = make_grpc_channel(loop, *net, rt::Address::unix_path(root + "/c.sock"));
    run({"sh", "-c", kMakeImage, "sh", root});
    for (int attempt = 0; attempt < 50 && !loop.run(channel->unary("/runtime.v1.RuntimeService/Version", "", 1s)); ++attempt)
      run({"sleep", "0.1"});
    run({"ctr", "-a", root + "/c.sock", "-n", "k8s.io", "images", "import", "--snapshotter", "native", root + "/image.tar"});
    start_container();
  }
  void TearDown() override {
    if (!sandbox.empty()) {
      (void)loop.run(channel->unary("/runtime.v1.RuntimeService/StopPodSandbox", field(1, sandbox), 20s));
      (void)loop.run(channel->unary("/runtime.v1.RuntimeService/RemovePodSandbox", field(1, sandbox), 20s));
    }
    containerd.reset();
    if (!root.empty()) (void)files->remove_all(root);
  }

  void run(std::vector<std::string> argv) {
    rt::Command command;
    command.argv = std::move(argv);
    auto exit = loop.run(process->run(command));
    ASSERT_TRUE(exit) << exit.error().message;
    ASSERT_EQ(exit->code, 0) << exit->err;
  }
  std::string call(const std::string& method, const std::string& request) {
    auto answer = loop.run(channel->unary("/runtime.v1.RuntimeService/" + method, request, 20s));
    EXPECT_TRUE(answer) << method << ": " << answer.error().message;
    return answer.value_or("");
  }
  void start_container() {
    const std::string host_network = field(8, field(2, field(1, flag(1, 2))));
    const std::string config = field(1, field(1, "pod") + field(2, "uid") + field(3, "default")) + host_network;
    const std::string made = call("RunPodSandbox", field(1, config));
    ASSERT_FALSE(made.empty());
    sandbox = first(made);
    const std::string container_config =
        field(1, field(1, "main")) + field(2, field(1, kImage)) + field(3, "/bin/sleep") + field(3, "600");
    const std::string created = call("CreateContainer", field(1, sandbox) + field(2, container_config) + field(3, config));
    ASSERT_FALSE(created.empty());
    container = first(created);
    (void)call("StartContainer", field(1, container));
  }
  // Path on the streaming server, whose client is made on the way.
  std::string exec(const std::string& script) {
    const std::string request =
        field(1, container) + field(2, "/bin/sh") + field(2, "-c") + field(2, script) + flag(4, 1) + flag(5, 1) + flag(6, 1);
    const std::string url = first(call("Exec", request));
    const std::size_t host = url.find("://") + 3;
    const std::size_t path = url.find('/', host);
    const std::size_t colon = url.rfind(':', path);
    client = make_client(loop, *net,
                         {.address = rt::Address::tcp(url.substr(host, colon - host),
                                                      static_cast<std::uint16_t>(std::stoi(url.substr(colon + 1))))});
    return url.substr(path);
  }

  rt::OsLoop loop;
  std::unique_ptr<rt::Net> net = rt::make_os_net(loop);
  std::unique_ptr<rt::Process> process = rt::make_os_process(loop);
  std::unique_ptr<rt::Files> files = rt::make_os_files();
  std::string root;
  std::unique_ptr<rt::Child> containerd;
  std::unique_ptr<GrpcChannel> channel;
  std::unique_ptr<HttpClient> client;
  std::string sandbox;
  std::string container;
};

TEST_F(Streaming, ExecOverSpdyWithEndOfInput) {
  const std::string path = exec("cat; echo done; echo oops >&2; exit 3");
  ClientRequest request{
      .method = "POST",
      .path = path,
      .headers = {{"connection", "Upgrade"}, {"upgrade", "SPDY/3.1"}, {"x-stream-protocol-version", "v4.channel.k8s.io"}}};
  auto upgraded = loop.run(client->upgrade(request));
  ASSERT_TRUE(upgraded) << upgraded.error().message;
  EXPECT_EQ(upgraded->headers.get("x-stream-protocol-version"), "v4.channel.k8s.io");
  auto session = make_spdy_session(loop, std::move(upgraded->stream));
  const auto open = [&](const char* type) { return loop.run(session->open({{"streamtype", type}})).value(); };
  auto error = open("error");
  auto input = open("stdin");
  auto output = open("stdout");
  auto errors = open("stderr");
  const std::string text(500000, 'z');
  std::string got;
  {
    rt::Scope scope(loop);
    struct Reading {
      static rt::Task<void> all(rt::Stream* stream, std::string* into) { *into = co_await read_all(stream); }
    };
    scope.spawn(Reading::all(output.get(), &got));
    ASSERT_TRUE(loop.run(input->write(text)));
    input->shutdown_write();
    loop.run(scope.drained());
  }
  EXPECT_EQ(got.size(), text.size() + 5);
  EXPECT_TRUE(got.ends_with("zdone\n"));
  EXPECT_EQ(loop.run(read_all(errors.get())), "oops\n");
  EXPECT_THAT(loop.run(read_all(error.get())), testing::HasSubstr("\"ExitCode\""));
}

TEST_F(Streaming, ExecOverWebSocket) {
  const std::string path = exec("read line; echo \"<$line>\"; exit 3");
  auto socket = loop.run(connect_websocket(loop, *client, {.path = path}, {"v4.channel.k8s.io"}));
  ASSERT_TRUE(socket) << socket.error().message;
  ASSERT_TRUE(loop.run((*socket)->write(std::string("\0hello\n", 7), true)));
  std::string output;
  std::string status;
  for (;;) {
    auto message = loop.run((*socket)->read());
    if (!message || !*message) break;
    const std::string& data = (*message)->data;
    if (!data.empty() && data[0] == 1) output += data.substr(1);
    if (!data.empty() && data[0] == 3) status += data.substr(1);
  }
  EXPECT_EQ(output, "<hello>\n");
  EXPECT_THAT(status, testing::HasSubstr("\"ExitCode\""));
}

}  // namespace
}  // namespace charon::net
