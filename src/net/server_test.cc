#include "net/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "net/server_for_test.h"

namespace charon::net {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::vector<Piece> pieces(std::string text) {
  std::vector<Piece> out;
  out.push_back(Piece::of(std::move(text)));
  return out;
}

// What handlers leave behind when they end, however that happens.
struct Marks {
  int running = 0;
  int written = 0;
  bool write_failed = false;
};
struct Mark {
  explicit Mark(Marks& marks) : marks(marks) { ++marks.running; }
  ~Mark() { --marks.running; }
  Marks& marks;
};

rt::Task<void> site(Exchange& exchange, Marks* marks, rt::Loop* loop) {
  const Mark mark(*marks);
  const std::string& path = exchange.head().path;
  if (path == "/body") {
    auto body = co_await exchange.body(1000);
    if (body) {
      co_await exchange.respond(200, {}, pieces("<" + *body + ">"));
    } else {
      co_await exchange.respond(http_code(body.error().reason), {}, pieces(body.error().message));
    }
  } else if (path == "/flood") {
    (void)co_await exchange.start(200, {});
    for (int i = 0; i < 1000; ++i) {
      auto writing = exchange.write(pieces(std::string(10000, 'x')));
      auto outcome = co_await writing;
      if (!outcome) {
        marks->write_failed = true;
        co_return;
      }
      ++marks->written;
    }
  } else if (path == "/watch") {
    (void)co_await exchange.start(200, {});
    (void)co_await exchange.write(pieces("first\n"));
    co_await rt::sleep(*loop, 1h);
  } else if (path == "/slow") {
    co_await rt::sleep(*loop, 5s);
    co_await exchange.respond(200, {}, pieces("slow"));
  } else if (path == "/throw") {
    throw std::runtime_error("broken");
  } else if (path == "/nothing") {
    co_return;
  } else {
    co_await exchange.respond(200, {}, pieces(exchange.head().method + " " + path + " " + exchange.head().query));
  }
}

struct Site : VirtualServer {
  explicit Site(ServerLimits limits = {})
      : VirtualServer([this](Exchange& exchange) { return site(exchange, &marks, &loop); }, limits) {}
  Marks marks;
};

TEST(Http1Server, KeepAliveAndPipelining) {
  Site test;
  const std::string answer = test.talk(
      "GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\nGET /b%20c HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /d HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const auto at = [&](const char* text) { return answer.find(text); };
  EXPECT_NE(at("GET /a x=1"), std::string::npos);
  EXPECT_LT(at("GET /a x=1"), at("GET /b c "));
  EXPECT_LT(at("GET /b c "), at("<abc>"));
  EXPECT_LT(at("<abc>"), at("GET /d "));
  EXPECT_THAT(answer, HasSubstr("connection: close"));
  EXPECT_NE(at("GET /d "), std::string::npos);
}

TEST(Http1Server, ChunkedBothWays) {
  Site test;
  EXPECT_THAT(
      test.talk(
          "POST /body HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n"),
      HasSubstr("<abcde>"));
  auto client = test.client(false);
  auto stream = test.loop.run(client->open({.path = "/watch"})).value();
  EXPECT_EQ(stream->headers().get("transfer-encoding"), "chunked");
  EXPECT_EQ(test.loop.run(stream->read()).value(), "first\n");
}

TEST(Http1Server, BadRequests) {
  Site test;
  const auto status = [&](const std::string& request) { return test.talk(request).substr(0, 12); };
  EXPECT_EQ(status("GARBAGE\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 400");  // no Host
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "HTTP/1.1 400");
  EXPECT_EQ(status("POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
            "HTTP/1.1 400");
  EXPECT_EQ(status("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), "HTTP/1.1 400");
  EXPECT_EQ(status("POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status("POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70000, 'x') + "\r\n\r\n"), "HTTP/1.1 431");
  EXPECT_EQ(status("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x')), "HTTP/1.1 413");
  EXPECT_EQ(status("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"), "HTTP/1.1 400");  // cut off
  EXPECT_EQ(test.marks.running, 0);
}

TEST(Http1Server, HandlersThatFail) {
  Site test;
  EXPECT_THAT(test.talk("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(test.talk("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 500"));
}

TEST(Http1Server, ExpectContinue) {
  Site test;
  auto stream = test.connect();
  (void)test.loop.run(stream->write("POST /body HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
  char buffer[1000];
  const std::size_t count = test.loop.run(stream->read(buffer)).value();
  EXPECT_EQ(std::string_view(buffer, count), "HTTP/1.1 100 Continue\r\n\r\n");
  (void)test.loop.run(stream->write("abc"));
  stream->shutdown_write();
  EXPECT_THAT(test.loop.run(read_all(stream.get())), AllOf(StartsWith("HTTP/1.1 200"), EndsWith("<abc>")));
}

TEST(Http1Server, HalfClosedClientGetsItsAnswer) {
  Site test;
  EXPECT_THAT(test.talk("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"), EndsWith("slow"));
}

TEST(Http1Server, GoneClientCancelsTheHandler) {
  for (const char* path : {"/watch", "/slow", "/flood"}) {
    Site test;
    auto stream = test.connect();
    (void)test.loop.run(stream->write(std::string("GET ") + path + " HTTP/1.1\r\nHost: a\r\n\r\n"));
    test.loop.run_for(1s);
    EXPECT_EQ(test.marks.running, 1) << path;
    stream->abort();
    test.loop.run_for(1s);
    EXPECT_EQ(test.marks.running, 0) << path;
    EXPECT_EQ(test.server->connections(), 0u) << path;
  }
}

TEST(Http1Server, SlowReaderHoldsTheWriterBack) {
  Site test;
  auto stream = test.connect();
  (void)test.loop.run(stream->write("GET /flood HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  test.loop.run_for(1s);
  EXPECT_LT(test.marks.written, 20);
  EXPECT_GT(test.loop.run(read_all(stream.get())).size(), 10'000'000u);
  EXPECT_EQ(test.marks.written, 1000);
}

TEST(Http1Server, Timeouts) {
  Site test;
  auto silent = test.connect();
  auto slow_head = test.connect();
  (void)test.loop.run(slow_head->write("GET / HTTP/1.1\r\nHost"));
  auto slow_body = test.connect();
  (void)test.loop.run(slow_body->write("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"));
  EXPECT_THAT(test.loop.run(read_all(slow_head.get())), StartsWith("HTTP/1.1 408"));
  EXPECT_EQ(test.loop.run(read_all(silent.get())), "");
  EXPECT_THAT(test.loop.run(read_all(slow_body.get())), StartsWith("HTTP/1.1 504"));
  EXPECT_LT(test.loop.now().time_since_epoch(), 40s);
  auto idle = test.connect();
  (void)test.loop.run(idle->write("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  const auto before = test.loop.now();
  (void)test.loop.run(read_all(idle.get()));
  EXPECT_GE(test.loop.now() - before, 180s);
}

TEST(Server, ConnectionLimit) {
  Site test({.connections = 2});
  auto first = test.connect();
  auto second = test.connect();
  auto third = test.connect();
  test.loop.run_for(1s);
  EXPECT_EQ(test.server->connections(), 2u);
  first.reset();
  (void)test.loop.run(third->write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  EXPECT_THAT(test.loop.run(read_all(third.get())), StartsWith("HTTP/1.1 200"));
}

rt::Task<void> fetch_into(HttpClient* client, std::string path, std::string* body) {
  auto fetching = client->fetch({.path = path}, 1000);
  auto response = co_await fetching;
  *body = response ? response->body : response.error().message;
}

class BothVersions : public testing::TestWithParam<bool> {};

TEST_P(BothVersions, ShutdownLetsRequestsFinish) {
  Site test;
  auto client = test.client(GetParam());
  std::string body;
  rt::Scope scope(test.loop);
  scope.spawn(fetch_into(client.get(), "/slow", &body));
  test.loop.run_for(1s);
  test.loop.run(test.server->shutdown(10s));
  EXPECT_LT(test.loop.now().time_since_epoch(), 8s);
  test.loop.run_for(1s);
  EXPECT_EQ(body, "slow");
  EXPECT_FALSE(test.loop.run(test.net.connect(test.address)));
}

TEST_P(BothVersions, ShutdownEndsWhatTakesTooLong) {
  Site test;
  auto client = test.client(GetParam());
  auto stream = test.loop.run(client->open({.path = "/watch"})).value();
  EXPECT_EQ(test.marks.running, 1);
  test.loop.run(test.server->shutdown(2s));
  EXPECT_EQ(test.marks.running, 0);
}

TEST_P(BothVersions, DroppedStreamCancelsTheHandler) {
  Site test;
  auto client = test.client(GetParam());
  for (const char* path : {"/watch", "/flood"}) {
    auto stream = test.loop.run(client->open({.path = path})).value();
    (void)test.loop.run(stream->read());
    test.loop.run_for(1s);
    EXPECT_EQ(test.marks.running, 1) << path;
    EXPECT_LT(test.marks.written, 1000);
    stream.reset();
    test.loop.run_for(2s);
    EXPECT_EQ(test.marks.running, 0) << path;
  }
}

TEST_P(BothVersions, HeaderLimit) {
  Site test;
  auto client = test.client(GetParam());
  Headers headers;
  for (int i = 0; i < 20; ++i) headers.add("x-" + std::to_string(i), std::string(5000, 'x'));
  EXPECT_EQ(test.loop.run(client->fetch({.path = "/", .headers = headers}, 1000)).value().status, 431);
}

INSTANTIATE_TEST_SUITE_P(Versions, BothVersions, testing::Bool(),
                         [](const auto& which) { return which.param ? "http2" : "http1"; });

// A hostile HTTP/2 client: frames are written by hand.
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string out;
  for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(stream >> shift);
  return out.append(payload);
}
const std::string kSettings = frame(NGHTTP2_SETTINGS, 0, 0, "");
// HPACK: static table's GET, http, "/"; ":authority: a" as a literal without indexing.
const std::string kGetHeaders = std::string("\x82\x86\x84\x01\x01", 5) + "a";

rt::Task<void> write_all(rt::Stream* stream, std::string bytes) { (void)co_await stream->write(bytes); }

// Writes while it reads, as the server's answers may fill the pipe.
std::string attack(Site& test, std::string frames) {
  auto stream = test.connect();
  rt::Scope scope(test.loop);
  scope.spawn(write_all(stream.get(), std::string(kPreface) + kSettings + frames));
  return test.loop.run(read_all(stream.get()));
}
std::string goaway(std::uint32_t code) { return std::string(3, '\0') + static_cast<char>(code); }

TEST(Http2Server, PingAndSettingsFloodsEnd) {
  for (const std::uint8_t type : {NGHTTP2_PING, NGHTTP2_SETTINGS}) {
    Site test;
    std::string flood;
    for (int i = 0; i < 5000; ++i) flood += frame(type, 0, 0, type == NGHTTP2_PING ? "12345678" : "");
    const auto before = test.loop.now();
    EXPECT_THAT(attack(test, flood), HasSubstr(goaway(NGHTTP2_ENHANCE_YOUR_CALM)));
    EXPECT_LT(test.loop.now() - before, 5s);
  }
}

rt::Task<void> shut_down(HttpServer* server) { co_await server->shutdown(10s); }
rt::Task<void> read_into(rt::Stream* stream, std::string* out) { *out = co_await read_all(stream); }

TEST(Http2Server, ShutdownServesWhatIsOnItsWay) {
  Site test;
  auto stream = test.connect();
  std::string out;
  rt::Scope scope(test.loop);
  test.loop.run(write_all(stream.get(), std::string(kPreface) + kSettings));
  scope.spawn(read_into(stream.get(), &out));
  test.loop.run_for(10ms);
  scope.spawn(shut_down(test.server.get()));
  test.loop.run_for(10ms);
  const auto end_headers = static_cast<std::uint8_t>(NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM);
  test.loop.run(write_all(stream.get(), frame(NGHTTP2_HEADERS, end_headers, 1, kGetHeaders) +
                                            frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "shutdown") +
                                            frame(NGHTTP2_HEADERS, end_headers, 3, kGetHeaders)));
  const auto before = test.loop.now();
  test.loop.run(scope.drained());
  EXPECT_LT(test.loop.now() - before, 5s);
  const std::string no_error(4, '\0');
  const std::size_t notice = out.find(frame(NGHTTP2_GOAWAY, 0, 0, "\x7f\xff\xff\xff" + no_error));
  ASSERT_NE(notice, std::string::npos);
  EXPECT_NE(out.find(frame(NGHTTP2_GOAWAY, 0, 0, std::string("\0\0\0\1", 4) + no_error), notice), std::string::npos)
      << testing::PrintToString(out);
}

TEST(Http2Server, RapidResetEnds) {
  Site test;
  std::string flood;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    flood += frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 2 * i + 1, kGetHeaders);
    flood += frame(NGHTTP2_RST_STREAM, 0, 2 * i + 1, std::string("\0\0\0\x08", 4));
  }
  const auto before = test.loop.now();
  (void)attack(test, flood);
  EXPECT_LT(test.loop.now() - before, 5s);
  EXPECT_EQ(test.marks.running, 0);
}

// A client that goes on with its body after it has its answer.
class Http2EarlyAnswer : public testing::Test {
 protected:
  Http2EarlyAnswer() : stream(test.connect()), sending(test.loop) {
    const std::string post = std::string("\x83\x86\x84\x01\x01", 5) + "a";
    send(std::string(kPreface) + kSettings + frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, post));
    test.loop.run_for(100ms);
  }
  void send(std::string frames) { sending.spawn(write_all(stream.get(), std::move(frames))); }
  // All that the server has sent by now.
  std::string answer() {
    stream->shutdown_write();
    return test.loop.run(read_all(stream.get()));
  }

  const std::string kReset = frame(NGHTTP2_RST_STREAM, 0, 1, std::string(4, '\0'));
  Site test;
  std::unique_ptr<rt::Stream> stream;
  rt::Scope sending;
};

TEST_F(Http2EarlyAnswer, ShortBodyIsReadToItsEnd) {
  for (int i = 0; i < 3; ++i) send(frame(NGHTTP2_DATA, i == 2 ? NGHTTP2_FLAG_END_STREAM : 0, 1, std::string(16000, 'x')));
  test.loop.run_for(3s);
  EXPECT_THAT(answer(), testing::AllOf(HasSubstr("POST /"), Not(HasSubstr(kReset))));
}

TEST_F(Http2EarlyAnswer, LongBodyIsStopped) {
  for (int i = 0; i < 5; ++i) send(frame(NGHTTP2_DATA, 0, 1, std::string(16000, 'x')));
  test.loop.run_for(100ms);
  EXPECT_THAT(answer(), testing::AllOf(HasSubstr("POST /"), HasSubstr(kReset)));
}

TEST_F(Http2EarlyAnswer, SlowBodyHasItsTime) {
  test.loop.run_for(700ms);
  EXPECT_THAT(answer(), testing::AllOf(HasSubstr("POST /"), Not(HasSubstr(kReset))));
}

TEST_F(Http2EarlyAnswer, BodyThatDoesNotComeIsStopped) {
  test.loop.run_for(1s);
  EXPECT_THAT(answer(), testing::AllOf(HasSubstr("POST /"), HasSubstr(kReset)));
}

TEST(Http2Server, BrokenPrefaceEnds) {
  Site test;
  EXPECT_THAT(test.talk(std::string(kPreface) + "garbage that is no frame at all"), Not(HasSubstr("200")));
  EXPECT_EQ(test.server->connections(), 0u);
}

TEST(Http2Server, SilentClientEnds) {
  Site test;
  auto stream = test.connect();
  (void)test.loop.run(stream->write(kPreface));
  (void)test.loop.run(read_all(stream.get()));
  EXPECT_LE(test.loop.now().time_since_epoch(), 15s);
}

TEST(Http2Server, StreamLimit) {
  Site test({.streams_per_connection = 3});
  std::string requests;
  const std::string watch = std::string("\x82\x86\x04\x06", 4) + "/watch" + std::string("\x01\x01", 2) + "a";
  for (std::uint32_t i = 0; i < 10; ++i)
    requests += frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 2 * i + 1, watch);
  auto stream = test.connect();
  (void)test.loop.run(stream->write(std::string(kPreface) + kSettings + requests));
  test.loop.run_for(1s);
  EXPECT_EQ(test.marks.running, 3);
}

}  // namespace
}  // namespace charon::net
