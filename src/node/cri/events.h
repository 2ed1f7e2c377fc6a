// ContainerEvents: tells which container started, exited or ran out of memory, as it happens.
//
// containerd's own event service (containerd.services.events.v1.Events/Subscribe on the runtime's socket): containerd 1.6 has
// no CRI GetContainerEvents. After a lost connection it subscribes again (200 ms doubling to 5 s) and reports Resync, as events
// may have been missed; without the service it reports Resync once a second, which amounts to polling.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "net/grpc.h"
#include "rt/loop.h"
#include "rt/scope.h"

namespace charon::node {

struct ContainerEvent {
  enum class Kind : std::uint8_t { Started, Exited, OutOfMemory, Resync };
  Kind kind = Kind::Resync;
  std::string container_id;  // of a container or a sandbox; empty for Resync
};

class ContainerEvents {
 public:
  using Handler = std::function<void(const ContainerEvent&)>;

  // `channel` must outlive this. `handler` is called on the loop.
  ContainerEvents(rt::Loop& loop, net::GrpcChannel& channel, Handler handler);
  ContainerEvents(const ContainerEvents&) = delete;

 private:
  rt::Task<void> run();
  rt::Task<Result<void>> follow();

  rt::Loop& loop_;
  net::GrpcChannel& channel_;
  Handler handler_;
  rt::Scope scope_;
};

// Reads one containerd Envelope; nullopt when it is about something else (another namespace, an exec's end, an image).
std::optional<ContainerEvent> parse_containerd_event(std::string_view envelope);
// The SubscribeRequest for the events above.
std::string containerd_subscribe_request();

}  // namespace charon::node
