#include "cmd/cli/server_identity.h"

namespace charon::cmd {

Result<std::string> server_identity(rt::Files& files, rt::Random& random, const Options& options) {
  const std::string path = options.data_dir + "/server-id";
  Result<std::string> id = files.read(path);
  if (!id || id->empty()) {
    id = random.uuid();
    TRY(files.write_atomic(path, *id, 0600));
  }
  return options.node_name + "_" + *id;
}

}  // namespace charon::cmd
