#include "server/continue_token.h"

#include <boost/json.hpp>

#include "base/bytes.h"
#include "codec/json.h"
#include "codec/tree.h"

namespace charon::server {
namespace {

constexpr std::string_view kVersion = "meta.k8s.io/v1";
constexpr std::size_t kTokenBytes = 4096;

std::unexpected<Error> malformed(std::string_view why) {
  return fail(Reason::BadRequest, "invalid continue token: continue key is not valid: " + std::string(why));
}

}  // namespace

std::string make_continue_token(const ContinueToken& token) {
  codec::Object object;
  object["v"] = kVersion;
  if (token.revision) {
    object["rv"] = *token.revision;
  } else {
    object["rv"] = -1;
  }
  // The first key that the next page may hold: the last one with a zero byte behind it.
  object["start"] = token.last.text() + std::string(1, '\0');
  if (token.left) object["left"] = *token.left;
  return base64url_encode(codec::write_json(object));
}

Result<ContinueToken> read_continue_token(std::string_view text) {
  if (text.size() > kTokenBytes) return malformed("it is longer than any that this server gives out");
  while (text.ends_with('=')) text.remove_suffix(1);
  auto bytes = base64url_decode(text);
  if (!bytes) return malformed("illegal base64 data");
  auto tree = codec::parse_json(*bytes);
  if (!tree || !tree->is_object()) return malformed("it holds no JSON object");
  if (std::string_view version = codec::string_at(*tree, "v"); version != kVersion)
    return malformed("server does not recognize this encoded version \"" + std::string(version) + "\"");
  auto revision = codec::int_at(*tree, "rv");
  if (!revision || *revision == 0 || *revision < -1)
    return malformed("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  std::string_view start = codec::string_at(*tree, "start");
  if (start.empty()) return malformed("encoded start key empty (version meta.k8s.io/v1)");
  if (start.ends_with('\0')) start.remove_suffix(1);
  ContinueToken token;
  if (*revision > 0) token.revision = static_cast<model::Revision>(*revision);
  std::size_t slash = start.find('/');
  if (slash != std::string_view::npos) token.last.ns = start.substr(0, slash);
  token.last.name = slash == std::string_view::npos ? start : start.substr(slash + 1);
  if (token.last.name.empty()) return malformed("encoded start key empty (version meta.k8s.io/v1)");
  if (auto left = codec::int_at(*tree, "left"); left && *left > 0) token.left = left;
  return token;
}

std::string inconsistent_token(std::string_view text) {
  auto token = read_continue_token(text);
  if (!token) return {};
  token->revision.reset();
  token->left.reset();
  return make_continue_token(*token);
}

}  // namespace charon::server
