// The three patches on a Deployment. The first byte says which; the rest is the patch as JSON.
//
//   json       a patch that is refused leaves the document as it was
//   merge      applying it again changes nothing more (RFC 7386), and no member of the result is null that the patch made
//   strategic  what is refused leaves the document as it was; no directive ("$patch", ...) gets into the result
#include "schema/patch.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/apps/v1/types.h"
#include "base/check.h"
#include "codec/json.h"
#include "codec/tree.h"

namespace {

using namespace charon;

constexpr std::string_view kDeployment =
    R"({"metadata":{"name":"web","labels":{"a":"1","b":"2"},"finalizers":["x","y"],"annotations":{"k":"v"}},)"
    R"("spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},)"
    R"("strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":"25%"}},)"
    R"("template":{"metadata":{"labels":{"app":"web"}},"spec":{"tolerations":[{"key":"t"}],"nodeSelector":{"d":"s"},)"
    R"("volumes":[{"name":"v","emptyDir":{}},{"name":"c","configMap":{"name":"m"}}],)"
    R"("containers":[{"name":"a","image":"i:1","args":["x"],"env":[{"name":"E","value":"1"}],)"
    R"("ports":[{"containerPort":80,"protocol":"TCP"}],"volumeMounts":[{"name":"v","mountPath":"/v"}]},{"name":"b"}]}}}})";

const codec::Value& deployment() {
  static const codec::Value tree = *codec::parse_json(kDeployment);
  return tree;
}

bool has_directive(const codec::Value& value) {
  if (value.is_array()) {
    for (const codec::Value& item : value.get_array())
      if (has_directive(item)) return true;
  }
  if (!value.is_object()) return false;
  for (const auto& [name, member] : value.get_object()) {
    const std::string_view text(name.data(), name.size());
    if (text == "$patch" || text == "$retainKeys" || text.starts_with("$setElementOrder/") ||
        text.starts_with("$deleteFromPrimitiveList/") || has_directive(member))
      return true;
  }
  return false;
}

bool has_null(const codec::Value& value) {
  if (value.is_null()) return true;
  if (!value.is_object()) return false;
  for (const auto& [name, member] : value.get_object())
    if (has_null(member)) return true;
  return false;
}

void fuzz_json(const codec::Value& patch) {
  codec::Value document = deployment();
  if (!schema::json_patch(document, patch)) CHECK(document == deployment());
}

void fuzz_merge(const codec::Value& patch) {
  codec::Value document = deployment();
  schema::merge_patch(document, patch);
  if (patch.is_object()) CHECK(document.is_object() && !has_null(document));
  const codec::Value once = document;
  schema::merge_patch(document, patch);
  CHECK(document == once);
}

void fuzz_strategic(const codec::Value& patch) {
  codec::Value document = deployment();
  if (!schema::strategic_merge_patch(apps::v1::Deployment::table(), document, patch)) {
    CHECK(document == deployment());
    return;
  }
  CHECK(!has_directive(document));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Result<codec::Value> patch = codec::parse_json({reinterpret_cast<const char*>(data) + 1, size - 1});
  if (!patch) return 0;
  switch (data[0] % 3) {
    case 0:
      fuzz_json(*patch);
      break;
    case 1:
      fuzz_merge(*patch);
      break;
    default:
      fuzz_strategic(*patch);
  }
  return 0;
}
