// Answers of hostile webhooks: no text may crash the server, and what is accepted is within its limits.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/patch.h"
#include "server/admission/webhook/review.h"
#include "server/status.h"

namespace charon::server {
namespace {

void try_answer(std::string_view body, const WebhookExpectation& expected) {
  auto answer = read_answer(body, expected);
  if (!answer) return;
  std::size_t bytes = 0;
  for (const std::string& warning : answer->warnings) bytes += warning.size();
  CHECK(bytes <= kWebhookWarningBytes);
  if (!answer->allowed) {
    int code = static_cast<int>(codec::int_at(status_of(answer->denial), "code").value_or(0));
    CHECK(code >= 400 && code < 600);
  }
  if (!answer->patch) return;
  codec::Value object = codec::parse_json(R"({"metadata":{"name":"n"},"spec":{"list":[1,2,3]}})").value();
  (void)schema::json_patch(object, *answer->patch);
}

}  // namespace
}  // namespace charon::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace charon::server;
  std::string_view body(reinterpret_cast<const char*>(data), size);
  for (std::string_view version : {"v1", "v1beta1"})
    for (WebhookSort sort : {WebhookSort::Mutating, WebhookSort::Validating})
      try_answer(body, {sort, version, "u", "w.example.com"});
  return 0;
}
