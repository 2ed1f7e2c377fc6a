// gRPC over our HTTP/2 client (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): unary and server-streaming
// calls on the loop. Messages are bytes; `call<Request, Response>` uses the generated structs' wire codec.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/client.h"
#include "rt/task.h"
#include "schema/convert.h"

namespace charon::net {

// The messages of a server stream.
class GrpcStream {
 public:
  virtual ~GrpcStream() = default;
  // nullopt at the end of a stream that ended with status OK.
  virtual rt::Task<Result<std::optional<std::string>>> next() = 0;
};

// Errors: the grpc-status as the nearest Reason (NOT_FOUND: NotFound, ALREADY_EXISTS: AlreadyExists, UNAVAILABLE:
// ServiceUnavailable, DEADLINE_EXCEEDED: Timeout, UNIMPLEMENTED: NotImplemented, else InternalError) with grpc-message.
class GrpcChannel {
 public:
  virtual ~GrpcChannel() = default;
  // `method`: "/runtime.v1.RuntimeService/Version".
  virtual rt::Task<Result<std::string>> unary(std::string method, std::string request, std::chrono::milliseconds timeout) = 0;
  virtual rt::Task<Result<std::unique_ptr<GrpcStream>>> server_stream(std::string method, std::string request) = 0;

  template <class Response, class Request>
  rt::Task<Result<Response>> call(std::string method, Request request, std::chrono::milliseconds timeout) {
    auto bytes = co_await unary(std::move(method), schema::to_wire(request), timeout);
    if (!bytes) co_return fail(std::move(bytes.error()));
    co_return schema::from_wire<Response>(*bytes);
  }
};

// Metadata in `metadata` goes with every call (containerd wants "containerd-namespace").
std::unique_ptr<GrpcChannel> make_grpc_channel(rt::Loop& loop, rt::Net& net, rt::Address address, Headers metadata = {});

}  // namespace charon::net
