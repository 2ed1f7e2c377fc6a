// One request on its way through the front. Private to front/.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "server/front/front.h"

namespace charon::server {

struct Front::Call {
  net::Exchange& exchange;
  const net::RequestHead& head;
  Route route;
  Media media;
  Warnings warnings;
  std::string audit_id;
  std::unique_ptr<audit::Record> audit;      // null: the request is not audited
  RequestMetrics::Series* series = nullptr;  // null until the request may be served
  std::optional<Inflight::Place> place;      // among the requests in flight; given up when the request turns into a tunnel
  std::chrono::nanoseconds webhook_time{};
  int status = 0;
  std::size_t sent_bytes = 0;  // of the response's body, before compression
  bool started = false;        // a response is on its way: an error can no longer be reported
  bool broken = false;         // and it must not look complete
  int retry_after_s = 0;       // of an error; 0: none
  std::string fresh_token;     // goes with an Expired error: where the list can go on inconsistently

  // A response with this status is on its way, headers and all.
  void begin(int code);

  Request& request() { return route.request; }
  std::string_view query() const { return head.query; }
  // Of the response: its type, the warnings, and what all have.
  net::Headers headers(std::string_view type) const;
  void name_request(net::Headers& headers) const { headers.set("audit-id", audit_id); }
  // Whether the body is a configuration to apply (front/apply.cc).
  bool is_apply() const;
  // Who owns what is written: as the query says, else the program that asks.
  void name_manager();
};

// How long a client may take for a part of a response; one that reads slower is cut off, for what it is sent is held for it.
inline constexpr std::chrono::seconds kSlowestWrite{60};

}  // namespace charon::server
