#include "onestep/io/image.h"
#include "onestep/io/png.h"

#include <gtest/gtest.h>

#include <fstream>

#include "cli/command_line_fixture.h"

namespace onestep::testing {
namespace {

using Names = std::vector<std::string>;

class Sheet : public CommandLine {
 protected:
  ProcessResult predict(const Names& words) const {
    Names all = {"predict", "-m", model(), "-m", model("tiny_e2e_normals"), "--quiet"};
    all.insert(all.end(), words.begin(), words.end());
    return run(all);
  }
  /// A pixel of a sheet: row and column of the cell, place within it.
  static Names colours(const Array& sheet, std::int64_t y, std::int64_t x) {
    Names text;
    for (std::int64_t c = 0; c < 3; ++c) {
      const auto at = static_cast<std::size_t>((y * sheet.size(1) + x) * 3 + c);
      text.push_back(std::to_string(sheet.view<std::uint8_t>()[at]));
    }
    return text;
  }
};

TEST_F(Sheet, HasAPhotographItsDepthAndItsNormalsInARow) {
  photograph("a.png", 240, 240);
  photograph("in/b.png", 240, 240);
  const ProcessResult result = predict({"a.png", "in", "--sheet", "sheets/all.png"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const Array sheet = read_png(folder() / "sheets/all.png");
  EXPECT_EQ(sheet.shape(), (Shape{2 * 244 + 4, 3 * 244 + 4, 3}));
  // Pictures of the sheet's own height are copied as they are.
  const Array photo = read_png(folder() / "a.png");
  const Array depth = read_png(folder() / "out/a_depth_color.png");
  const Array normals = read_png(folder() / "out/b_normals.png");
  EXPECT_EQ(colours(sheet, 4 + 30, 4 + 50), colours(photo, 30, 50));
  EXPECT_EQ(colours(sheet, 4 + 30, 4 + 244 + 50), colours(depth, 30, 50));
  EXPECT_EQ(colours(sheet, 4 + 244 + 30, 4 + 2 * 244 + 50), colours(normals, 30, 50));
}

TEST_F(Sheet, OfAJpegsNameIsAJpegOf240PixelsHeight) {
  photograph("a.png", 60, 40);
  ASSERT_EQ(predict({"a.png", "--sheet", "all.jpg"}).exit_status, 0);
  EXPECT_EQ(read_image(folder() / "all.jpg").shape(), (Shape{248, 3 * 364 + 4, 3}));
}

TEST_F(Sheet, LeavesOutWhatFailedAndIsNotWrittenForNothing) {
  photograph("a.png", 240, 240);
  std::ofstream(folder() / "broken.png") << "no picture";
  EXPECT_EQ(predict({"broken.png", "--sheet", "none.png"}).exit_status, 1);
  EXPECT_FALSE(exists("none.png"));
  EXPECT_EQ(predict({"a.png", "broken.png", "--sheet", "one.png"}).exit_status, 1);
  EXPECT_EQ(read_png(folder() / "one.png").size(0), 248);
}

TEST_F(Sheet, ShowsResultsThatWereThereAlready) {
  photograph("a.png", 240, 240);
  ASSERT_EQ(predict({"a.png"}).exit_status, 0);
  ASSERT_EQ(predict({"a.png", "--skip-existing", "--sheet", "later.png"}).exit_status, 0);
  EXPECT_TRUE(exists("later.png"));
}

}  // namespace
}  // namespace onestep::testing
