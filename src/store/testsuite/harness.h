// Runs one store for a test: with its loop, its files, and the way to wait for it. Straight-line tests call `await`.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "rt/os/loop.h"
#include "rt/virtual/loop.h"
#include "store/measured/measured_store.h"
#include "store/memory/memory_store.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store.h"

namespace charon::store {

// A folder that goes with it. In memory (where the system has such a place) for tests that need no real syncs.
class TemporaryFolder {
 public:
  enum class Place : std::uint8_t { Disk, Memory };

  explicit TemporaryFolder(Place place = Place::Disk) {
    const bool in_memory = place == Place::Memory && access("/dev/shm", W_OK) == 0;
    const std::filesystem::path parent = in_memory ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string name = (parent / "charon-store-XXXXXX").string();
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class Harness {
 public:
  virtual ~Harness() = default;
  virtual Store& store() = 0;
  virtual void run(rt::Task<void> task) = 0;
  virtual rt::Loop& loop() = 0;
  virtual bool durable() const = 0;
  virtual void reopen() {}  // only when durable

  template <class T>
  T await(rt::Task<T> task) {
    std::optional<T> result;
    run(keep(&result, std::move(task)));
    return std::move(*result);
  }
  // False when it does not come true within seconds.
  bool wait_until(const std::function<bool()>& true_now) {
    for (int i = 0; i < 5000 && !true_now(); ++i) run(pause(&loop()));
    return true_now();
  }

 private:
  template <class T>
  static rt::Task<void> keep(std::optional<T>* place, rt::Task<T> task) {
    place->emplace(co_await task);
  }
  static rt::Task<void> pause(rt::Loop* loop) { co_await rt::sleep(*loop, std::chrono::milliseconds(1)); }
};

class MemoryHarness final : public Harness {
 public:
  explicit MemoryHarness(HistoryLimits limits) : store_(make_memory_store(loop_, limits)) {}
  Store& store() override { return *store_; }
  void run(rt::Task<void> task) override { loop_.run(std::move(task)); }
  rt::Loop& loop() override { return loop_; }
  bool durable() const override { return false; }

 private:
  rt::VirtualLoop loop_;
  std::unique_ptr<Store> store_;
};

class MeasuredHarness final : public Harness {
 public:
  explicit MeasuredHarness(HistoryLimits limits)
      : store_(make_measured_store(make_memory_store(loop_, limits), loop_.clock(), metrics_)) {}
  Store& store() override { return *store_; }
  void run(rt::Task<void> task) override { loop_.run(std::move(task)); }
  rt::Loop& loop() override { return loop_; }
  bool durable() const override { return false; }

 private:
  rt::VirtualLoop loop_;
  Metrics metrics_;
  std::unique_ptr<Store> store_;
};

// On virtual time with workers on the loop, or on real time with threads.
template <class LoopType>
class SqliteHarness final : public Harness {
 public:
  explicit SqliteHarness(HistoryLimits limits) : limits_(limits) { open(); }
  Store& store() override { return *store_; }
  void run(rt::Task<void> task) override { loop_.run(std::move(task)); }
  rt::Loop& loop() override { return loop_; }
  bool durable() const override { return true; }
  void reopen() override {
    store_.reset();
    run(nothing());  // drains the workers that run on the loop
    open();
  }

 private:
  static rt::Task<void> nothing() { co_return; }
  void open() {
    auto opened = open_sqlite_store(loop_, {folder_.file("store.db"), limits_}, {worker("writing"), worker("reading")});
    if (!opened) ADD_FAILURE() << opened.error().message;
    store_ = std::move(opened.value());
  }
  std::unique_ptr<rt::Worker> worker(const char* name) {
    if constexpr (std::is_same_v<LoopType, rt::OsLoop>) {
      return rt::make_thread_worker(name);
    } else {
      (void)name;
      return std::make_unique<rt::VirtualWorker>(loop_);
    }
  }

  HistoryLimits limits_;
  TemporaryFolder folder_{TemporaryFolder::Place::Memory};
  LoopType loop_;
  std::unique_ptr<Store> store_;
};

struct Implementation {
  std::string name;
  std::function<std::unique_ptr<Harness>(HistoryLimits)> make;
};

inline void PrintTo(const Implementation& implementation, std::ostream* out) { *out << implementation.name; }

inline std::vector<Implementation> implementations() {
  return {
      {"memory", [](HistoryLimits limits) { return std::make_unique<MemoryHarness>(limits); }},
      {"measured", [](HistoryLimits limits) { return std::make_unique<MeasuredHarness>(limits); }},
      {"sqlite", [](HistoryLimits limits) { return std::make_unique<SqliteHarness<rt::VirtualLoop>>(limits); }},
      {"sqlite_threads", [](HistoryLimits limits) { return std::make_unique<SqliteHarness<rt::OsLoop>>(limits); }},
  };
}

inline std::string implementation_name(const testing::TestParamInfo<Implementation>& info) { return info.param.name; }

// What a watch has got so far.
struct Observer {
  std::vector<Event> events;
  std::optional<Error> ended;
  WatchHandler handler() {
    return {.on_events = [this](const std::vector<Event>& more) { events.insert(events.end(), more.begin(), more.end()); },
            .on_end = [this](Error error) { ended = std::move(error); }};
  }
};

}  // namespace charon::store
