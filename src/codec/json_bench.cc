// Reading and writing a document of about one KiB, the size of a small pod.
#include "codec/json.h"

#include <benchmark/benchmark.h>

#include <boost/json.hpp>

#include "codec/yaml.h"

namespace charon::codec {
namespace {

constexpr std::string_view kPod =
    R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-6d4b75cb6d-h9x2k","namespace":"default","uid":"0f7a2c1e-5b0d-4a6e-9c55-1f2e3d4c5b6a","resourceVersion":"184467","creationTimestamp":"2026-01-02T03:04:05Z","labels":{"app":"web","pod-template-hash":"6d4b75cb6d"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-6d4b75cb6d","uid":"9b1d7a10-0c0f-4c5d-8a53-77a5f0a1b2c3","controller":true,"blockOwnerDeletion":true}]},"spec":{"containers":[{"name":"web","image":"registry.example.com/web:1.25.3","args":["--port=8080","--verbose"],"ports":[{"containerPort":8080,"protocol":"TCP"}],"resources":{"limits":{"cpu":"500m","memory":"128Mi"},"requests":{"cpu":"250m","memory":"64Mi"}},"terminationMessagePath":"/dev/termination-log","imagePullPolicy":"IfNotPresent"}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default","nodeName":"node-17"},"status":{"phase":"Running","podIP":"10.0.12.7","startTime":"2026-01-02T03:04:06Z"}})";

void parse(benchmark::State& state) {
  for ([[maybe_unused]] const auto _ : state) benchmark::DoNotOptimize(parse_json(kPod));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kPod.size()));
}
BENCHMARK(parse);

void parse_with_notes(benchmark::State& state) {
  for ([[maybe_unused]] const auto _ : state) {
    JsonNotes notes;
    benchmark::DoNotOptimize(parse_json(kPod, &notes));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kPod.size()));
}
BENCHMARK(parse_with_notes);

void write(benchmark::State& state) {
  const Value value = parse_json(kPod).value();
  std::string out;
  for ([[maybe_unused]] const auto _ : state) {
    out.clear();
    append_json(value, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kPod.size()));
}
BENCHMARK(write);

void parse_as_yaml(benchmark::State& state) {
  const std::string text = write_yaml(parse_json(kPod).value());
  for ([[maybe_unused]] const auto _ : state) benchmark::DoNotOptimize(parse_yaml(text));
}
BENCHMARK(parse_as_yaml);

}  // namespace
}  // namespace charon::codec

BENCHMARK_MAIN();
