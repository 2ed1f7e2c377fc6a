// What managed fields cost a write, beside what the write costs anyway.
#include <benchmark/benchmark.h>

#include <string>

#include "codec/json.h"
#include "codec/tree.h"
#include "model/kind.h"
#include "schema/apply/operations.h"
#include "schema/defaults.h"
#include "server/managed_fields/managed_fields.h"

namespace charon::server {
namespace {

constexpr std::string_view kDeployment = R"({"apiVersion":"apps/v1","kind":"Deployment",
  "metadata":{"name":"web","namespace":"default","labels":{"app":"web","tier":"front"}},
  "spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
  "spec":{"containers":[{"name":"web","image":"nginx:1","ports":[{"containerPort":80}],"env":[{"name":"A","value":"1"},{"name":"B","value":"2"}],
  "resources":{"requests":{"cpu":"100m","memory":"64Mi"}},"volumeMounts":[{"name":"v","mountPath":"/v"}]},
  {"name":"side","image":"side:1"}],"volumes":[{"name":"v","emptyDir":{}}]}}}})";
constexpr std::string_view kConfigMap =
    R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"default"},"data":{"key":"value"}})";

const model::KindRegistry& kinds() {
  static const model::KindRegistry registry;
  return registry;
}

Request request_of(std::string_view group, std::string_view kind) {
  Request request;
  request.verb = "update";
  request.kind = model::find_kind({group, "v1"}, kind);
  request.field_manager = "bench";
  return request;
}

codec::Value object_of(const Request& request, std::string_view json) {
  codec::Value object = codec::parse_json(json).value();
  schema::apply_defaults(*request.kind->type, object);
  return object;
}

void create(benchmark::State& state, std::string_view group, std::string_view kind, std::string_view json) {
  Request request = request_of(group, kind);
  codec::Value object = object_of(request, json);
  for (auto _ : state) benchmark::DoNotOptimize(track_create({request, Time{1'700'000'000}, kinds()}, object));
}
void create_config_map(benchmark::State& state) { create(state, "", "ConfigMap", kConfigMap); }
void create_deployment(benchmark::State& state) { create(state, "apps", "Deployment", kDeployment); }

void update_deployment(benchmark::State& state) {
  Request request = request_of("apps", "Deployment");
  codec::Value object = object_of(request, kDeployment);
  codec::Value managed = track_create({request, Time{1'700'000'000}, kinds()}, object);
  codec::Value next = object;
  if (state.range(0) != 0) next.at("spec").as_object()["replicas"] = 5;
  request.field_manager = "other";
  for (auto _ : state)
    benchmark::DoNotOptimize(track_update({request, Time{1'700'000'001}, kinds()}, object, next, managed, managed));
}

void apply_deployment(benchmark::State& state) {
  Request request = request_of("apps", "Deployment");
  codec::Value live = object_of(request, kDeployment);
  codec::Value config = codec::parse_json(kDeployment).value();
  codec::Value managed =
      track_apply({request, Time{1'700'000'000}, kinds()}, live, config, nullptr, schema::apply::Force::Yes)->managed;
  if (state.range(0) != 0) config.at("spec").as_object().erase("replicas");  // what is no longer applied is looked for
  for (auto _ : state) {
    benchmark::DoNotOptimize(schema::apply::check(*request.kind->type, config));
    benchmark::DoNotOptimize(
        track_apply({request, Time{1'700'000'001}, kinds()}, live, config, &managed, schema::apply::Force::Yes));
  }
}

BENCHMARK(create_config_map);
BENCHMARK(create_deployment);
BENCHMARK(update_deployment)->ArgName("changes")->Arg(0)->Arg(1);
BENCHMARK(apply_deployment)->ArgName("drops")->Arg(0)->Arg(1);

}  // namespace
}  // namespace charon::server

BENCHMARK_MAIN();
