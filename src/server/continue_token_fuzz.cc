// A continue token that is read is written in the same way; what it tells is within bounds.
#include "server/continue_token.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/check.h"

using namespace charon::server;

namespace {

void check(std::string_view text) {
  auto token = read_continue_token(text);
  if (!token) return;
  CHECK(!token->last.name.empty());
  CHECK(!token->left || *token->left > 0);
  auto again = read_continue_token(make_continue_token(*token));
  CHECK(again.has_value());
  CHECK(again->revision == token->revision && again->last == token->last && again->left == token->left);
  CHECK(!inconsistent_token(text).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(charon::base64url_encode(text));  // the JSON inside
  return 0;
}
