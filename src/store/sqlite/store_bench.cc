// Durable commits per second by number of committers, next to what the disk's sync allows; lists and gets.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/check.h"
#include "rt/os/loop.h"
#include "rt/scope.h"
#include "store/sqlite/sqlite_store.h"

namespace charon::store {
namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "charon-bench-XXXXXX").string();
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::unique_ptr<Store> open(rt::OsLoop& loop, const Folder& folder) {
  auto store = open_sqlite_store(loop, {folder.file("store.db"), {}},
                                 {rt::make_thread_worker("writing"), rt::make_thread_worker("reading")});
  CHECK(store.has_value());
  return std::move(*store);
}

void BM_RawSync(benchmark::State& state) {
  const Folder folder;
  const int file = ::open(folder.file("raw").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const std::string page(4096, 'x');
  constexpr off_t kPages = 1024;
  for (off_t i = 0; i < kPages; ++i) CHECK(pwrite(file, page.data(), page.size(), i * 4096) == 4096);
  CHECK(fsync(file) == 0);
  off_t next = 0;
  for (auto _ : state) {
    CHECK(pwrite(file, page.data(), page.size(), (next++ % kPages) * 4096) == 4096);
    CHECK(fdatasync(file) == 0);
  }
  close(file);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_RawSync)->UseRealTime();

rt::Task<void> commit_keys(Store* store, std::string prefix, int count, SharedBytes value) {
  for (int i = 0; i < count; ++i) {
    std::vector<Write> writes;
    writes.push_back({prefix + std::to_string(i % 100), value, std::nullopt});
    auto revision = co_await store->commit(std::move(writes));
    CHECK(revision.has_value());
  }
}

rt::Task<void> commit_together(Store* store, rt::Loop* loop, int committers, int count, SharedBytes value) {
  rt::Scope scope(*loop);
  for (int i = 0; i < committers; ++i) {
    scope.spawn(commit_keys(store, "/registry/pods/namespace-" + std::to_string(i) + "/pod-", count, value));
  }
  co_await scope.drained();
}

// Arguments: committers, bytes of a value.
void BM_Commit(benchmark::State& state) {
  const Folder folder;
  rt::OsLoop loop;
  auto store = open(loop, folder);
  const auto committers = static_cast<int>(state.range(0));
  const auto value = share(std::string(static_cast<std::size_t>(state.range(1)), 'v'));
  constexpr int kCount = 50;
  for (auto _ : state) loop.run(commit_together(store.get(), &loop, committers, kCount, value));
  const Stats stats = store->stats();
  state.SetItemsProcessed(static_cast<std::int64_t>(stats.commits));
  state.counters["syncs/s"] = benchmark::Counter(static_cast<double>(stats.syncs), benchmark::Counter::kIsRate);
  state.counters["group"] = static_cast<double>(stats.commits) / static_cast<double>(stats.syncs);
  state.counters["file_MiB"] = static_cast<double>(stats.file_bytes) / (1 << 20);
}
BENCHMARK(BM_Commit)->ArgsProduct({{1, 4, 16, 64, 256}, {256, 2048}})->UseRealTime()->Unit(benchmark::kMillisecond);

rt::Task<void> fill(Store* store, int keys, SharedBytes value) {
  for (int done = 0; done < keys;) {
    std::vector<Write> writes;
    for (int i = 0; i < 1000 && done < keys; ++i, ++done)
      writes.push_back({"/registry/pods/" + std::to_string(done), value, 0});
    auto revision = co_await store->commit(std::move(writes));
    CHECK(revision.has_value());
  }
}

rt::Task<void> tick(rt::Loop* loop, rt::Duration* longest) {
  rt::Instant last = loop->clock().now();
  while (true) {
    co_await rt::sleep(*loop, std::chrono::milliseconds(1));
    const rt::Instant now = loop->clock().now();
    *longest = std::max(*longest, now - last);
    last = now;
  }
}

rt::Task<void> list_all(Store* store, rt::Loop* loop, std::size_t* total, rt::Duration* longest) {
  rt::Scope scope(*loop);
  scope.spawn(tick(loop, longest));
  auto result = co_await store->list({.prefix = "/registry/pods/"});
  CHECK(result.has_value());
  *total += result->entries.size();
}

// Argument: entries. `loop_ms`: the longest time between two ticks of a 1 ms timer on the loop meanwhile.
void BM_List(benchmark::State& state) {
  const Folder folder;
  rt::OsLoop loop;
  auto store = open(loop, folder);
  loop.run(fill(store.get(), static_cast<int>(state.range(0)), share(std::string(1024, 'v'))));
  std::size_t total = 0;
  rt::Duration longest{};
  for (auto _ : state) loop.run(list_all(store.get(), &loop, &total, &longest));
  state.SetItemsProcessed(static_cast<std::int64_t>(total));
  state.counters["loop_ms"] = std::chrono::duration<double, std::milli>(longest).count();
}
BENCHMARK(BM_List)->Arg(1000)->Arg(100000)->UseRealTime()->Unit(benchmark::kMillisecond);

rt::Task<void> get_one(Store* store, int times) {
  for (int i = 0; i < times; ++i) {
    auto entry = co_await store->get("/registry/pods/" + std::to_string(i % 1000));
    CHECK(entry.has_value() && entry->has_value());
  }
}

void BM_Get(benchmark::State& state) {
  const Folder folder;
  rt::OsLoop loop;
  auto store = open(loop, folder);
  loop.run(fill(store.get(), 10000, share(std::string(1024, 'v'))));
  for (auto _ : state) loop.run(get_one(store.get(), 1000));
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(BM_Get)->UseRealTime();

}  // namespace
}  // namespace charon::store

BENCHMARK_MAIN();
