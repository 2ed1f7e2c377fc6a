// The Transport over HTTP(S): for what runs in another process than the API server.
//
// Objects come as JSON, are checked against the kind's type table and kept in canonical form, so that they decode like those
// of the server's own process. Lists are read in pages. One loop.
#pragma once

#include <memory>
#include <string>

#include "client/transport.h"
#include "net/client.h"

namespace charon::client {

struct HttpsOptions {
  std::string bearer_token;  // empty: the TLS certificate says who we are
  std::string user_agent = "charon";
};

// Errors of the connection are HttpClient's. A delete that leaves nothing is answered by a Status; its Document then has the
// names and the uid only, at revision 0.
std::unique_ptr<Transport> make_https_transport(std::unique_ptr<net::HttpClient> http, HttpsOptions options);

}  // namespace charon::client
