#include "node/streaming/remote_command.h"

#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "node/streaming/relay.h"
#include "rt/scope.h"
#include "rt/sync.h"

namespace charon::node {
namespace {

constexpr std::size_t kOutcomeBytes = 64u << 10;

// The streams of one command; null where the client did not ask for one.
struct Streams {
  std::unique_ptr<rt::Stream> error, input, output, errors, size;
};

// The runtime starts the command when all that it was told of are open; the error stream comes first by convention.
rt::Task<Result<Streams>> open_streams(net::SpdySession& command, CommandStreams wanted) {
  struct Wanted {
    const char* type;
    bool wanted;
    std::unique_ptr<rt::Stream> Streams::* place;
  };
  const Wanted all[] = {{"error", true, &Streams::error},
                        {"stdin", wanted.standard_input, &Streams::input},
                        {"stdout", wanted.standard_output, &Streams::output},
                        {"stderr", wanted.standard_error && !wanted.terminal, &Streams::errors},
                        {"resize", wanted.terminal, &Streams::size}};
  Streams streams;
  for (const Wanted& one : all) {
    if (!one.wanted) continue;
    auto opening = command.open({{"streamtype", one.type}});
    CO_TRY_ASSIGN(streams.*one.place, co_await opening);
  }
  co_return streams;
}

// What the client sends, until it goes.
rt::Task<void> take_input(net::WebSocket* client, ChannelProtocol protocol, Streams* streams, SessionEnd* end) {
  while (true) {
    auto message = co_await client->read();
    if (!message || !*message) break;
    auto decoded = decode_message(protocol, std::move(**message));
    if (!decoded) continue;
    if (protocol.closes && decoded->channel == kClose) {
      bool input_ends = !decoded->data.empty() && decoded->data.front() == char{kStdin};
      if (input_ends && streams->input) streams->input->shutdown_write();
      continue;
    }
    rt::Stream* to = nullptr;
    if (decoded->channel == kStdin) to = streams->input.get();
    if (decoded->channel == kResize) to = streams->size.get();
    // A command that no longer reads does not end its client's session: its outcome is still to come.
    if (to != nullptr && !decoded->data.empty()) (void)co_await to->write(decoded->data);
  }
  end->client_gone.set();
  end->over.set();
}

// What a client is told of a command whose outcome the runtime did not tell: saying nothing means success.
constexpr char kLost[] = R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":)"
                         R"("the connection to the container runtime was lost","reason":"InternalError","code":500})";

// The runtime tells the outcome as a Status in JSON. Older clients get the text of a failure, and of success nothing.
std::string outcome_for(const ChannelProtocol& protocol, std::string status) {
  if (status.empty()) status = kLost;
  if (protocol.status) return status;
  auto tree = codec::parse_json(status);
  if (!tree || codec::string_at(*tree, "status") == "Success") return {};
  return std::string(codec::string_at(*tree, "message"));
}

rt::Task<void> give_output(net::WebSocket* client, ChannelProtocol protocol, Streams* streams, rt::Loop* loop,
                           SessionEnd* end) {
  rt::Event output_ended(*loop), errors_ended(*loop);
  rt::Scope relays(*loop);
  // An empty message on the first channel that carries something tells the client that the command is connected.
  std::uint8_t first = streams->output ? kStdout : streams->errors ? kStderr : kError;
  (void)co_await client->write(encode_message(protocol, first, ""), !protocol.base64);
  if (streams->output) relays.spawn(relay(streams->output.get(), client, protocol, kStdout, &output_ended));
  if (streams->errors) relays.spawn(relay(streams->errors.get(), client, protocol, kStderr, &errors_ended));
  if (streams->output) co_await output_ended.wait();
  if (streams->errors) co_await errors_ended.wait();
  std::string status = co_await read_to_end(streams->error.get(), kOutcomeBytes);
  if (std::string outcome = outcome_for(protocol, std::move(status)); !outcome.empty())
    (void)co_await client->write(encode_message(protocol, kError, outcome), !protocol.base64);
  end->over.set();
}

}  // namespace

rt::Task<Result<void>> serve_command(rt::Loop& loop, net::WebSocket& client, net::SpdySession& command, CommandStreams wanted) {
  auto protocol = ChannelProtocol::named(client.protocol());
  CHECK(protocol.has_value());
  auto opening = open_streams(command, wanted);
  CO_TRY_ASSIGN(Streams streams, co_await opening);
  SessionEnd end(loop);
  rt::Scope tasks(loop);
  tasks.spawn(take_input(&client, *protocol, &streams, &end));
  tasks.spawn(give_output(&client, *protocol, &streams, &loop, &end));
  auto ending = end_session(loop, client, end);
  co_await ending;
  co_return Result<void>();
}

}  // namespace charon::node
