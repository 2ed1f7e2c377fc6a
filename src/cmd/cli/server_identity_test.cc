#include "cmd/cli/server_identity.h"

#include <gtest/gtest.h>

#include "rt/os/system.h"

namespace charon::cmd {
namespace {

TEST(ServerIdentity, IsOfTheNodeAndTheDataDirectory) {
  const auto files = rt::make_os_files();
  const auto random = rt::make_os_random();
  Options options;
  options.node_name = "n1";
  options.data_dir = ::testing::TempDir() + "/charon-server-identity";
  ASSERT_TRUE(files->remove_all(options.data_dir));
  ASSERT_TRUE(files->make_dirs(options.data_dir, 0700));
  const auto first = server_identity(*files, *random, options);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(first->starts_with("n1_"));
  EXPECT_EQ(*server_identity(*files, *random, options), *first);
  options.node_name = "n2";
  EXPECT_NE(*server_identity(*files, *random, options), *first);
  options.node_name = "n1";
  ASSERT_TRUE(files->remove_all(options.data_dir + "/server-id"));
  EXPECT_NE(*server_identity(*files, *random, options), *first);
  ASSERT_TRUE(files->remove_all(options.data_dir));
}

}  // namespace
}  // namespace charon::cmd
