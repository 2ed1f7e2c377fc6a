// The configuration of our containerd: what depends on the host, and the file. Written for containerd 1.6 and 1.7 (version 2 of
// its format); docs: containerd, docs/cri/config.md.
#pragma once

#include <string>

#include "base/result.h"
#include "rt/files.h"

namespace charon::cmd {

struct ContainerdConfig {
  std::string dir;                        // holds root/, state/ and the socket
  std::string socket;                     // path; at most 107 bytes (unix(7))
  std::string cni_config_dir;             // "<data-dir>/cni"
  std::string cni_bin_dir;                // "/usr/lib/cni"
  std::string sandbox_image;              // never pulled: imported before the first pod
  std::string snapshotter = "overlayfs";  // or "native", which copies
  // Without CAP_SYS_RESOURCE nobody may lower oom_score_adj: containers then get what is allowed instead of failing.
  bool may_lower_oom_score = true;
};

// Fills in what depends on the host: snapshotter, CNI folder, capability. Forgiving: what cannot be read counts as absent,
// but for missing CNI plugins: NotFound, with the package's name.
Result<void> probe_host(const rt::Files& files, ContainerdConfig& config);

std::string containerd_config_text(const ContainerdConfig& config);

}  // namespace charon::cmd
