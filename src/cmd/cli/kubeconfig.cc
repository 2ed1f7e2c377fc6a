#include <cstdio>

#include "cmd/cli/commands.h"
#include "rt/os/system.h"

namespace charon::cmd {

int run_kubeconfig(const Options& options) {
  auto text = rt::make_os_files()->read(admin_kubeconfig(options));
  if (!text) {
    std::fprintf(stderr, "charon: %s\nIs there a cluster on this machine? `charon up` makes one.\n",
                 text.error().message.c_str());
    return 1;
  }
  std::fwrite(text->data(), 1, text->size(), stdout);
  return 0;
}

}  // namespace charon::cmd
