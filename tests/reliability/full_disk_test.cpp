#include "onestep/io/file.h"
#include "onestep/io/float_images/exr.h"
#include "onestep/io/float_images/pfm.h"
#include "onestep/io/numpy/npy.h"
#include "onestep/io/png.h"
#include "onestep/io/safetensors.h"

#include "testing/file_size_limit.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <optional>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;

struct Writer {
  std::string name;
  void (*write)(const fs::path& path);
};

Array noise(DType dtype, Shape shape) {
  Array array(dtype, std::move(shape));
  std::uint32_t state = 1;
  for (std::int64_t i = 0; i < array.bytes(); ++i) {
    state = state * 1664525u + 1013904223u;
    array.mutable_data()[i] = static_cast<std::byte>(state >> 24);
  }
  return array;
}

const Writer kWriters[] = {
    {"npy",
     [](const fs::path& path) {
       write_npy(path, noise(DType::float32, {64, 64}));
     }},
    {"png8",
     [](const fs::path& path) {
       write_png(path, noise(DType::uint8, {64, 64, 3}));
     }},
    {"png16",
     [](const fs::path& path) {
       write_png(path, noise(DType::uint16, {64, 64}));
     }},
    {"safetensors",
     [](const fs::path& path) {
       write_safetensors(path,
                         {{"a", noise(DType::float32, {64})}, {"b", noise(DType::uint8, {9})}});
     }},
    {"pfm",
     [](const fs::path& path) {
       write_pfm(path, noise(DType::float32, {16, 16, 3}));
     }},
    {"exr",
     [](const fs::path& path) {
       write_exr(path, noise(DType::float32, {16, 16, 3}));
     }},
    {"json", [](const fs::path& path) { write_file_atomically(path, std::string(5000, ' ')); }},
};

class FullDisk : public CommandLine, public ::testing::WithParamInterface<Writer> {
 protected:
  void SetUp() override {
    if (GetParam().name == "exr" && !exr_available()) GTEST_SKIP() << "built without OpenEXR";
  }
};

TEST_P(FullDisk, LeavesNothingAndNamesFileAndReason) {
  const fs::path path = folder() / ("result." + GetParam().name);
  GetParam().write(path);
  const auto size = fs::file_size(path);
  ASSERT_GT(size, 300U);
  fs::remove(path);
  for (const std::uintmax_t room : {std::uintmax_t{0}, std::uintmax_t{1}, size / 2, size - 1}) {
    SCOPED_TRACE(room);
    const std::string message = error_of([&] {
      const FileSizeLimit limit(room);
      GetParam().write(path);
    });
    EXPECT_EQ(message, path.string() + ": cannot be written: " + std::strerror(EFBIG));
    EXPECT_TRUE(fs::is_empty(folder()));
  }
  const FileSizeLimit limit(size);
  GetParam().write(path);
  EXPECT_EQ(files_in(".").size(), 1U);
}

TEST_P(FullDisk, KeepsTheFileThatWasThere) {
  const fs::path path = folder() / "result";
  write_text(path, "before");
  error_of([&] {
    const FileSizeLimit limit(100);
    GetParam().write(path);
  });
  EXPECT_EQ(read_text(path), "before");
  EXPECT_EQ(files_in(".").size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Writers, FullDisk, ::testing::ValuesIn(kWriters), [](const auto& writer) {
  return writer.param.name;
});

class FullDiskOfResults : public CommandLine {
 protected:
  /// Files of more than `limit` bytes cannot be written: one line, and nothing is left.
  void expect_refused(const std::vector<std::string>& words, std::size_t limit = 100) const {
    ProcessOptions options;
    options.file_size_limit = limit;
    std::vector<std::string> all = {"predict", photograph("photo.png"), "-m",
                                    model(),   "--processing-res",      "32"};
    all.insert(all.end(), words.begin(), words.end());
    const ProcessResult result = run(all, options);
    EXPECT_EQ(result.exit_status, 1) << ::testing::PrintToString(words);
    EXPECT_TRUE(says_one_line(result, {"out/photo", std::strerror(EFBIG)}));
    EXPECT_EQ(files_in("out").size(), 0U) << ::testing::PrintToString(words);
  }
};

TEST_F(FullDiskOfResults, IsOneLineAndLeavesNothing) {
  std::vector<std::string> all = {"npy",  "png16", "color",
                                  "json", "pfm",   "npy,png16,color,json,pfm"};
  if (exr_available()) all.push_back("exr");
  for (const std::string& formats : all) expect_refused({"--formats", formats});
}

TEST_F(FullDiskOfResults, IsOneLineForWhatIsWrittenBesideTheMap) {
  // The map alone would fit: 48x40 floats.
  constexpr std::size_t kMap = 9000;
  expect_refused({"--formats", "npy", "--save-intermediates"}, kMap);
  expect_refused({"--formats", "json", "--save-intermediates"}, kMap);
  expect_refused({"--formats", "json", "--ensemble", "2", "--noise", "gaussian", "--uncertainty"},
                 2000);
}

TEST_F(FullDiskOfResults, IsOneLineForTheReportOnStandardOutput) {
  ProcessOptions options;
  options.folder = folder();
  const auto with_limit = [&](std::optional<std::size_t> limit) {
    options.file_size_limit = limit;
    std::vector<std::string> words = {"/bin/sh", "-c", "exec \"$0\" \"$@\" >report"};
    const auto program = command({"predict", photograph("photo.png", 12, 12), "-m", model(),
                                  "--processing-res", "32", "--formats", "npy", "--json"});
    words.insert(words.end(), program.begin(), program.end());
    return run_process(words, options);
  };
  EXPECT_EQ(with_limit(std::nullopt).exit_status, 0);
  const auto map = fs::file_size(folder() / "out/photo_depth.npy");
  ASSERT_GT(fs::file_size(folder() / "report"), map);
  const ProcessResult result = with_limit(map);
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(says_one_line(result, {"standard output", std::strerror(EFBIG)}));
}

}  // namespace
}  // namespace onestep::testing
