#include "cmd/cli/options.h"

namespace charon::cmd {

std::string admin_kubeconfig(const Options& options) { return options.data_dir + "/admin.kubeconfig"; }
std::string pid_file(const Options& options) { return options.data_dir + "/" + options.process + ".pid"; }
std::string log_file(const Options& options) { return options.data_dir + "/charon.log"; }

}  // namespace charon::cmd
