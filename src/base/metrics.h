// Metrics in the Prometheus text format. One registry per process part; counters may be used from any thread.
//
// A family is declared once by its owner and hands out one series per set of label values. Names, help and buckets follow
// the component that Kubernetes' dashboards expect them from.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace charon {

class Counter {
 public:
  void add(double amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  void set(double value) { value_.store(value, std::memory_order_relaxed); }  // for gauges
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Histogram {
 public:
  explicit Histogram(const std::vector<double>& bounds);
  void observe(double value);

 private:
  friend class Metrics;
  const std::vector<double>& bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> buckets_;  // one more than bounds
  std::atomic<double> sum_{0};
};

class Metrics {
 public:
  enum class Type : std::uint8_t { Counter, Gauge, Histogram };

  // A family of series; label names are fixed, values choose the series.
  class Family {
   public:
    Counter& counter(const std::vector<std::string>& label_values);
    Histogram& histogram(const std::vector<std::string>& label_values);

   private:
    friend class Metrics;
    std::string name;
    std::string help;
    Type type = Type::Counter;
    std::vector<std::string> labels;
    std::vector<double> bounds;
    mutable std::mutex mutex;
    std::map<std::vector<std::string>, std::unique_ptr<Counter>> counters;
    std::map<std::vector<std::string>, std::unique_ptr<Histogram>> histograms;
  };

  // The same name again returns the same family. References stay valid as long as the registry.
  Family& counter(std::string name, std::string help, std::vector<std::string> labels = {});
  Family& gauge(std::string name, std::string help, std::vector<std::string> labels = {});
  Family& histogram(std::string name, std::string help, std::vector<double> bounds, std::vector<std::string> labels = {});

  // Called before each exposition, to set gauges that are read rather than kept.
  void on_collect(std::function<void()> collect);

  std::string expose() const;

 private:
  Family& family(std::string name, std::string help, Type type, std::vector<std::string> labels, std::vector<double> bounds);

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Family>, std::less<>> families_;
  std::vector<std::function<void()>> collectors_;
};

}  // namespace charon
