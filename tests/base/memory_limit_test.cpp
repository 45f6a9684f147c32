#include "onestep/base/memory/memory_limit.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace onestep {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMachine = 1'000'000;

/// The files of control groups, made up.
class ControlGroups : public ::testing::Test {
 protected:
  ControlGroups() {
    std::string name = ::testing::TempDir() + "onestep_groups_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    root_ = name;
  }
  ~ControlGroups() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text << "\n";
  }
  std::int64_t limit(const std::string& groups) const {
    return control_group_limit(groups, root_, kMachine);
  }

  fs::path root_;
};

TEST_F(ControlGroups, WithoutALimitLeaveTheMachines) {
  EXPECT_EQ(limit(""), kMachine);
  EXPECT_EQ(limit("0::/gone\n"), kMachine);
  write("a/memory.max", "max");
  EXPECT_EQ(limit("0::/a\n"), kMachine);
  write("a/memory.max", "9000000000000000000");
  EXPECT_EQ(limit("0::/a\n"), kMachine);
}

TEST_F(ControlGroups, HoldToTheLeastLimitOnTheWayUp) {
  write("a/memory.max", "5000");
  write("a/b/memory.max", "7000");
  EXPECT_EQ(limit("0::/a/b\n"), 5000);
  write("a/b/c/memory.max", "300");
  EXPECT_EQ(limit("0::/a/b/c\n"), 300);
  write("memory.max", "20");
  EXPECT_EQ(limit("0::/\n"), 20);
}

TEST_F(ControlGroups, OfTheFirstVersionAreUnderstood) {
  write("memory/docker/x/memory.limit_in_bytes", "4000");
  EXPECT_EQ(limit("12:cpu,cpuacct:/docker/x\n9:memory:/docker/x\n0::/\n"), 4000);
}

TEST(MemoryLimit, IsPositive) {
  EXPECT_GT(memory_limit(), std::int64_t{1} << 20);
}

}  // namespace
}  // namespace onestep
