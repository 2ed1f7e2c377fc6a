#include "node/registration/facts.h"

#include <algorithm>
#include <charconv>

namespace charon::node {
namespace {

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

std::string first_line(const rt::Files& files, const std::string& path) {
  auto text = files.read(path);
  if (!text) return "";
  return trimmed(text->substr(0, text->find('\n')));
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::int64_t meminfo_bytes(std::string_view meminfo, std::string_view key) {
  std::size_t at = meminfo.find(std::string(key) + ":");
  if (at == std::string_view::npos) return 0;
  return number(meminfo.substr(at + key.size() + 1)) * 1024;
}

int count_cpus(std::string_view online) {
  int count = 0;
  while (!online.empty()) {
    std::string_view range = online.substr(0, online.find(','));
    online.remove_prefix(std::min(range.size() + 1, online.size()));
    std::size_t dash = range.find('-');
    std::int64_t low = number(range);
    std::int64_t high = dash == std::string_view::npos ? low : number(range.substr(dash + 1));
    count += static_cast<int>(high - low + 1);
  }
  return std::max(count, 1);
}

std::string os_release_name(std::string_view os_release) {
  std::size_t at = os_release.find("PRETTY_NAME=");
  if (at == std::string_view::npos) return "Linux";
  std::string_view value = os_release.substr(at + 12);
  value = value.substr(0, value.find('\n'));
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'')) value = value.substr(1, value.size() - 2);
  return std::string(value);
}

MachineFacts read_machine(const rt::Files& files, const std::string& data_dir) {
  MachineFacts out;
  out.cpus = count_cpus(first_line(files, "/sys/devices/system/cpu/online"));
  std::string meminfo = files.read("/proc/meminfo").value_or("");
  out.memory_bytes = meminfo_bytes(meminfo, "MemTotal");
  out.memory_available_bytes = meminfo_bytes(meminfo, "MemAvailable");
  out.pids_max = number(first_line(files, "/proc/sys/kernel/pid_max"));
  std::string loadavg = first_line(files, "/proc/loadavg");
  if (std::size_t slash = loadavg.find('/'); slash != std::string::npos)
    out.pids_used = number(std::string_view(loadavg).substr(slash + 1));
  out.machine_id = first_line(files, "/etc/machine-id");
  out.system_uuid = first_line(files, "/sys/class/dmi/id/product_uuid");
  if (out.system_uuid.empty()) out.system_uuid = out.machine_id;
  out.boot_id = first_line(files, "/proc/sys/kernel/random/boot_id");
  out.kernel_version = first_line(files, "/proc/sys/kernel/osrelease");
  out.os_image = os_release_name(files.read("/etc/os-release").value_or(""));
#if defined(__x86_64__)
  out.architecture = "amd64";
#elif defined(__aarch64__)
  out.architecture = "arm64";
#else
  out.architecture = "unknown";
#endif
  if (auto disk = files.disk_space(data_dir)) {
    out.disk_bytes = static_cast<std::int64_t>(disk->size_bytes);
    out.disk_available_bytes = static_cast<std::int64_t>(disk->available_bytes);
  }
  return out;
}

}  // namespace charon::node
