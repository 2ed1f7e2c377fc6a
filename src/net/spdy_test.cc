#include "net/spdy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/server_for_test.h"

namespace charon::net {
namespace {

using namespace std::chrono_literals;

std::string number(std::uint32_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}
std::string control(int type, const std::string& payload) {
  return number(0x8003, 2) + number(static_cast<std::uint32_t>(type), 2) + '\0' +
         number(static_cast<std::uint32_t>(payload.size()), 3) + payload;
}
std::string data(std::uint32_t id, const std::string& payload, bool fin) {
  return number(id, 4) + static_cast<char>(fin) + number(static_cast<std::uint32_t>(payload.size()), 3) + payload;
}
const std::string kReply = control(2, number(1, 4));

rt::Task<void> open_into(SpdySession* session, Headers headers, Result<std::unique_ptr<rt::Stream>>* into) {
  auto opening = session->open(std::move(headers));
  *into = co_await opening;
}
rt::Task<void> write_into(rt::Stream* stream, std::string bytes, bool* done) {
  auto writing = stream->write(bytes);
  *done = (co_await writing).has_value();
}

struct Fixture {
  Fixture() {
    auto [near, far] = rt::make_stream_pair(loop);
    peer = std::move(far);
    session = make_spdy_session(loop, std::move(near));
    scope.spawn(open_into(session.get(), {{"streamtype", "stdin"}}, &opened));
    loop.run_for(1s);
  }
  void tell(const std::string& bytes) {
    (void)loop.run(peer->write(bytes));
    loop.run_for(1s);
  }
  std::string heard() {
    std::string bytes(65536, '\0');
    bytes.resize(loop.run(peer->read(bytes)).value());
    return bytes;
  }

  rt::VirtualLoop loop;
  std::unique_ptr<rt::Stream> peer;
  std::unique_ptr<SpdySession> session;
  Result<std::unique_ptr<rt::Stream>> opened;
  rt::Scope scope{loop};
};

TEST(Spdy, OpensAndCarriesBothWays) {
  Fixture test;
  EXPECT_FALSE(test.opened.value());
  EXPECT_THAT(test.heard(), testing::AllOf(testing::StartsWith(number(0x8003'0001, 4)), testing::HasSubstr("streamtype"),
                                           testing::HasSubstr("stdin")));
  test.tell(kReply);
  ASSERT_TRUE(test.opened.value());
  rt::Stream& stream = **test.opened;
  ASSERT_TRUE(test.loop.run(stream.write("hello")));
  stream.shutdown_write();
  test.loop.run_for(1s);
  EXPECT_EQ(test.heard(), data(1, "hello", false) + data(1, "", true));
  EXPECT_FALSE(test.loop.run(stream.write("late")));
  const std::string answer = data(1, "abc", false) + data(1, "def", true);
  for (const char c : answer) test.tell(std::string(1, c));
  EXPECT_EQ(test.loop.run(read_all(&stream)), "abcdef");
}

TEST(Spdy, RefusedOrBroken) {
  Fixture refused;
  refused.tell(control(3, number(1, 4) + number(3, 4)));
  EXPECT_FALSE(refused.opened);
  Fixture gone;
  gone.peer.reset();
  gone.loop.run_for(1s);
  EXPECT_FALSE(gone.opened);
  Fixture nonsense;
  nonsense.tell("\x80\x02garbage that is another version");
  EXPECT_FALSE(nonsense.opened);
}

TEST(Spdy, AnswersPingsAndResetsDroppedStreams) {
  Fixture test;
  test.tell(kReply);
  (void)test.heard();
  test.tell(control(6, number(2, 4)) + control(6, number(3, 4)));
  EXPECT_EQ(test.heard(), control(6, number(2, 4)));
  test.opened->reset();
  test.loop.run_for(1s);
  EXPECT_EQ(test.heard(), control(3, number(1, 4) + number(5, 4)));
}

TEST(Spdy, SlowReadersHoldBack) {
  Fixture test;
  test.tell(kReply);
  rt::Stream& stream = **test.opened;
  (void)test.heard();
  bool written = false;
  test.scope.spawn(write_into(&stream, std::string(2u << 20, 'x'), &written));
  test.loop.run_for(1s);
  EXPECT_FALSE(written);
  bool told = false;
  std::string flood;
  for (int i = 0; i < 100; ++i) flood += data(1, std::string(65536, 'y'), false);
  test.scope.spawn(write_into(test.peer.get(), flood + data(1, "", true), &told));
  test.loop.run_for(1s);
  EXPECT_FALSE(told);
  EXPECT_EQ(test.loop.run(read_all(&stream)).size(), 6553600u);
  std::size_t total = 0;
  while (!written) {
    total += test.heard().size();
    test.loop.run_for(1ms);
  }
  EXPECT_GT(total, 1u << 20);
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace charon::net
