#include "cmd/compose/process_metrics.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace charon::cmd {
namespace {

constexpr double kTicksPerSecond = 100;  // USER_HZ: the same on all of Linux' architectures that we build for
constexpr double kKilobyte = 1024;

// The number behind `label` in a text such as /proc/self/status; 0 when there is none.
double number_after(std::string_view text, std::string_view label) {
  std::size_t place = text.find(label);
  if (place == std::string_view::npos) return 0;
  std::string rest(text.substr(place + label.size(), 64));
  return std::strtod(rest.c_str(), nullptr);
}

// The fields of /proc/self/stat from the third on (proc(5)): the second, the program's name, may have spaces.
std::vector<double> stat_fields(std::string_view text) {
  std::vector<double> fields;
  text.remove_prefix(std::min(text.rfind(')') + 1, text.size()));
  while (!text.empty()) {
    text.remove_prefix(1);
    std::size_t end = std::min(text.find(' '), text.size());
    fields.push_back(std::strtod(std::string(text.substr(0, end)).c_str(), nullptr));
    text.remove_prefix(end);
  }
  return fields;
}

}  // namespace

void add_process_metrics(Metrics& metrics, const rt::Files& files) {
  Counter& cpu = metrics.counter("process_cpu_seconds_total", "Processor time of the process, in seconds.").counter({});
  auto gauge = [&metrics](const char* name, const char* help) { return &metrics.gauge(name, help).counter({}); };
  Counter* resident = gauge("process_resident_memory_bytes", "Memory of the process that is in RAM, in bytes.");
  Counter* reserved = gauge("process_virtual_memory_bytes", "Addresses that the process has taken, in bytes.");
  Counter* open = gauge("process_open_fds", "File descriptors that are open.");
  Counter* most = gauge("process_max_fds", "File descriptors that may be open.");
  Counter* start = gauge("process_start_time_seconds", "When the process began, in seconds since 1970.");
  metrics.on_collect([&files, &cpu, resident, reserved, open, most, start] {
    constexpr std::size_t kUserTime = 11;
    constexpr std::size_t kSystemTime = 12;
    constexpr std::size_t kStartTime = 19;
    std::vector<double> stat = stat_fields(files.read("/proc/self/stat").value_or(""));
    if (stat.size() > kStartTime) {
      cpu.set((stat[kUserTime] + stat[kSystemTime]) / kTicksPerSecond);
      start->set(number_after(files.read("/proc/stat").value_or(""), "btime ") + stat[kStartTime] / kTicksPerSecond);
    }
    std::string status = files.read("/proc/self/status").value_or("");
    resident->set(number_after(status, "VmRSS:") * kKilobyte);
    reserved->set(number_after(status, "VmSize:") * kKilobyte);
    most->set(number_after(files.read("/proc/self/limits").value_or(""), "Max open files"));
    if (auto names = files.list("/proc/self/fd")) open->set(static_cast<double>(names->size()));
  });
}

}  // namespace charon::cmd
