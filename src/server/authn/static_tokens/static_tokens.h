// Tokens from a file, as kube-apiserver's --token-auth-file: CSV lines `token,user,uid,"group1,group2"`.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "server/authn/token/token.h"

namespace charon::server {

// Invalid with the line's number when a line has less than three columns, an empty token or an unfinished quote.
Result<std::unique_ptr<TokenAuthenticator>> make_static_token_authenticator(std::string_view csv);

}  // namespace charon::server
