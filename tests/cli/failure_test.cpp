#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <utility>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

using Names = std::vector<std::string>;
using Failure = CommandLine;

TEST_F(Failure, AMissingInputDoesNotStopTheOthersAndIsListedAtTheEnd) {
  const ProcessResult result = run({"predict", "nowhere.png", photograph("photo.png"), "-m",
                                    model(), "--formats", "npy", "--quiet"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "out/photo_depth.npy\n");
  const auto lines = lines_of(result.err);
  ASSERT_EQ(lines.size(), 2u) << result.err;
  EXPECT_NE(lines[0].find("nowhere.png"), std::string::npos) << lines[0];
  EXPECT_EQ(lines[1], "onestep: 1 of 2 inputs failed");
}

TEST_F(Failure, EveryBadImageIsNamedAndTheGoodOnesAreDone) {
  std::ofstream(folder() / "empty.png");
  std::ofstream(folder() / "text.jpg") << "this is no picture at all";
  photograph("whole.png", 64, 64);
  std::filesystem::copy(folder() / "whole.png", folder() / "cut.png");
  std::filesystem::resize_file(folder() / "cut.png", 3000);
  std::filesystem::create_directory(folder() / "barren");
  const ProcessResult result = run({"predict", "empty.png", "cut.png", "whole.png", "text.jpg",
                                    "barren", "-m", model(), "--formats", "npy"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(files_in("out"), Names{"whole_depth.npy"});
  const auto lines = lines_of(result.err);
  ASSERT_EQ(lines.size(), 5u) << result.err;
  for (const char* name : {"empty.png", "cut.png", "text.jpg", "barren"}) {
    EXPECT_NE(result.err.find(name), std::string::npos) << name;
  }
  EXPECT_EQ(lines[4], "onestep: 4 of 5 inputs failed");
}

TEST_F(Failure, WithoutAnyGoodInputTheModelIsNotNeeded) {
  const ProcessResult result = run({"predict", "nowhere.png", "-m", "no_model"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(result, {"nowhere.png", "expected", "found"}));
}

TEST_F(Failure, NamesAreEscapedInMessages) {
  const ProcessResult result = run({"predict", "no\nwhere\x1b[31m.png", "-m", "no_model"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(result, {"no\\nwhere\\x1b[31m.png"}));
}

TEST_F(Failure, AnImageTooSmallForTheNetworksSaysSo) {
  const ProcessResult result =
      run({"predict", photograph("photo.png", 64, 2), "-m", model(), "--processing-res", "0"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(result, {"photo.png", "64x2"}));
}

TEST_F(Failure, AFullDiskIsOneLineAndLeavesNothingBehind) {
  ProcessOptions options;
  options.file_size_limit = 2000;
  const ProcessResult result = run({"predict", photograph("photo.png"), "-m", model()}, options);
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(says_one_line(result, {"photo", "out/"}));
  EXPECT_EQ(files_in("out"), Names{});
}

TEST_F(Failure, AnOutputFolderThatCannotBeMadeIsOneLine) {
  photograph("photo.png");
  for (const std::string folder : {"photo.png", "photo.png/out", "/proc/onestep_output"}) {
    const ProcessResult result = run({"predict", "photo.png", "-m", model(), "-o", folder});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_TRUE(says_one_line(result, {folder, "-o"}));
  }
}

/// A folder that is locked for its owner while this object lives.
class Locked {
 public:
  Locked(std::filesystem::path path, std::filesystem::perms rights) : path_(std::move(path)) {
    std::filesystem::permissions(path_, rights);
  }
  ~Locked() { std::filesystem::permissions(path_, std::filesystem::perms::owner_all); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  std::filesystem::path path_;
};

ProcessOptions obeying_permissions() {
  ProcessOptions options;
  options.obey_permissions = true;
  return options;
}

constexpr auto kReadOnly = std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec;

TEST_F(Failure, AnOutputFolderWithoutPermissionIsOneLine) {
  std::filesystem::create_directory(folder() / "locked");
  const Locked locked(folder() / "locked", kReadOnly);
  photograph("photo.png");
  for (const std::string output : {"locked", "locked/new"}) {
    const ProcessResult result =
        run({"predict", "photo.png", "-m", model(), "-o", output}, obeying_permissions());
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_TRUE(says_one_line(result, {output, "Permission denied", "-o"}));
  }
}

TEST_F(Failure, AnOutputFolderThatCannotEvenBeLookedAtIsOneLine) {
  photograph("photo.png");
  std::filesystem::create_directory(folder() / "closed");
  const Locked locked(folder() / "closed", std::filesystem::perms::none);
  std::filesystem::create_symlink("loop", folder() / "loop");
  for (const std::string& output :
       {std::string("closed/new"), std::string("loop"), std::string(300, 'x')}) {
    const ProcessResult result =
        run({"predict", "photo.png", "-m", model(), "-o", output}, obeying_permissions());
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_TRUE(says_one_line(result, {output, "cannot be made", "-o"}));
    EXPECT_EQ(result.err.find("internal error"), std::string::npos) << result.err;
  }
}

TEST_F(Failure, ASubFolderOfResultsWithoutPermissionIsOneLineAndTheOthersAreDone) {
  photograph("album/a.png");
  photograph("album/sub/b.png");
  std::filesystem::create_directories(folder() / "out/sub");
  const Locked locked(folder() / "out/sub", kReadOnly);
  const ProcessResult result =
      run({"predict", "album", "-m", model(), "--formats", "npy"}, obeying_permissions());
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "out/a_depth.npy\n");
  const auto lines = lines_of(result.err);
  ASSERT_EQ(lines.size(), 2u) << result.err;
  EXPECT_NE(lines[0].find("album/sub/b.png: out/sub"), std::string::npos) << lines[0];
}

TEST_F(Failure, AFolderThatCannotBeReadIsOneLineAndTheOthersAreDone) {
  photograph("album/a.png");
  photograph("album/secret/b.png");
  photograph("album/z/c.png");
  const Locked locked(folder() / "album/secret", std::filesystem::perms::none);
  const ProcessResult result =
      run({"predict", "album", "-m", model(), "--formats", "npy"}, obeying_permissions());
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(lines_of(result.out), (Names{"out/a_depth.npy", "out/z/c_depth.npy"}));
  const auto lines = lines_of(result.err);
  ASSERT_EQ(lines.size(), 2u) << result.err;
  EXPECT_NE(lines[0].find("album/secret: expected"), std::string::npos) << lines[0];
}

TEST_F(Failure, APhotographThatCannotBeReadIsOneLine) {
  const Locked locked(folder() / photograph("photo.png"), std::filesystem::perms::none);
  const ProcessResult result = run({"predict", "photo.png", "-m", model()}, obeying_permissions());
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(result, {"photo.png", "Permission denied"}));
}

TEST_F(Failure, FailuresAreListedInTheOrderOfTheInputs) {
  Names arguments = {"predict"};
  for (const std::string name : {"a", "b", "c", "d"}) {
    std::ofstream(folder() / (name + ".png")) << "no picture";
    arguments.push_back(name + ".png");
    arguments.push_back(photograph("good_" + name + ".png"));
  }
  arguments.insert(arguments.end(), {"-m", model(), "--formats", "npy"});
  const ProcessResult result = run(arguments);
  EXPECT_EQ(result.exit_status, 1);
  const auto lines = lines_of(result.err);
  ASSERT_EQ(lines.size(), 5u) << result.err;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NE(lines[i].find(std::string(1, static_cast<char>('a' + i)) + ".png: "),
              std::string::npos)
        << lines[i];
  }
  EXPECT_EQ(lines[4], "onestep: 4 of 8 inputs failed");
  EXPECT_EQ(lines_of(result.out).size(), 4u);
}

TEST_F(Failure, AStandardOutputThatTakesNothingIsAFailureAndTheFilesAreWhole) {
  photograph("photo.png");
  for (const StandardOutput where : {StandardOutput::full_device, StandardOutput::closed}) {
    ProcessOptions options;
    options.standard_output = where;
    const ProcessResult result =
        run({"predict", "photo.png", "-m", model(), "--formats", "json,npy", "--json"}, options);
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_TRUE(says_one_line(result, {"standard output"}));
    EXPECT_EQ(files_in("out"), (Names{"photo.json", "photo_depth.npy"}));
    EXPECT_TRUE(nlohmann::json::accept(std::ifstream(folder() / "out/photo.json")));
    EXPECT_EQ(run({"--version"}, options).exit_status, 1);
  }
}

TEST_F(Failure, ABadModelIsNamedTogetherWithMissingInputs) {
  const ProcessResult result =
      run({"predict", "nowhere.png", photograph("photo.png"), "-m", "no_model"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_NE(result.err.find("nowhere.png"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("no_model"), std::string::npos) << result.err;
  EXPECT_FALSE(exists("out"));
}

}  // namespace
}  // namespace onestep::testing
