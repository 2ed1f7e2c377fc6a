// Impersonation: one user acts as another by the headers Impersonate-User, -Group, -Uid and -Extra-<key>, where the verb
// "impersonate" is granted for each of them.
#pragma once

#include <optional>

#include "base/result.h"
#include "net/http.h"
#include "server/authz/authorizer.h"
#include "server/request.h"

namespace charon::server {

// As whom the request is to be served; nullopt without such headers: as the user. Forbidden when the user may not; BadRequest
// when groups, uid or extras come without a user.
Result<std::optional<User>> impersonate(const net::RequestHead& head, const User& user, const Authorizer& authorizer);

}  // namespace charon::server
