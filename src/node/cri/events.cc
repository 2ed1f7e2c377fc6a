#include "node/cri/events.h"

#include <algorithm>
#include <utility>

#include "codec/wire.h"

namespace charon::node {
namespace {

using namespace std::chrono_literals;

constexpr char kNamespace[] = "k8s.io";
constexpr char kSubscribe[] = "/containerd.services.events.v1.Events/Subscribe";

// Fields 1 and 2 of TaskExit (container id, exec id), TaskStart (container id, pid) and TaskOOM (container id).
struct TaskFields {
  std::string container;
  std::string exec;
};

TaskFields task_fields(std::string_view bytes) {
  TaskFields out;
  codec::WireReader reader(bytes);
  while (!reader.done()) {
    auto field = reader.next();
    if (!field) return {};
    if (field->type != codec::WireType::Bytes) continue;
    if (field->number == 1) out.container = field->bytes;
    if (field->number == 2) out.exec = field->bytes;
  }
  return out;
}

// google.protobuf.Any: 1 type_url, 2 value.
std::string_view any_value(std::string_view bytes) {
  codec::WireReader reader(bytes);
  while (!reader.done()) {
    auto field = reader.next();
    if (!field) return {};
    if (field->number == 2 && field->type == codec::WireType::Bytes) return field->bytes;
  }
  return {};
}

}  // namespace

std::optional<ContainerEvent> parse_containerd_event(std::string_view envelope) {
  // Envelope: 1 timestamp, 2 namespace, 3 topic, 4 event (Any).
  std::string_view space, topic, event;
  codec::WireReader reader(envelope);
  while (!reader.done()) {
    auto field = reader.next();
    if (!field) return std::nullopt;
    if (field->type != codec::WireType::Bytes) continue;
    if (field->number == 2) space = field->bytes;
    if (field->number == 3) topic = field->bytes;
    if (field->number == 4) event = field->bytes;
  }
  if (space != kNamespace) return std::nullopt;
  TaskFields fields = task_fields(any_value(event));
  if (fields.container.empty()) return std::nullopt;
  if (topic == "/tasks/start") return ContainerEvent{ContainerEvent::Kind::Started, fields.container};
  if (topic == "/tasks/oom") return ContainerEvent{ContainerEvent::Kind::OutOfMemory, fields.container};
  // The end of an exec carries the exec's id; that of the container's first process repeats the container's.
  if (topic == "/tasks/exit" && (fields.exec.empty() || fields.exec == fields.container))
    return ContainerEvent{ContainerEvent::Kind::Exited, fields.container};
  return std::nullopt;
}

std::string containerd_subscribe_request() {
  std::string out;
  codec::WireWriter writer(out);
  for (const char* topic : {"/tasks/exit", "/tasks/start", "/tasks/oom"})
    writer.bytes(1, std::string("namespace==") + kNamespace + ",topic==" + topic);
  return out;
}

ContainerEvents::ContainerEvents(rt::Loop& loop, net::GrpcChannel& channel, Handler handler)
    : loop_(loop), channel_(channel), handler_(std::move(handler)), scope_(loop) {
  scope_.spawn(run());
}

rt::Task<Result<void>> ContainerEvents::follow() {
  CO_TRY_ASSIGN(auto stream, co_await channel_.server_stream(kSubscribe, containerd_subscribe_request()));
  // What happened before the subscription is found by looking.
  handler_({ContainerEvent::Kind::Resync, ""});
  for (;;) {
    CO_TRY_ASSIGN(auto message, co_await stream->next());
    if (!message) co_return Result<void>();
    if (auto event = parse_containerd_event(*message)) handler_(*event);
  }
}

rt::Task<void> ContainerEvents::run() {
  rt::Duration delay = 200ms;
  for (;;) {
    rt::Instant start = loop_.clock().now();
    auto ended = co_await follow();
    if (!ended && ended.error().reason == Reason::NotImplemented) {
      handler_({ContainerEvent::Kind::Resync, ""});
      co_await rt::sleep(loop_, 1s);
      continue;
    }
    if (loop_.clock().now() - start > 10s) delay = 200ms;
    co_await rt::sleep(loop_, delay);
    delay = std::min<rt::Duration>(2 * delay, 5s);
  }
}

}  // namespace charon::node
