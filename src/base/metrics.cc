#include "base/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace charon {
namespace {

std::string number(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append("=\"");
  for (char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string label_text(const std::vector<std::string>& names, const std::vector<std::string>& values) {
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) {
    if (i > 0) out += ',';
    append_label(out, names[i], values[i]);
  }
  return out;
}

void append_sample(std::string& out, std::string_view name, std::string_view labels, const std::string& value) {
  out.append(name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(value).append("\n");
}

}  // namespace

Histogram::Histogram(const std::vector<double>& bounds)
    : bounds_(bounds), buckets_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds.size() + 1)) {}

void Histogram::observe(double value) {
  auto place = static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
  buckets_[place].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Counter& Metrics::Family::counter(const std::vector<std::string>& label_values) {
  std::lock_guard lock(mutex);
  auto& place = counters[label_values];
  if (!place) place = std::make_unique<Counter>();
  return *place;
}

Histogram& Metrics::Family::histogram(const std::vector<std::string>& label_values) {
  std::lock_guard lock(mutex);
  auto& place = histograms[label_values];
  if (!place) place = std::make_unique<Histogram>(bounds);
  return *place;
}

Metrics::Family& Metrics::family(std::string name, std::string help, Type type, std::vector<std::string> labels,
                                 std::vector<double> bounds) {
  std::lock_guard lock(mutex_);
  auto& place = families_[name];
  if (!place) {
    place = std::make_unique<Family>();
    place->name = std::move(name);
    place->help = std::move(help);
    place->type = type;
    place->labels = std::move(labels);
    place->bounds = std::move(bounds);
  }
  return *place;
}

Metrics::Family& Metrics::counter(std::string name, std::string help, std::vector<std::string> labels) {
  return family(std::move(name), std::move(help), Type::Counter, std::move(labels), {});
}
Metrics::Family& Metrics::gauge(std::string name, std::string help, std::vector<std::string> labels) {
  return family(std::move(name), std::move(help), Type::Gauge, std::move(labels), {});
}
Metrics::Family& Metrics::histogram(std::string name, std::string help, std::vector<double> bounds,
                                    std::vector<std::string> labels) {
  return family(std::move(name), std::move(help), Type::Histogram, std::move(labels), std::move(bounds));
}

void Metrics::on_collect(std::function<void()> collect) {
  std::lock_guard lock(mutex_);
  collectors_.push_back(std::move(collect));
}

std::string Metrics::expose() const {
  std::vector<std::function<void()>> collectors;
  {
    std::lock_guard lock(mutex_);
    collectors = collectors_;
  }
  for (const auto& collect : collectors) collect();
  std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    std::lock_guard family_lock(family->mutex);
    std::string_view type = family->type == Type::Counter ? "counter" : family->type == Type::Gauge ? "gauge" : "histogram";
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, family->help, name, type);
    for (const auto& [values, counter] : family->counters)
      append_sample(out, name, label_text(family->labels, values), number(counter->value()));
    for (const auto& [values, histogram] : family->histograms) {
      std::string labels = label_text(family->labels, values);
      std::uint64_t count = 0;
      for (std::size_t i = 0; i <= family->bounds.size(); ++i) {
        count += histogram->buckets_[i].load(std::memory_order_relaxed);
        std::string bound = i < family->bounds.size() ? number(family->bounds[i]) : "+Inf";
        std::string with_bound = labels + (labels.empty() ? "" : ",") + "le=\"" + bound + "\"";
        append_sample(out, name + "_bucket", with_bound, std::to_string(count));
      }
      append_sample(out, name + "_sum", labels, number(histogram->sum_.load(std::memory_order_relaxed)));
      append_sample(out, name + "_count", labels, std::to_string(count));
    }
  }
  return out;
}

}  // namespace charon
