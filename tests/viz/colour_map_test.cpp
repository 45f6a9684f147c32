#include "onestep/viz/colour_map.h"

#include "onestep/base/check.h"
#include "onestep/tensor/array.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace onestep {
namespace {

using testing::golden_cases;
using testing::GoldenCase;
using testing::matches;

using Rgb = std::array<std::uint8_t, 3>;

Array table_as_array(const ColourTable& table) {
  std::vector<std::uint8_t> bytes;
  for (const Rgb& colour : table) bytes.insert(bytes.end(), colour.begin(), colour.end());
  return Array::of<std::uint8_t>({256, 3}, bytes);
}

/// [3,H,W] -> [H,W,3] with the axes negated that the case names.
Array flipped_normals(const GoldenCase& golden) {
  const Array planes = golden.input("normals");
  const Array normals = channels_last(planes.reshaped({1, 3, planes.size(1), planes.size(2)}))
                            .reshaped({planes.size(1), planes.size(2), 3});
  std::vector<float> values(normals.view<float>().begin(), normals.view<float>().end());
  const char* const flips[] = {"flip_x", "flip_y", "flip_z"};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (golden.params().at(flips[i % 3])) values[i] = -values[i];
  }
  return Array::of<float>(normals.shape(), values);
}

TEST(Pictures, AreTheReferences) {
  for (const GoldenCase& golden : golden_cases("picture")) {
    SCOPED_TRACE(golden.id);
    const std::string colour_map = golden.params().value("color_map", "");
    if (golden.has_expected("table")) {
      EXPECT_TRUE(matches(golden, "table", table_as_array(colour_table(colour_map))));
    } else if (golden.has_input("normals")) {
      EXPECT_TRUE(matches(golden, "image", coloured_normals(flipped_normals(golden))));
    } else if (golden.id == "picture.depth_16bit") {
      EXPECT_TRUE(matches(golden, "image", depth_as_uint16(golden.input("depth"))));
    } else {
      EXPECT_TRUE(matches(golden, "image", coloured_depth(golden.input("depth"), colour_map)));
    }
  }
}

TEST(ColourTable, SpectralRunsFromDarkRedToViolet) {
  const ColourTable& table = colour_table("spectral");
  EXPECT_EQ(table.front(), (Rgb{158, 1, 66}));
  EXPECT_EQ(table.back(), (Rgb{94, 79, 162}));
}

TEST(ColourTable, GrayAndBinaryAreOpposites) {
  for (std::size_t i = 0; i < 256; ++i) {
    const int gray = colour_table("gray")[i][0];
    const int binary = colour_table("binary")[255 - i][0];
    EXPECT_LE(std::abs(gray - binary), 1) << i;  // each truncated on its own
    EXPECT_NEAR(gray, static_cast<int>(i), 1);
  }
  EXPECT_EQ(colour_table("binary").front(), (Rgb{255, 255, 255}));
  EXPECT_EQ(colour_table("binary").back(), (Rgb{0, 0, 0}));
}

TEST(ColourTable, ReversedNamesReverseTheEnds) {
  for (const std::string name : {"spectral", "viridis", "gray", "binary"}) {
    EXPECT_EQ(colour_table(name).front(), colour_table(name + "_r").back()) << name;
    EXPECT_EQ(colour_table(name).back(), colour_table(name + "_r").front()) << name;
  }
}

TEST(ColourTable, NamesAreFoundInAnyCase) {
  EXPECT_EQ(&colour_table("Spectral"), &colour_table("spectral"));
  EXPECT_EQ(&colour_table("VIRIDIS_R"), &colour_table("viridis_r"));
  for (const std::string& name : colour_map_names()) EXPECT_NO_THROW(colour_table(name));
}

TEST(ColourTable, NamesTheNearestSpelling) {
  try {
    colour_table("Spektral");
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("\"Spektral\""), std::string::npos) << message;
    EXPECT_NE(message.find("did you mean \"spectral\"?"), std::string::npos) << message;
  }
}

TEST(ColouredDepth, TakesEntryOfTheTruncatedProduct) {
  const ColourTable& table = colour_table("viridis");
  const std::vector<float> depths = {0.0F, 0.99F / 256, 1.0F / 256, 0.5F, 255.0F / 256, 1.0F};
  const std::vector<std::size_t> entries = {0, 0, 1, 128, 255, 255};
  const Array picture = coloured_depth(Array::of<float>({2, 3}, depths), "viridis");
  EXPECT_EQ(picture.shape(), (Shape{2, 3, 3}));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_EQ(picture.view<std::uint8_t>()[3 * i + c], table[entries[i]][c]) << i;
    }
  }
}

TEST(ColouredDepth, OutsideTakesTheEndsAndNanIsBlack) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Array depth = Array::of<float>({1, 5}, {-0.5F, 2.0F, -kInfinity, kInfinity, std::nanf("")});
  const Array picture = coloured_depth(depth, "spectral");
  const auto pixels = picture.view<std::uint8_t>();
  EXPECT_EQ(pixels[0], 158);
  EXPECT_EQ(pixels[3], 94);
  EXPECT_EQ(pixels[6], 158);
  EXPECT_EQ(pixels[9], 94);
  EXPECT_EQ(pixels[12] + pixels[13] + pixels[14], 0);
}

TEST(ColouredNormals, TruncateAndClip) {
  const Array normals =
      Array::of<float>({1, 3, 3}, {0, 0, 1, -1, 1, 0, 1.5F, -1.5F, std::nanf("")});
  const Array picture = coloured_normals(normals);
  const std::vector<std::uint8_t> expected = {127, 127, 255, 0, 255, 127, 255, 0, 0};
  for (std::size_t i = 0; i < 9; ++i) EXPECT_EQ(picture.view<std::uint8_t>()[i], expected[i]) << i;
}

TEST(DepthAsUint16, TruncatesAndClips) {
  const Array depth = Array::of<float>({1, 5}, {0.0F, 1.0F, 0.5F, -1.0F, 7.0F});
  const Array picture = depth_as_uint16(depth);
  const std::vector<std::uint16_t> expected = {0, 65535, 32767, 0, 65535};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(picture.view<std::uint16_t>()[i], expected[i]);
}

TEST(Pictures, RefuseOtherShapesAndTypes) {
  EXPECT_THROW(coloured_depth(Array(DType::float32, {2, 2, 1}), "gray"), Error);
  EXPECT_THROW(coloured_depth(Array(DType::float64, {2, 2}), "gray"), Error);
  EXPECT_THROW(coloured_normals(Array(DType::float32, {2, 2, 4})), Error);
  EXPECT_THROW(coloured_normals(Array(DType::float32, {3, 2})), Error);
  EXPECT_THROW(depth_as_uint16(Array(DType::float32, {4})), Error);
}

}  // namespace
}  // namespace onestep
