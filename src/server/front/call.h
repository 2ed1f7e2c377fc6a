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
  bool started = false;     // a response is on its way: an error can no longer be reported
  bool broken = false;      // and it must not look complete
  int retry_after_s = 0;    // of an error; 0: none
  std::string fresh_token;  // goes with an Expired error: where the list can go on inconsistently

  Request& request() { return route.request; }
  std::string_view query() const { return head.query; }
  // Of the response: its type, the warnings, and what all have.
  net::Headers headers(std::string_view type) const;
  // Whether the body is a configuration to apply (front/apply.cc).
  bool is_apply() const;
  // Who owns what is written: as the query says, else the program that asks.
  void name_manager();
};

// `user` and `asked` must outlive them.
Attributes attributes_of(const AskedResource& asked, const User& user);

// How long a client may take for a part of a response; one that reads slower is cut off, for what it is sent is held for it.
inline constexpr std::chrono::seconds kSlowestWrite{60};

}  // namespace charon::server
