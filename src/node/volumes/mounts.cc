#include "node/volumes/mounts.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace charon::node {
namespace {

// Spaces, tabs, line ends and backslashes stand as three octal digits in the file (proc_pid_mounts(5)).
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] != '\\' || !digit(i + 1) || !digit(i + 2) || !digit(i + 3)) {
      out += text[i];
      continue;
    }
    out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
    i += 3;
  }
  return out;
}

// Where something is mounted, in the order in which it was done.
std::vector<std::string> mount_points(const rt::Files& files) {
  std::vector<std::string> out;
  auto table = files.read("/proc/self/mounts");
  std::string_view rest = table ? std::string_view(*table) : std::string_view();
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    std::size_t start = line.find(' ');
    if (start == std::string_view::npos) continue;
    line.remove_prefix(start + 1);
    out.push_back(unescaped(line.substr(0, line.find(' '))));
  }
  return out;
}

rt::Task<Result<void>> run(rt::Process& process, std::vector<std::string> argv) {
  rt::Command command;
  command.argv = std::move(argv);
  std::string name = command.argv.front();
  CO_TRY_ASSIGN(rt::Exit exit, co_await process.run(std::move(command)));
  if (exit.code != 0) co_return fail(Reason::InternalError, name + ": " + exit.err);
  co_return Result<void>();
}

}  // namespace

bool is_mounted(const rt::Files& files, std::string_view path) {
  std::vector<std::string> points = mount_points(files);
  return std::find(points.begin(), points.end(), path) != points.end();
}

rt::Task<Result<void>> mount_memory(rt::Files& files, rt::Process& process, std::string path, std::string options) {
  CO_TRY(files.make_dirs(path, 0750));
  if (is_mounted(files, path)) co_return Result<void>();
  co_return co_await run(process, {"mount", "-t", "tmpfs", "-o", std::move(options), "tmpfs", std::move(path)});
}

rt::Task<Result<void>> unmount(const rt::Files& files, rt::Process& process, std::string path) {
  if (!is_mounted(files, path)) co_return Result<void>();
  co_return co_await run(process, {"umount", std::move(path)});
}

rt::Task<Result<void>> unmount_below(const rt::Files& files, rt::Process& process, std::string path) {
  std::vector<std::string> points = mount_points(files);
  Result<void> outcome;
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    if (*point != path && !point->starts_with(path + "/")) continue;
    // One that is busy does not keep the others.
    if (auto done = co_await run(process, {"umount", *point}); !done) outcome = std::move(done);
  }
  co_return outcome;
}

}  // namespace charon::node
