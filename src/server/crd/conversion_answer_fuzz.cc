// Answers of hostile conversion webhooks: no text may crash the server, and what is accepted is the objects that were sent.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "server/crd/conversion_review.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace charon;
  static const codec::Value original =
      codec::parse_json(R"({"apiVersion":"e/v1","kind":"T","metadata":{"name":"a","uid":"u","labels":{"x":"1"}},"spec":{}})")
          .value();
  std::string_view body(reinterpret_cast<const char*>(data), size);
  for (std::string_view version : {"v1", "v1beta1"}) {
    server::crd::Conversion asked{version, "q", "e/v2", {&original}};
    auto read = server::crd::read_conversion(body, asked);
    if (!read) continue;
    CHECK(read->size() == 1);
    const codec::Value& object = read->front();
    CHECK(codec::string_at(object, "apiVersion") == "e/v2" && codec::string_at(object, "kind") == "T");
    CHECK(codec::string_at_path(object, {"metadata", "name"}) == "a");
    CHECK(codec::string_at_path(object, {"metadata", "uid"}) == "u");
  }
  return 0;
}
