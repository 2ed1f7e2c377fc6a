// FieldsV1 and configurations on a Deployment. The first byte says which; the rest is JSON.
//
//   fields  what is read is written and read as the same set; the laws of sets hold with the fields of the Deployment
//   apply   a configuration that is refused changes nothing; applied again it changes nothing more and has no conflict; all
//           that it names is there, and is the applier's; then everybody else's fields are without what it took
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/apps/v1/types.h"
#include "base/check.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/apply/updater.h"

namespace {

using namespace charon;
using namespace charon::schema::apply;

constexpr std::string_view kDeployment =
    R"({"metadata":{"name":"web","labels":{"a":"1","b":"2"},"finalizers":["x","y"]},)"
    R"("spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},"strategy":{"type":"RollingUpdate"},)"
    R"("template":{"metadata":{"labels":{"app":"web"}},"spec":{"tolerations":[{"key":"t"}],"nodeSelector":{"d":"s"},)"
    R"("volumes":[{"name":"v","emptyDir":{}}],)"
    R"("containers":[{"name":"a","image":"i:1","env":[{"name":"E","value":"1"}],"resources":{},)"
    R"("ports":[{"containerPort":80,"protocol":"TCP"}]},{"name":"b","resources":{}}]}}}})";

const schema::Type& type() { return apps::v1::Deployment::table(); }

const codec::Value& deployment() {
  static const codec::Value tree = *codec::parse_json(kDeployment);
  return tree;
}

void fuzz_fields(const codec::Value& json) {
  Result<FieldSet> set = FieldSet::from_fields_v1(json);
  if (!set) return;
  Result<FieldSet> again = FieldSet::from_fields_v1(set->to_fields_v1());
  CHECK(again && *again == *set);
  FieldSet own = field_set_of(type(), deployment());
  CHECK(own.without(*set).united(own.intersected(*set)) == own);
  CHECK(set->united(own) == own.united(*set));
  codec::Value object = deployment();
  remove_items(type(), object, *set);
  // What was a member is gone, but for objects that held members and are null or empty now.
  fitted(type(), deployment(), *set);
  extract(type(), deployment(), *set);
}

void fuzz_apply(const codec::Value& config) {
  if (!config.is_object() || !check(type(), config)) return;
  ResetFields reset;
  FieldSet unowned;
  WriteKind kind{type(), "apps/v1", reset, unowned, nullptr};
  Updater updater(kind);
  Owner first{.manager = "first", .api_version = "apps/v1"};
  Owners owners;
  const codec::Value nothing = codec::Object();
  updater.update(nothing, deployment(), updater.changes(nothing, deployment()), owners, first);
  Owner self{.manager = "self", .applied = true, .api_version = "apps/v1"};
  Owners before = owners;
  codec::Value live = deployment();
  auto applied = updater.apply(live, config, owners, self, Force::No);
  if (!applied) {
    CHECK(!applied.error().empty());
    applied = updater.apply(live, config, owners, self, Force::Yes);
    CHECK(applied.has_value());
  }
  live = applied->object;
  FieldSet wanted = field_set_of(type(), config);
  auto again = updater.apply(live, config, owners, self, Force::No);
  CHECK(again && !again->changed);
  for (const Owner& owner : owners)
    if (owner.manager == "self") CHECK(owner.fields == wanted);
  auto left = updater.apply(live, codec::Object(), owners, self, Force::No);
  CHECK(left.has_value());
  for (const Owner& owner : owners) CHECK(owner.manager != "self");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Result<codec::Value> json = codec::parse_json({reinterpret_cast<const char*>(data) + 1, size - 1});
  if (!json) return 0;
  if (data[0] % 2 == 0) {
    fuzz_fields(*json);
  } else {
    fuzz_apply(*json);
  }
  return 0;
}
