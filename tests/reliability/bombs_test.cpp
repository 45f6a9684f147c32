#include "testing/sanitized.h"

#include <gtest/gtest.h>

#include <chrono>

#include "cli/command_line_fixture.h"
#include "io/png_builder.h"

namespace onestep::testing {
namespace {

using std::string_literals::operator""s;

constexpr std::int64_t kMiB = std::int64_t{1} << 20;

/// Small files that ask for much: the program refuses or reads them within time and memory.
class Bomb : public CommandLine {
 protected:
  ProcessResult predict(const std::string& photo, const std::string& checkpoint) const {
    ProcessOptions options;
    options.folder = folder();
    const auto words = command({"predict", photo, "-m", checkpoint, "--processing-res", "32",
                                "--formats", "npy", "--no-match-input"});
    const ProcessResult result =
        Process(words, options).finish(std::chrono::seconds(kSanitized ? 120 : 20));
    EXPECT_EQ(result.signal, 0) << "a crash or a hang";
    return result;
  }
  static std::string packed(std::size_t zeros) {
    const std::string text(zeros, '\0');
    std::string result(compressBound(text.size()), '\0');
    uLongf size = result.size();
    compress2(reinterpret_cast<Bytef*>(result.data()), &size,
              reinterpret_cast<const Bytef*>(text.data()), text.size(), 9);
    result.resize(size);
    return result;
  }
  std::string file(const std::string& name, const std::string& content) const {
    write_text(folder() / name, content);
    return name;
  }
};

TEST_F(Bomb, OfTextsInAPngIsNotUnpacked) {
  PngBuilder png(64, 64, 8, PngBuilder::grey);
  const std::string text = packed(7'900'000);
  for (int i = 0; i < 300; ++i) png.chunk("zTXt", "k\0\0"s + text);
  const auto result = predict(file("a.png", png.rows(std::string(64 * 65, '\0')).end()), model());
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_LT(kSanitized ? 0 : result.peak_bytes, 400 * kMiB);
}

TEST_F(Bomb, OfSixteenBitsIsHeldAsEight) {
  constexpr std::uint32_t kSide = kSanitized ? 512 : 8192;
  for (const bool interlaced : {false, true}) {
    // Each row has a filter byte in front; the seven passes have 15/8 as many.
    const std::size_t filters = interlaced ? kSide / 8 * 15 : kSide;
    const std::size_t rows = std::size_t{kSide} * kSide * 6 + filters;
    PngBuilder png(kSide, kSide, 16, PngBuilder::rgb, interlaced);
    const auto result = predict(file("a.png", png.chunk("IDAT", packed(rows)).end()), model());
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_LT(kSanitized ? 0 : result.peak_bytes, 450 * kMiB) << "8 bit: 192 MiB, 16 bit: 384";
  }
}

TEST_F(Bomb, OfEmptyObjectsInAConfigurationIsReadInTime) {
  copy_golden_model("tiny_e2e_depth", folder());
  edit_json(folder() / "model/model_index.json", [](auto& index) {
    for (int i = 0; i < 100'000; ++i) index["_list"].push_back(nlohmann::json::object());
  });
  const auto result = predict(photograph("photo.png"), "model");
  EXPECT_TRUE(result.exit_status == 0 || says_one_line(result, {"model_index.json"}));
  EXPECT_LT(kSanitized ? 0 : result.peak_bytes, 400 * kMiB);
}

}  // namespace
}  // namespace onestep::testing
