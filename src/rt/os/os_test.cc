#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "rt/os/loop.h"
#include "rt/os/machine.h"
#include "rt/os/net.h"
#include "rt/os/system.h"
#include "rt/timeout.h"

namespace charon::rt {
namespace {

using std::chrono::milliseconds;

Task<Result<std::string>> talk(OsLoop& loop, Net& net, Address address) {
  CO_TRY_ASSIGN(auto listener, net.listen(address));
  CO_TRY_ASSIGN(auto client, co_await net.connect(listener->local()));
  CO_TRY_ASSIGN(auto server, co_await listener->accept());
  CO_TRY(co_await client->write("ping"));
  client->shutdown_write();
  std::string text;
  char buffer[2];
  while (true) {
    CO_TRY_ASSIGN(std::size_t count, co_await server->read(buffer));
    if (count == 0) co_return text;
    text.append(buffer, count);
    co_await sleep(loop, milliseconds(1));
  }
}

TEST(OsNet, CarriesBytesOverTcpAndUnixSockets) {
  OsLoop loop;
  auto net = make_os_net(loop);
  EXPECT_EQ(*loop.run(talk(loop, *net, Address::tcp("127.0.0.1", 0))), "ping");
  std::string path = "/tmp/charon-os-test-" + std::to_string(::getpid()) + ".sock";
  EXPECT_EQ(*loop.run(talk(loop, *net, Address::unix_path(path))), "ping");
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

// Reads that do not fill their buffer, with bytes or the end of the stream already there when the next one begins.
Task<Result<std::string>> short_reads(OsLoop& loop, Net& net, Address address) {
  CO_TRY_ASSIGN(auto listener, net.listen(address));
  CO_TRY_ASSIGN(auto client, co_await net.connect(listener->local()));
  CO_TRY_ASSIGN(auto server, co_await listener->accept());
  std::string text;
  char buffer[64];
  for (int i = 0; i < 3; ++i) {
    CO_TRY(co_await client->write("ab"));
    CO_TRY_ASSIGN(std::size_t count, co_await server->read(buffer));
    text.append(buffer, count);
    CO_TRY(co_await client->write("c"));
    if (i == 2) client->shutdown_write();
    co_await sleep(loop, milliseconds(2));  // the loop sees the bytes while nobody reads
    CO_TRY_ASSIGN(count, co_await server->read(buffer));
    text.append(buffer, count);
  }
  CO_TRY_ASSIGN(const std::size_t end, co_await server->read(buffer));
  co_return text + std::to_string(end);
}

TEST(OsNet, ShortReadsMissNothingThatCameInBetween) {
  OsLoop loop;
  auto net = make_os_net(loop);
  const std::string path = "/tmp/charon-os-short-" + std::to_string(::getpid()) + ".sock";
  for (const Address& address : {Address::tcp("127.0.0.1", 0), Address::unix_path(path)}) {
    auto read = loop.run(with_timeout(loop, milliseconds(5000), short_reads(loop, *net, address)));
    ASSERT_TRUE(read && *read);
    EXPECT_EQ(**read, "abcabcabc0");
  }
}

TEST(OsNet, RefusedConnectionsAreUnavailable) {
  OsLoop loop;
  auto net = make_os_net(loop);
  auto stream = loop.run(net->connect(Address::tcp("127.0.0.1", 1)));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().reason, Reason::ServiceUnavailable);
}

TEST(OsProcess, RunsFeedsAndCollects) {
  OsLoop loop;
  auto process = make_os_process(loop);
  Command command;
  command.argv = {"sh", "-c", "cat; echo oops >&2; exit 3"};
  command.stdin_text = std::string(200000, 'x');
  auto exit = loop.run(process->run(command));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 3);
  EXPECT_EQ(exit->out, command.stdin_text);
  EXPECT_EQ(exit->err, "oops\n");
}

TEST(OsProcess, ReportsSignalsAndMissingPrograms) {
  OsLoop loop;
  auto process = make_os_process(loop);
  Command command;
  command.argv = {"sh", "-c", "kill -9 $$"};
  EXPECT_EQ(loop.run(process->run(command))->signal, 9);
  command.argv = {"no-such-program-here"};
  EXPECT_EQ(loop.run(process->run(command)).error().reason, Reason::NotFound);
}

Task<int> wait_of(Child& child) { co_return (co_await child.wait()).code; }

TEST(OsProcess, ChildrenCanBeWaitedForAndKilled) {
  OsLoop loop;
  auto process = make_os_process(loop);
  Command command;
  command.argv = {"sleep", "100"};
  auto child = process->start(command);
  ASSERT_TRUE(child);
  EXPECT_EQ(loop.run(with_timeout(loop, milliseconds(20), wait_of(**child))), std::nullopt);
  (*child)->signal(15);
  EXPECT_EQ(loop.run(wait_of(**child)), 128 + 15);
}

// Posts itself again and again until `*done`.
void spin(OsLoop& loop, bool* done) {
  if (!*done) loop.post([&loop, done] { spin(loop, done); });
}

Task<void> talk_beside(OsLoop& loop, Net& net, bool* done) {
  spin(loop, done);
  (void)co_await talk(loop, net, Address::tcp("127.0.0.1", 0));
  *done = true;
}

TEST(OsLoop, PostedCallbacksRunInOrderAndLeaveTimeForDescriptorsAndTimers) {
  OsLoop loop;
  auto net = make_os_net(loop);
  std::string order;
  for (char c : {'a', 'b', 'c'})
    loop.post([&, c] {
      order += c;
      loop.post([&order, c] { order += static_cast<char>(c - 'a' + 'A'); });
    });
  bool done = false;
  loop.run(talk_beside(loop, *net, &done));
  EXPECT_TRUE(done);
  EXPECT_EQ(order, "abcABC");
}

TEST(OsLoop, OtherThreadsAnswerThroughOneShot) {
  OsLoop loop;
  auto worker = make_thread_worker("test");
  EXPECT_EQ(loop.run(worker->run(loop, [] { return std::this_thread::get_id() != std::thread::id(); })), true);
}

TEST(OsFiles, WritesAtomicallyListsAndRemoves) {
  auto files = make_os_files();
  std::string root = "/tmp/charon-files-test-" + std::to_string(::getpid());
  ASSERT_TRUE(files->make_dirs(root + "/a/b", 0755));
  ASSERT_TRUE(files->write_atomic(root + "/a/b/c", "text", 0600));
  EXPECT_EQ(*files->read(root + "/a/b/c"), "text");
  EXPECT_EQ(files->info(root + "/a/b/c")->mode, 0600u);
  ASSERT_TRUE(files->symlink("/etc", root + "/link"));
  EXPECT_EQ(*files->list(root), (std::vector<std::string>{"a", "link"}));
  ASSERT_TRUE(files->remove_all(root));
  EXPECT_FALSE(files->exists(root));
  EXPECT_TRUE(files->exists("/etc/passwd"));
  EXPECT_EQ(files->read(root).error().reason, Reason::NotFound);
}

TEST(OsFiles, TellsTheSpaceOfAFileSystem) {
  auto files = make_os_files();
  auto space = files->disk_space("/tmp");
  ASSERT_TRUE(space) << space.error().message;
  EXPECT_GT(space->size_bytes, 1u << 20);
  EXPECT_LE(space->available_bytes, space->size_bytes);
  EXPECT_EQ(files->disk_space("/tmp/charon-is-not-here").error().reason, Reason::NotFound);
}

TEST(OsMachine, AProcessThatOnlyWaitsToBeReapedIsNotAlive) {
  EXPECT_TRUE(process_alive(process_id()));
  const int child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(0);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(process_alive(child));
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(process_alive(child));
  EXPECT_FALSE(process_alive(0));
}

}  // namespace
}  // namespace charon::rt
