#include "node/registration/cpu_meter.h"

#include <charconv>
#include <vector>

namespace charon::node {

namespace {

// The numbers after the name of a line.
std::vector<std::uint64_t> numbers(std::string_view line) {
  std::vector<std::uint64_t> out;
  std::size_t at = line.find(' ');
  while (at < line.size()) {
    at = line.find_first_not_of(' ', at);
    if (at == std::string_view::npos) break;
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(line.data() + at, line.data() + line.size(), value);
    if (error != std::errc()) break;
    out.push_back(value);
    at = static_cast<std::size_t>(end - line.data());
  }
  return out;
}

}  // namespace

std::optional<std::int64_t> CpuMeter::milli_cpus_since_last(std::string_view stat) {
  // user nice system idle iowait irq softirq steal; the guests' times are part of user and nice.
  constexpr std::size_t kIdle = 3;
  constexpr std::size_t kWaiting = 4;
  constexpr std::size_t kCounted = 8;
  std::vector<std::uint64_t> times = numbers(stat.substr(0, stat.find('\n')));
  if (!stat.starts_with("cpu ") || times.size() < kCounted) return std::nullopt;
  std::int64_t cpus = 0;
  for (std::size_t at = stat.find("\ncpu"); at != std::string_view::npos; at = stat.find("\ncpu", at + 1)) ++cpus;
  Times now;
  for (std::size_t i = 0; i < kCounted; ++i) {
    now.total += times[i];
    if (i != kIdle && i != kWaiting) now.busy += times[i];
  }
  std::optional<Times> before = last_;
  last_ = now;
  // Waiting times may run backwards.
  if (!before || now.total <= before->total || now.busy < before->busy) return std::nullopt;
  double share = static_cast<double>(now.busy - before->busy) / static_cast<double>(now.total - before->total);
  return static_cast<std::int64_t>(share * static_cast<double>(cpus) * 1000);
}

}  // namespace charon::node
