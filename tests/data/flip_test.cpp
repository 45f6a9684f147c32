#include "onestep/data/flip.h"

#include "testing/training_golden.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "data/training_tolerance.h"

namespace onestep {
namespace {

using testing::training_case;
using testing::TrainingCase;
using testing::within;

/// 2v/255 - 1, normalised, zero where the mask is 0.
Array decoded(const Array& pixels, const Array& mask) {
  Array normals(DType::float32, pixels.shape());
  const auto codes = pixels.view<std::uint8_t>();
  const auto values = normals.mutable_view<float>();
  for (std::size_t i = 0; i < values.size(); i += 3) {
    double square = 0;
    for (std::size_t k = i; k < i + 3; ++k) square += std::pow(2.0 * codes[k] / 255 - 1, 2);
    const double length = std::sqrt(square);
    const bool known = mask.view<std::uint8_t>()[i / 3] != 0;
    for (std::size_t k = i; k < i + 3; ++k) {
      values[k] = known ? static_cast<float>((2.0 * codes[k] / 255 - 1) / length) : 0.0F;
    }
  }
  return normals;
}

// The reference mirrors the codes (255 - v) and decodes them, here the decoded vectors are
// mirrored: 2 (255 - v)/255 - 1 = -(2v/255 - 1), so the case's codes themselves (`uint8`) appear
// on neither side.
TEST(FlipGolden, MirrorsDecodedNormalsAsTheReferenceDoesTheirCodes) {
  const TrainingCase golden = training_case("flip.normals");
  const Array mask = golden.input("mask");
  const Array pixels = golden.input("png");
  const Sample sample = {
      .image = pixels, .depth_m = {}, .normals = decoded(pixels, mask), .mask = mask};
  const Sample flipped = mirrored(sample);
  EXPECT_TRUE(within(golden.tolerance().at("normals"), flipped.normals, golden.output("normals")));
  EXPECT_TRUE(within({{"rtol", 0}, {"atol", 0}}, flipped.mask, golden.output("mask")));
}

Sample small_sample() {
  Sample sample;
  sample.image = Array::of<std::uint8_t>({1, 2, 3}, std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6});
  sample.depth_m = Array::of<float>({1, 2}, std::vector<float>{7, 8});
  sample.normals = Array::of<float>({1, 2, 3}, std::vector<float>{0.6F, 0, 0.8F, 0, 0, 0});
  sample.mask = Array::of<std::uint8_t>({1, 2}, std::vector<std::uint8_t>{1, 0});
  return sample;
}

TEST(Mirrored, ReversesColumnsAndNegatesX) {
  const Sample flipped = mirrored(small_sample());
  const std::vector<std::uint8_t> pixels = {4, 5, 6, 1, 2, 3};
  const std::vector<float> depth = {8, 7};
  const std::vector<float> normals = {0, 0, 0, -0.6F, 0, 0.8F};
  const std::vector<std::uint8_t> mask = {0, 1};
  EXPECT_TRUE(std::ranges::equal(flipped.image.view<std::uint8_t>(), pixels));
  EXPECT_TRUE(std::ranges::equal(flipped.depth_m.view<float>(), depth));
  EXPECT_TRUE(std::ranges::equal(flipped.normals.view<float>(), normals));
  EXPECT_TRUE(std::ranges::equal(flipped.mask.view<std::uint8_t>(), mask));
}

TEST(Mirrored, TwiceIsTheSample) {
  const Sample sample = small_sample();
  const Sample twice = mirrored(mirrored(sample));
  EXPECT_TRUE(std::ranges::equal(twice.normals.view<float>(), sample.normals.view<float>()));
  EXPECT_TRUE(
      std::ranges::equal(twice.image.view<std::uint8_t>(), sample.image.view<std::uint8_t>()));
}

TEST(Mirrored, LeavesAbsentMapsAbsent) {
  Sample sample = small_sample();
  sample.normals = {};
  sample.depth_m = {};
  EXPECT_EQ(mirrored(sample).normals.elements(), 0);
  EXPECT_EQ(mirrored(sample).depth_m.elements(), 0);
}

}  // namespace
}  // namespace onestep
