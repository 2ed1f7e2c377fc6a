// What one object costs between bytes and bytes, without network and store.
#include <benchmark/benchmark.h>

#include "api/core/v1/types.h"
#include "base/check.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/convert.h"
#include "schema/defaults.h"
#include "schema/validate.h"

namespace charon {
namespace {

constexpr std::string_view kConfigMap =
    R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings","namespace":"default","labels":{"app":"web"}},)"
    R"("data":{"a":"one","b":"two","c":"three"}})";
constexpr std::string_view kPod =
    R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"default","labels":{"app":"web","tier":"front"}},)"
    R"("spec":{"containers":[{"name":"main","image":"nginx:1.27","ports":[{"containerPort":80}],)"
    R"("resources":{"requests":{"cpu":"250m","memory":"64Mi"},"limits":{"memory":"128Mi"}},)"
    R"("volumeMounts":[{"name":"data","mountPath":"/data"}],"env":[{"name":"A","value":"b"}]}],)"
    R"("volumes":[{"name":"data","emptyDir":{}}],"nodeSelector":{"disk":"ssd"},"tolerations":[{"operator":"Exists"}]}})";

// normalize, default, validate, encode: the schema part of a create.
void write_path(benchmark::State& state, const schema::Type& type, std::string_view text) {
  codec::Value parsed = *codec::parse_json(text);
  for (auto _ : state) {
    codec::Value tree = parsed;
    CHECK(schema::normalize(type, tree).has_value());
    schema::apply_defaults(type, tree);
    schema::FieldErrors errors;
    schema::validate(type, tree, errors);
    CHECK(errors.empty());
    std::string out;
    schema::append_canonical_json(type, tree, out);
    benchmark::DoNotOptimize(out.data());
  }
}

void config_map_write(benchmark::State& state) { write_path(state, core::v1::ConfigMap::table(), kConfigMap); }
void pod_write(benchmark::State& state) { write_path(state, core::v1::Pod::table(), kPod); }

void pod_to_struct(benchmark::State& state) {
  codec::Value tree = *codec::parse_json(kPod);
  for (auto _ : state) benchmark::DoNotOptimize(schema::from_tree<core::v1::Pod>(tree));
}

void pod_to_wire(benchmark::State& state) {
  codec::Value tree = *codec::parse_json(kPod);
  for (auto _ : state) {
    std::string out;
    schema::append_wire(core::v1::Pod::table(), tree, out);
    benchmark::DoNotOptimize(out.data());
  }
}

BENCHMARK(config_map_write);
BENCHMARK(pod_write);
BENCHMARK(pod_to_struct);
BENCHMARK(pod_to_wire);

}  // namespace
}  // namespace charon

BENCHMARK_MAIN();
