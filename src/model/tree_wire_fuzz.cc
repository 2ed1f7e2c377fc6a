// Protobuf bytes of several kinds. The first byte says which kind; the rest are the bytes.
//
// Bytes that are read give a tree that normalizes to itself, and whose own bytes are read as the same tree and written the
// same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "model/kind.h"
#include "schema/convert.h"

namespace {

using namespace charon;

const schema::Type& type_of(std::uint8_t number) {
  static const std::string_view kPlurals[] = {"pods", "services", "configmaps", "nodes", "events", "secrets"};
  static const std::string_view kApps[] = {"deployments", "statefulsets"};
  const std::size_t which = number % 8;
  const model::Kind* kind =
      which < 6 ? model::find_resource({"", "v1"}, kPlurals[which]) : model::find_resource({"apps", "v1"}, kApps[which - 6]);
  CHECK(kind != nullptr);
  return *kind->type;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const schema::Type& type = type_of(data[0]);
  const Result<codec::Value> tree = schema::tree_from_wire(type, {reinterpret_cast<const char*>(data) + 1, size - 1});
  if (!tree) return 0;
  codec::Value normal = *tree;
  if (!schema::normalize(type, normal)) return 0;  // values that the wire can carry and JSON cannot
  std::string bytes;
  schema::append_wire(type, normal, bytes);
  const Result<codec::Value> again = schema::tree_from_wire(type, bytes);
  CHECK(again.has_value());
  std::string bytes_again;
  schema::append_wire(type, *again, bytes_again);
  CHECK(bytes_again == bytes);
  return 0;
}
