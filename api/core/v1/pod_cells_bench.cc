// The row of one pod: a list of a thousand pods as a table computes a thousand of them.
#include <benchmark/benchmark.h>

#include "api/core/v1/pod_cells.h"
#include "codec/json.h"
#include "codec/tree.h"

namespace charon::core::v1 {
namespace {

void row(benchmark::State& state) {
  codec::Value pod =
      *codec::parse_json(R"({"metadata":{"name":"a"},"spec":{"nodeName":"n1","containers":[{"name":"a"},{"name":"b"}],
    "initContainers":[{"name":"i"}]},"status":{"phase":"Running","podIPs":[{"ip":"10.0.0.7"}],"conditions":[
    {"type":"Initialized","status":"True"},{"type":"Ready","status":"True"},{"type":"PodScheduled","status":"True"}],
    "initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":0,"reason":"Completed"}}}],"containerStatuses":[
    {"name":"a","ready":true,"restartCount":3,"state":{"running":{}},"lastState":{"terminated":{"exitCode":1,"finishedAt":"2026-01-02T03:05:00Z"}}},
    {"name":"b","ready":true,"state":{"running":{}}}]}})");
  Time now = *parse_rfc3339("2026-01-02T03:10:00Z");
  for (auto _ : state) {
    codec::Array cells;
    pod_cells(pod, now, cells);
    benchmark::DoNotOptimize(cells);
  }
}
BENCHMARK(row);

}  // namespace
}  // namespace charon::core::v1
