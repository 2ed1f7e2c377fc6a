#include "node/volumes/volumes.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "client/transport.h"
#include "node/volumes/config_map/config_map.h"
#include "node/volumes/host_path/host_path.h"
#include "node/volumes/mounts.h"
#include "rt/os/loop.h"
#include "rt/os/system.h"

namespace charon::node {
namespace {

class VolumesTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(files_->make_dirs(volume_, 0755)); }
  void TearDown() override {
    (void)loop_.run(unmount_below(*files_, *process_, dir_));
    (void)files_->remove_all(dir_);
  }
  // The host path of the only mount, or why there is none.
  Result<std::string> mounted(std::string sub_path, std::string expression = "") {
    core::v1::Container container;
    container.name = "main";
    auto& mount = container.volumeMounts.emplace_back();
    mount.name = "v";
    mount.mountPath = "/v";
    mount.subPath = std::move(sub_path);
    mount.subPathExpr = std::move(expression);
    PreparedVolumes volumes;
    volumes["v"].path = volume_;
    auto mounts = container_mounts(*files_, container, volumes, {{"POD", "web"}}, dir_ + "/pod/volume-subpaths");
    if (!mounts) return fail(std::move(mounts.error()));
    return mounts->front().host_path;
  }
  // Root, and with the right to mount, which it lacks in most containers.
  bool may_mount() const {
    if (::mount(dir_.c_str(), dir_.c_str(), nullptr, MS_BIND, nullptr) < 0) return false;
    return ::umount2(dir_.c_str(), MNT_DETACH) == 0;
  }

  rt::OsLoop loop_;
  std::unique_ptr<rt::Files> files_ = rt::make_os_files();
  std::unique_ptr<rt::Process> process_ = rt::make_os_process(loop_);
  std::string dir_ = ::testing::TempDir() + "charon-volumes-test-" + std::to_string(getpid());
  std::string volume_ = dir_ + "/volume";
};

TEST_F(VolumesTest, ASubPathStaysInsideTheVolume) {
  if (!may_mount()) GTEST_SKIP() << "mounts are not permitted";
  ASSERT_TRUE(files_->make_dirs(dir_ + "/host", 0755));
  ASSERT_TRUE(files_->symlink(dir_ + "/host", volume_ + "/absolute"));
  ASSERT_TRUE(files_->symlink("../host", volume_ + "/relative"));
  for (const char* path : {"absolute", "relative", "../host", "absolute/new", "relative/new", "/", "x/../../host"}) {
    auto path_on_host = mounted(path);
    EXPECT_FALSE(path_on_host) << path;
  }
  EXPECT_TRUE(files_->list(dir_ + "/host")->empty()) << "something was made outside";
}

TEST_F(VolumesTest, ASubPathIsMadeAndMounted) {
  if (!may_mount()) GTEST_SKIP() << "mounts are not permitted";
  ASSERT_TRUE(files_->set_mode(volume_, 0777));
  auto inner = mounted("a/b");
  ASSERT_TRUE(inner) << inner.error().message;
  EXPECT_TRUE(is_mounted(*files_, *inner));
  EXPECT_EQ(files_->info(volume_ + "/a/b")->mode, 0777u) << "as open as the volume";
  ASSERT_TRUE(files_->write(*inner + "/file", "x", 0644));
  EXPECT_EQ(files_->read(volume_ + "/a/b/file").value_or(""), "x");
  // A file, by a link that stays inside; mounted where the directory was.
  ASSERT_TRUE(files_->symlink("a/b/file", volume_ + "/link"));
  auto file = mounted("link");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(*file, *inner);
  EXPECT_EQ(files_->read(*file).value_or(""), "x");

  // With the pod go its mounts, not what they led to.
  Volumes volumes({});
  ASSERT_FALSE(files_->remove_all(dir_ + "/pod")) << "what is mounted is not emptied";
  ASSERT_TRUE(mounted("a"));
  ASSERT_FALSE(files_->remove_all(dir_ + "/pod")) << "what is mounted is not emptied";
  EXPECT_TRUE(files_->exists(volume_ + "/a/b/file"));
  auto removed = loop_.run(volumes.remove(*files_, *process_, {dir_ + "/pod", dir_ + "/memory"}));
  EXPECT_TRUE(removed) << removed.error().message;
  EXPECT_FALSE(files_->exists(dir_ + "/pod"));
  EXPECT_EQ(files_->read(volume_ + "/a/b/file").value_or(""), "x");
}

TEST_F(VolumesTest, ASubPathExpressionNeedsItsVariables) {
  if (!may_mount()) GTEST_SKIP() << "mounts are not permitted";
  ASSERT_TRUE(mounted("", "$(POD)/logs"));
  EXPECT_TRUE(files_->exists(volume_ + "/web/logs"));
  auto unknown = mounted("", "$(NONE)/logs");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message, "missing value for \"NONE\"");
}

class HostPathTest : public VolumesTest {
 protected:
  Result<std::string> prepare(std::string path, std::string type) {
    core::v1::Pod pod;
    auto& volume = pod.spec.volumes.emplace_back();
    volume.name = "v";
    auto& source = volume.volumeSource.hostPath.emplace();
    source.path = std::move(path);
    source.type = std::move(type);
    auto shared = std::make_shared<const core::v1::Pod>(std::move(pod));
    auto plugin = make_host_path_volume(*files_);
    VolumeRequest request;
    request.pod = shared;
    request.volume = &shared->spec.volumes[0];
    return loop_.run(plugin->prepare(std::move(request)));
  }
};

TEST_F(HostPathTest, ALoopOfLinksIsNoFile) {
  ASSERT_TRUE(files_->symlink(volume_ + "/b", volume_ + "/a"));
  ASSERT_TRUE(files_->symlink(volume_ + "/a", volume_ + "/b"));
  auto found = prepare(volume_ + "/a", "File");
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("too many levels of symbolic links"), std::string::npos) << found.error().message;
}

TEST_F(HostPathTest, TheTypeIsThatOfTheLinksTarget) {
  ASSERT_TRUE(files_->write(volume_ + "/file", "x", 0644));
  ASSERT_TRUE(files_->symlink("file", volume_ + "/link"));
  EXPECT_EQ(prepare(volume_ + "/link", "File").value_or(""), volume_ + "/link");
  auto wrong = prepare(volume_ + "/link", "Directory");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "hostPath type check failed: " + volume_ + "/link is not a directory");
}

TEST_F(HostPathTest, ARefreshMakesNothingAgain) {
  core::v1::Pod pod;
  auto& volume = pod.spec.volumes.emplace_back();
  volume.name = "v";
  volume.volumeSource.hostPath.emplace().path = volume_ + "/made";
  volume.volumeSource.hostPath->type = "DirectoryOrCreate";
  auto shared = std::make_shared<const core::v1::Pod>(std::move(pod));
  std::vector<std::unique_ptr<VolumeType>> types;
  types.push_back(make_host_path_volume(*files_));
  Volumes volumes(std::move(types));
  const VolumeRoots roots{dir_ + "/pod", dir_ + "/memory"};
  ASSERT_TRUE(loop_.run(volumes.prepare(shared, roots, {}, Time{})));
  ASSERT_TRUE(files_->remove_all(volume_ + "/made"));
  EXPECT_TRUE(loop_.run(volumes.refresh(shared, roots, {}, Time{})));
  EXPECT_FALSE(files_->exists(volume_ + "/made"));
}

TEST(ConfigMapData, IsTextAndBytes) {
  core::v1::ConfigMap map;
  map.data["a"] = "1";
  map.binaryData["b"] = "\xff";
  auto data = config_map_data(map);
  EXPECT_EQ(data.size(), 2u);
  EXPECT_EQ(data["b"], "\xff");
}

}  // namespace
}  // namespace charon::node
