#include "onestep/cli/terminal/cut_file.h"

#include "onestep/base/memory/mapped_ranges.h"
#include "onestep/io/file.h"
#include "onestep/io/image.h"
#include "onestep/io/safetensors.h"
#include "onestep/pipelines/estimator.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <numeric>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPages = 64 * 4096;

/// A file of a good many pages.
fs::path large_file(const fs::path& path) {
  write_text(path, std::string(kPages, 'x'));
  return path;
}

/// Reads every byte.
int sum(std::span<const std::byte> bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), 0, [](int total, std::byte byte) {
    return (total + std::to_integer<int>(byte)) % 256;
  });
}

TEST(MappedRanges, KnowTheFileOfAnAddressWhileItIsMapped) {
  const TemporaryFolder folder;
  const fs::path path = large_file(folder.path() / "a file");
  const void* inside = nullptr;
  {
    const MappedFile file(path);
    const MappedFile again(path);
    inside = file.bytes().data() + kPages - 1;
    EXPECT_STREQ(mapped_file_at(inside), path.c_str());
    EXPECT_STREQ(mapped_file_at(again.bytes().data()), path.c_str());
  }
  EXPECT_EQ(mapped_file_at(inside), nullptr);
  EXPECT_EQ(mapped_file_at(&path), nullptr);
  EXPECT_EQ(mapped_file_at(nullptr), nullptr);
}

TEST(MappedRanges, TakeMoreFilesThanTheyCanName) {
  const TemporaryFolder folder;
  const fs::path path = large_file(folder.path() / "file");
  std::vector<std::unique_ptr<MappedFile>> files;
  for (int i = 0; i < 10000; ++i) files.push_back(std::make_unique<MappedFile>(path));
  files.clear();
  const MappedFile file(path);
  EXPECT_STREQ(mapped_file_at(file.bytes().data()), path.c_str());
}

using CutFile = CommandLine;

TEST_F(CutFile, WhileItIsReadEndsTheProgramWithOneLine) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const fs::path path = folder() / "a\nfile";
  EXPECT_EXIT(
      {
        report_cut_files();
        const MappedFile file(large_file(path));
        fs::resize_file(path, 4096);
        _exit(sum(file.bytes()) == 0 ? 2 : 3);
      },
      ::testing::ExitedWithCode(1),
      "^onestep: [^\n]*a\\?file: the file became shorter while it was read; [^\n]*\n$");
}

TEST_F(CutFile, ThatTheTableHasNoRoomForIsOneLineAllTheSame) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const fs::path path = folder() / "file";
  EXPECT_EXIT(
      {
        report_cut_files();
        large_file(path);
        std::vector<std::unique_ptr<MappedFile>> files;
        for (int i = 0; i < 10000; ++i) files.push_back(std::make_unique<MappedFile>(path));
        fs::resize_file(path, 4096);
        _exit(sum(files.back()->bytes()) == 0 ? 2 : 3);
      },
      ::testing::ExitedWithCode(1),
      "^onestep: the file became shorter while it was read; [^\n]*\n$");
}

TEST_F(CutFile, OfWeightsEndsLoadingWithOneLine) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        report_cut_files();
        const fs::path model = copy_golden_model("tiny_e2e_depth", folder());
        LoadOptions options;
        // Called when the first layer of the text encoder is done: by then all files are mapped.
        options.on_progress = [&](double /*fraction*/) {
          fs::resize_file(model / "vae/diffusion_pytorch_model.safetensors", 0);
        };
        const auto estimator = Estimator::load(model, options);
        _exit(2);
      },
      ::testing::ExitedWithCode(1),
      "^onestep: [^\n]*vae/diffusion_pytorch_model.safetensors: the file became shorter[^\n]*\n$");
}

TEST_F(CutFile, IsNotBlamedForASignalThatSomebodySent) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        report_cut_files();
        raise(SIGBUS);
        _exit(2);
      },
      ::testing::KilledBySignal(SIGBUS), "");
}

TEST_F(CutFile, ThatIsAPhotographIsOnlyTruncated) {
  const fs::path path = folder() / photograph("photo.png");
  const Array before = read_image(path);
  fs::resize_file(path, fs::file_size(path) / 2);
  EXPECT_EQ(before.size(2), 3) << "pixels are a copy";
  EXPECT_NE(error_of([&] { read_image(path); }).find("truncated"), std::string::npos);
}

/// The signals that a process handles, as /proc tells.
std::uint64_t caught_signals(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  std::string word;
  std::uint64_t mask = 0;
  while (status >> word) {
    if (word == "SigCgt:") status >> std::hex >> mask;
  }
  return mask;
}

TEST_F(CutFile, IsWatchedForByTheProgram) {
  // Takes far longer than the look at it; killed at the end.
  ProcessOptions options;
  options.folder = folder();
  Process process(command({"predict", photograph("photo.png", 8, 8), "-m", model(),
                           "--processing-res", "384", "--steps", "1000"}),
                  options);
  constexpr std::uint64_t kBus = std::uint64_t{1} << (SIGBUS - 1);
  const bool watched = process.wait_until(
      [&](const ProcessResult&) { return (caught_signals(process.id()) & kBus) != 0; });
  EXPECT_TRUE(watched);
}

}  // namespace
}  // namespace onestep::testing
