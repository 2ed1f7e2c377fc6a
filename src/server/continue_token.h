// The continue token of a list: where its next page starts and at which revision. Clients pass it back as it is; the form is
// Kubernetes' own (apiserver's storage/continue.go), so that tools that look into it find what they know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/document.h"

namespace charon::server {

struct ContinueToken {
  std::optional<model::Revision> revision;  // of the list; nullopt: whatever is current, the list is inconsistent
  model::ObjectKey last;                    // the page starts behind it
  std::optional<std::int64_t> left;         // how many objects are behind it, when that was counted
};

std::string make_continue_token(const ContinueToken& token);
// BadRequest in Kubernetes' words when it is malformed.
Result<ContinueToken> read_continue_token(std::string_view text);

// What the Expired error of a list that can no longer go on consistently says, and the token that it offers instead.
inline constexpr std::string_view kInconsistentContinue =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the "
    "continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with "
    "the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list.";
std::string inconsistent_token(std::string_view text);

}  // namespace charon::server
