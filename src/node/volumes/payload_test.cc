#include "node/volumes/payload.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "rt/os/system.h"

namespace charon::node {
namespace {

class PayloadTest : public ::testing::Test {
 protected:
  void TearDown() override { (void)files_->remove_all(dir_); }
  std::unique_ptr<rt::Files> files_ = rt::make_os_files();
  std::string dir_ = ::testing::TempDir() + "charon-payload-test-" + std::to_string(getpid());
};

TEST_F(PayloadTest, SwapsAllFilesAtOnce) {
  Payload first;
  first["a"] = {"1", 0644};
  first["sub/b"] = {"2", 0600};
  ASSERT_TRUE(write_payload(*files_, dir_, first, {}, Time{100, 0}));
  EXPECT_EQ(files_->read(dir_ + "/a").value_or(""), "1");
  EXPECT_EQ(files_->read(dir_ + "/sub/b").value_or(""), "2");
  EXPECT_EQ(files_->read_link(dir_ + "/a").value_or(""), "..data/a");
  std::string version = files_->read_link(dir_ + "/..data").value_or("");

  ASSERT_TRUE(write_payload(*files_, dir_, first, {}, Time{200, 0}));
  EXPECT_EQ(files_->read_link(dir_ + "/..data").value_or(""), version) << "nothing changed, nothing is written";

  Payload second;
  second["a"] = {"3", 0644};
  ASSERT_TRUE(write_payload(*files_, dir_, second, {}, Time{300, 0}));
  EXPECT_EQ(files_->read(dir_ + "/a").value_or(""), "3");
  EXPECT_FALSE(files_->exists(dir_ + "/sub"));
  EXPECT_FALSE(files_->exists(dir_ + "/" + version));
  EXPECT_NE(files_->read_link(dir_ + "/..data").value_or(""), version);
}

TEST_F(PayloadTest, KeepsNoFileThatIsNotInIt) {
  Payload first;
  first["sub/a"] = {"1", 0644};
  first["sub/b"] = {"2", 0644};
  ASSERT_TRUE(write_payload(*files_, dir_, first, {}, Time{100, 0}));
  first.erase("sub/b");
  ASSERT_TRUE(write_payload(*files_, dir_, first, {}, Time{200, 0}));
  EXPECT_TRUE(files_->exists(dir_ + "/..data/sub/a"));
  EXPECT_FALSE(files_->exists(dir_ + "/..data/sub/b"));
}

TEST_F(PayloadTest, StaysInsideTheVolume) {
  for (const char* path : {"../x", "/etc/passwd", "a/../../x", ""}) {
    Payload payload;
    payload[path] = {"x", 0644};
    EXPECT_FALSE(write_payload(*files_, dir_, payload, {}, Time{100, 0})) << path;
  }
}

TEST(AddItems, ChoosesKeys) {
  std::map<std::string, std::string, std::less<>> data = {{"k", "v"}, {"l", "w"}};
  Payload payload;
  ASSERT_TRUE(add_items(data, {}, 0644, false, payload));
  EXPECT_EQ(payload.size(), 2u);
  payload.clear();
  core::v1::KeyToPath item;
  item.key = "k";
  item.path = "p/q";
  ASSERT_TRUE(add_items(data, {item}, 0644, false, payload));
  EXPECT_EQ(payload.at("p/q").bytes, "v");
  item.key = "none";
  EXPECT_FALSE(add_items(data, {item}, 0644, false, payload));
  EXPECT_TRUE(add_items(data, {item}, 0644, true, payload));
}

}  // namespace
}  // namespace charon::node
