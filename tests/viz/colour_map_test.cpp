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

/// How the case's depth is drawn: diffusers' choice, its built-in maps, or a range of values.
DepthColours colours_of(const GoldenCase& golden, const std::string& colour_map) {
  const bool built_in = golden.id.find("picture.builtin.") == 0;
  return {.method = built_in ? ColourMethod::piecewise : colour_method_of_diffusers(colour_map),
          .low = golden.params().value("val_min", 0.0F),
          .high = golden.params().value("val_max", 1.0F)};
}

TEST(Pictures, AreTheReferences) {
  for (const GoldenCase& golden : golden_cases("picture")) {
    SCOPED_TRACE(golden.id);
    const std::string colour_map = golden.params().value("color_map", "");
    if (golden.has_expected("table")) {
      EXPECT_TRUE(matches(golden, "table", table_as_array(colour_table(colour_map))));
    } else if (golden.has_input("normals")) {
      EXPECT_TRUE(matches(golden, "image", coloured_normals(flipped_normals(golden))));
    } else if (golden.has_input("uncertainty")) {
      const Array map = golden.input("uncertainty");
      EXPECT_TRUE(matches(golden, "image",
                          uncertainty_picture(map.reshaped({map.size(1), map.size(2)}),
                                              golden.params().at("saturation_percentile"))));
    } else if (golden.id == "picture.depth_16bit") {
      EXPECT_TRUE(matches(golden, "image", depth_as_uint16(golden.input("depth"))));
    } else {
      EXPECT_TRUE(matches(
          golden, "image",
          coloured_depth(golden.input("depth"), colour_map, colours_of(golden, colour_map))));
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
  for (const std::string name : {"spectral", "viridis", "gray", "binary", "turbo"}) {
    EXPECT_EQ(colour_table(name).front(), colour_table(name + "_r").back()) << name;
    EXPECT_EQ(colour_table(name).back(), colour_table(name + "_r").front()) << name;
  }
}

TEST(ColourTable, TurboHasThePublishedBytes) {
  const ColourTable& table = colour_table("turbo");
  EXPECT_EQ(table[0], (Rgb{48, 18, 59}));
  EXPECT_EQ(table[1], (Rgb{50, 21, 67}));
  EXPECT_EQ(table[50], (Rgb{64, 153, 255}));
  EXPECT_EQ(table[81], (Rgb{24, 222, 192}));
  EXPECT_EQ(table[255], (Rgb{122, 4, 3}));
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

TEST(ColouredDepth, PiecewiseMixesTwoKnots) {
  // Halfway between knots 0 and 1, at knot 1, and halfway between 9 and 10.
  const Array depth = Array::of<float>({1, 3}, {0.05F, 0.1F, 0.95F});
  const Array picture = coloured_depth(depth, "Spectral", {.method = ColourMethod::piecewise});
  const std::vector<int> expected = {185, 31, 72, 213, 62, 79, 72, 107, 175};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(picture.view<std::uint8_t>()[i], expected[i], 1) << i;
  }
}

TEST(ColouredDepth, PiecewiseTakesTheEndsOutsideAndNanIsBlack) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Array depth = Array::of<float>({1, 3}, {-kInfinity, kInfinity, std::nanf("")});
  const Array picture = coloured_depth(depth, "spectral", {.method = ColourMethod::piecewise});
  const std::vector<int> expected = {158, 1, 66, 94, 79, 162, 0, 0, 0};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(picture.view<std::uint8_t>()[i], expected[i], i < 6 ? 1 : 0) << i;
  }
}

TEST(ColouredDepth, IsPiecewiseInDiffusersForSpectralAlone) {
  EXPECT_EQ(colour_method_of_diffusers("Spectral"), ColourMethod::piecewise);
  for (const std::string name : {"spectral_r", "binary", "gray", "viridis", "turbo"}) {
    EXPECT_EQ(colour_method_of_diffusers(name), ColourMethod::table) << name;
  }
}

TEST(ColouredDepth, OfARangeIsThatOfTheUnitInterval) {
  const std::vector<float> units = {-1, 0, 0.25F, 0.5F, 0.75F, 1, 2};
  std::vector<float> metres;
  for (const float unit : units) metres.push_back(2 + 4 * unit);
  for (const ColourMethod method : {ColourMethod::table, ColourMethod::piecewise}) {
    const Array expected =
        coloured_depth(Array::of<float>({1, 7}, units), "spectral", {.method = method});
    const Array got = coloured_depth(Array::of<float>({1, 7}, metres), "spectral",
                                     {.method = method, .low = 2, .high = 6});
    for (std::size_t i = 0; i < 21; ++i) {
      EXPECT_EQ(got.view<std::uint8_t>()[i], expected.view<std::uint8_t>()[i]) << i;
    }
  }
}

TEST(ColouredDepth, RefusesRangesWithoutWidthAndMapsWithoutKnots) {
  const Array depth(DType::float32, {1, 1});
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_THROW(coloured_depth(depth, "gray", {.low = 1, .high = 1}), Error);
  EXPECT_THROW(coloured_depth(depth, "gray", {.low = 2, .high = 1}), Error);
  EXPECT_THROW(coloured_depth(depth, "gray", {.low = 0, .high = kInfinity}), Error);
  EXPECT_THROW(coloured_depth(depth, "gray", {.high = std::nanf("")}), Error);
  EXPECT_THROW(coloured_depth(depth, "turbo", {.method = ColourMethod::piecewise}), Error);
}

TEST(UncertaintyPicture, IsWhiteFromThePercentileOn) {
  // Of 0..20 the 95th percentile is 19; of 0, 1 the 50th is 0.5.
  std::vector<float> values(21);
  for (std::size_t i = 0; i < 21; ++i) values[i] = static_cast<float>(i);
  const Array picture = uncertainty_picture(Array::of<float>({3, 7}, values));
  for (std::size_t i = 0; i < 21; ++i) {
    EXPECT_EQ(picture.view<std::uint8_t>()[i], i >= 19 ? 255 : 255 * i / 19) << i;
  }
  const Array two = uncertainty_picture(Array::of<float>({1, 3}, {0.0F, 0.25F, 1.0F}), 75);
  EXPECT_EQ(two.view<std::uint8_t>()[1], 102);  // the 75th percentile is 0.625
}

TEST(UncertaintyPicture, OfOneValueIsWhiteAndOfNoneBlack) {
  EXPECT_EQ(uncertainty_picture(Array::of<float>({1, 1}, {3.0F})).view<std::uint8_t>()[0], 255);
  const Array zeros = uncertainty_picture(Array(DType::float32, {4, 4}));
  for (const std::uint8_t pixel : zeros.view<std::uint8_t>()) EXPECT_EQ(pixel, 0);
  EXPECT_EQ(uncertainty_picture(Array(DType::float32, {0, 4})).elements(), 0);
}

TEST(UncertaintyPicture, LeavesNanOutOfTheCount) {
  const float nan = std::nanf("");
  const Array picture = uncertainty_picture(Array::of<float>({1, 4}, {nan, 1, nan, 0.5F}), 100);
  const std::vector<std::uint8_t> expected = {0, 255, 0, 127};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(picture.view<std::uint8_t>()[i], expected[i]) << i;
}

TEST(UncertaintyPicture, RefusesNegativeValuesAndOtherPercentiles) {
  EXPECT_THROW(uncertainty_picture(Array::of<float>({1, 2}, {0.1F, -0.1F})), Error);
  EXPECT_THROW(uncertainty_picture(Array(DType::float32, {1, 1}), 0), Error);
  EXPECT_THROW(uncertainty_picture(Array(DType::float32, {1, 1}), 100.5), Error);
  EXPECT_THROW(uncertainty_picture(Array(DType::float32, {2})), Error);
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
