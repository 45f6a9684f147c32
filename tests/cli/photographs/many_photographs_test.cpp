#include "onestep/base/check.h"

#include "testing/sanitized.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A thousand small photographs (fewer with sanitizers) as links to one, every tenth of them
/// damaged.
class ManyPhotographs : public CommandLine {
 protected:
  static constexpr int kPhotographs = kSanitized ? 200 : 1000;

  ManyPhotographs() {
    photograph("good.png", 16, 16);
    std::ofstream(folder() / "text.png") << "no picture";
    fs::copy(folder() / "good.png", folder() / "cut.png");
    fs::resize_file(folder() / "cut.png", fs::file_size(folder() / "good.png") / 2);
    fs::create_directory(folder() / "album");
    for (int i = 0; i < kPhotographs; ++i) {
      const std::string target = i % 20 == 9 ? "text" : i % 20 == 19 ? "cut" : "good";
      fs::create_symlink("../" + target + ".png",
                         folder() / "album" / (std::to_string(1000 + i) + ".png"));
    }
  }
};

TEST_F(ManyPhotographs, LeakNeitherMemoryNorFiles) {
  ProcessOptions options;
  options.open_file_limit = 32;
  const ProcessResult result = run({"predict", "album", "-m", model(), "--formats", "npy",
                                    "--processing-res", "0", "--json", "--threads", "2"},
                                   options);
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_TRUE(result.err.ends_with(
      concatenate("onestep: ", kPhotographs / 10, " of ", kPhotographs, " inputs failed\n")))
      << result.err;
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), kPhotographs * 9 / 10U) << result.err;
  const auto peak = [&](std::size_t i) {
    return json::parse(lines[i]).at("peak_memory_bytes").get<std::int64_t>();
  };
  // AddressSanitizer holds back what was freed, and looks for
  // leaks itself when the program ends.
  if (kSanitized) return;
  // 5 kB a photograph would already show.
  EXPECT_LT(peak(lines.size() - 1) - peak(20), std::int64_t{4} << 20);
}

}  // namespace
}  // namespace onestep::testing
