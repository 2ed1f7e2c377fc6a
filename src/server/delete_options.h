// meta/v1 DeleteOptions as clients send them: with a delete, or in an Eviction.
#pragma once

#include <string_view>

#include "base/result.h"
#include "client/transport.h"
#include "codec/value.h"

namespace charon::server {

// BadRequest when the body of a delete says that it is something else, as by a manifest that was sent in its place.
Result<void> check_is_delete_options(const codec::Value& tree);

// `tree`: DeleteOptions, normalized, or an empty object; `query`: of the request, which has the last word. Invalid for unknown
// or contradicting values, BadRequest for a grace period that is no number; one below 0 is 1, as in Kubernetes.
Result<client::DeleteOptions> delete_options(const codec::Value& tree, std::string_view query);

// Whether `tree` or `query` names a stage that is only tried; an empty list names none.
bool asks_for_dry_run(const codec::Value& tree, std::string_view query = "");

}  // namespace charon::server
