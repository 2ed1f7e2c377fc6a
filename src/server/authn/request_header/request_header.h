// Front proxies: a server in front that has authenticated the user says who it is in headers (X-Remote-User, X-Remote-Uid,
// X-Remote-Group, X-Remote-Extra-<key>). It is believed when its client certificate is by the proxies' own authority and
// carries an allowed name. Aggregated API servers read the same from the ConfigMap extension-apiserver-authentication.
//
// Source: "Authenticating proxy" of Kubernetes' reference; kube-apiserver's --requestheader flags.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/core/v1/types.h"
#include "net/http.h"
#include "server/authn/authenticator.h"

namespace charon::server {

// `allowed_names`: of the certificates; empty: any. Unauthorized for a certificate of another name.
std::unique_ptr<Authenticator> make_request_header_authenticator(std::vector<std::string> allowed_names);

// The same from the other side: the API server, as the front proxy of aggregated servers, says who asks. `headers` must be free
// of such headers from elsewhere.
void add_user_headers(const User& user, net::Headers& headers);

struct ProxyTrust {
  std::string client_ca_pem;  // of users' certificates
  std::string proxy_ca_pem;
  std::vector<std::string> allowed_names;
};
// kube-system/extension-apiserver-authentication.
core::v1::ConfigMap authentication_config(const ProxyTrust& trust);

}  // namespace charon::server
