// One request on its way through the front. Private to front/.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "server/front/front.h"

namespace charon::server {

struct Front::Call {
  net::Exchange& exchange;
  const net::RequestHead& head;
  Route route;
  User user;
  Media media;
  Warnings warnings;
  std::string audit_id;
  int status = 0;
  bool started = false;  // a response is on its way: an error can no longer be reported

  Request& request() { return route.request; }
  std::string_view query() const { return head.query; }
};

// Timeout, as Kubernetes has it, for a revision that the store has not reached.
Error too_large_version(Revision wanted, Revision current);

}  // namespace charon::server
