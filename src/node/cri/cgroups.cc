#include "node/cri/cgroups.h"

namespace charon::node {
namespace {

constexpr const char* kRoot = "/sys/fs/cgroup";

}  // namespace

rt::Task<void> remove_pod_cgroups(const rt::Files& files, rt::Process& process, std::vector<std::string> pod_uids) {
  std::vector<std::string> roots = {kRoot};
  if (auto names = files.list(kRoot))
    for (const std::string& name : *names) roots.push_back(std::string(kRoot) + "/" + name);
  // Groups go by rmdir alone: the files in them cannot be unlinked.
  rt::Command command;
  command.argv = {"rmdir"};
  for (const std::string& uid : pod_uids)
    for (const std::string& root : roots)
      for (const char* qos : {"/kubepods/pod", "/kubepods/burstable/pod", "/kubepods/besteffort/pod"})
        if (std::string path = root + qos + uid; files.exists(path)) command.argv.push_back(std::move(path));
  if (command.argv.size() > 1) (void)co_await process.run(std::move(command));
}

}  // namespace charon::node
