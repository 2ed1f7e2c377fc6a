#include "store/measured/measured_store.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace charon::store {
namespace {

enum class Operation : std::uint8_t { Create, Update, Delete, Get, List };
constexpr std::array<const char*, 5> kOperations = {"create", "update", "delete", "get", "list"};

const std::vector<double> kDurations = {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2,
                                        3,     4,     5,    6,   8,   10,  15,  20,  30,  45,   60};

// "/registry/apps/deployments/" of "/registry/apps/deployments/default/web"; empty for other keys.
std::string_view prefix_of(std::string_view key) {
  std::size_t end = 0;
  for (int i = 0; i < 3; ++i) {
    end = key.find('/', end + 1);
    if (end == std::string_view::npos) return {};
  }
  return key.substr(0, end + 1);
}

Operation operation_of(const Write& write) {
  if (write.value == nullptr) return Operation::Delete;
  return write.if_modified == Revision{0} ? Operation::Create : Operation::Update;
}

class MeasuredStore final : public Store {
 public:
  MeasuredStore(std::unique_ptr<Store> store, const rt::Clock& clock, Metrics& metrics)
      : store_(std::move(store)),
        clock_(clock),
        durations_(metrics.histogram("etcd_request_duration_seconds", "How long the store took, by operation and resource.",
                                     kDurations, kLabels)),
        requests_(metrics.counter("etcd_requests_total", "Requests to the store, by operation and resource.", kLabels)),
        errors_(metrics.counter("etcd_request_errors_total", "Requests that the store failed to carry out.", kLabels)) {
    Counter& size =
        metrics.gauge("apiserver_storage_size_bytes", "Size of the store's file.", {"storage_cluster_id"}).counter({"etcd-0"});
    metrics.on_collect([&size, store = std::weak_ptr<Store>(store_)] {
      if (auto measured = store.lock()) size.set(static_cast<double>(measured->stats().file_bytes));
    });
  }

  rt::Task<Result<std::optional<Entry>>> get(std::string key) override {
    Series& series = of(Operation::Get, key);
    co_return co_await measured(series, store_->get(std::move(key)));
  }
  rt::Task<Result<ListResult>> list(ListOptions options) override {
    Series& series = of(Operation::List, options.prefix);
    co_return co_await measured(series, store_->list(std::move(options)));
  }
  rt::Task<Result<Revision>> commit(std::vector<Write> writes) override {
    if (writes.empty()) co_return co_await store_->commit(std::move(writes));
    Series& series = of(operation_of(writes.front()), writes.front().key);
    co_return co_await measured(series, store_->commit(std::move(writes)));
  }
  std::unique_ptr<Watch> watch(std::string prefix, Revision after, WatchHandler handler) override {
    return store_->watch(std::move(prefix), after, std::move(handler));
  }
  rt::Task<Result<void>> compact(Revision revision) override { return store_->compact(revision); }
  rt::Task<Result<void>> snapshot(std::string path) override { return store_->snapshot(std::move(path)); }
  Stats stats() const override { return store_->stats(); }

 private:
  static inline const std::vector<std::string> kLabels = {"operation", "group", "resource"};

  struct Series {
    Histogram* duration = nullptr;
    Counter* requests = nullptr;
    Counter* errors = nullptr;
  };
  struct Resource {
    std::string prefix;
    std::array<Series, kOperations.size()> series;
  };

  // What is written comes in runs: the resource of the last request stands first.
  Series& of(Operation operation, std::string_view key) {
    std::string_view prefix = prefix_of(key);
    auto place = std::ranges::find_if(resources_, [&](const auto& resource) { return resource->prefix == prefix; });
    if (place == resources_.end()) place = resources_.insert(place, make(prefix));
    if (place != resources_.begin()) std::swap(*place, resources_.front());
    Series& series = resources_.front()->series[static_cast<std::size_t>(operation)];
    if (series.duration == nullptr) fill(series, operation, prefix);
    return series;
  }
  static std::unique_ptr<Resource> make(std::string_view prefix) {
    auto made = std::make_unique<Resource>();
    made->prefix = prefix;
    return made;
  }
  void fill(Series& series, Operation operation, std::string_view prefix) {
    std::vector<std::string> labels = {kOperations[static_cast<std::size_t>(operation)], "", ""};
    constexpr std::string_view kRoot = "/registry/";
    if (prefix.starts_with(kRoot)) {
      prefix.remove_prefix(kRoot.size());
      std::size_t slash = prefix.find('/');
      labels[1] = prefix.substr(0, slash);
      labels[2] = prefix.substr(slash + 1, prefix.size() - slash - 2);
    }
    series = {&durations_.histogram(labels), &requests_.counter(labels), &errors_.counter(labels)};
  }

  template <class T>
  rt::Task<Result<T>> measured(Series& series, rt::Task<Result<T>> task) {
    const rt::Instant started = clock_.now();
    Result<T> outcome = co_await task;
    series.duration->observe(std::chrono::duration<double>(clock_.now() - started).count());
    series.requests->add();
    if (!outcome && outcome.error().reason != Reason::Conflict) series.errors->add();
    co_return outcome;
  }

  std::shared_ptr<Store> store_;
  const rt::Clock& clock_;
  Metrics::Family& durations_;
  Metrics::Family& requests_;
  Metrics::Family& errors_;
  std::vector<std::unique_ptr<Resource>> resources_;  // as many as kinds are written
};

}  // namespace

std::unique_ptr<Store> make_measured_store(std::unique_ptr<Store> store, const rt::Clock& clock, Metrics& metrics) {
  return std::make_unique<MeasuredStore>(std::move(store), clock, metrics);
}

}  // namespace charon::store
