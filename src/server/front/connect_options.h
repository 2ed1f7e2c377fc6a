// The query of exec, attach, portforward and proxy as the object that admission sees (CONNECT): PodExecOptions and its like.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/tree.h"
#include "schema/type.h"
#include "server/request.h"

namespace charon::server {

struct ConnectOptions {
  codec::Value object;  // with apiVersion and kind
  const schema::Type* type = nullptr;
};
// Nothing for a subresource that opens no connection.
std::optional<ConnectOptions> connect_options(const Request& request, std::string_view query);

// The query that says what `object` says, after admission may have changed it.
std::string connect_query(const codec::Value& object);

}  // namespace charon::server
