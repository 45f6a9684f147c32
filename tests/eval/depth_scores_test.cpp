#include "onestep/eval/depth_scores.h"

#include "onestep/base/error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace onestep {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

Array map_of(const std::vector<float>& values) {
  return Array::of<float>({1, std::ssize(values)}, values);
}

Array mask_of(const std::vector<std::uint8_t>& values) {
  return Array::of<std::uint8_t>({1, std::ssize(values)}, values);
}

TEST(DepthScores, AreTheirDefinitions) {
  const DepthScores scores =
      depth_scores(map_of({1, 3, 5, 7}), map_of({1, 2, 4, 8}), mask_of({1, 1, 1, 1}));
  EXPECT_NEAR(scores.abs_rel, (0 + 0.5 + 0.25 + 0.125) / 4, 1e-12);
  EXPECT_NEAR(scores.delta1, 0.5, 1e-12) << "1.25 itself is not below 1.25";
}

TEST(DepthScores, LeaveOutWhatHasNoTruth) {
  const DepthScores scores =
      depth_scores(map_of({2, 9, 9, 9, 9}), map_of({1, 0, -1, kNan, 1}), mask_of({1, 1, 1, 1, 0}));
  EXPECT_NEAR(scores.abs_rel, 1, 1e-12);
  EXPECT_EQ(depth_scores(map_of({2}), map_of({1}), mask_of({0})).abs_rel, 0);
}

TEST(DepthScores, CountNegativeDepthAsNearlyNone) {
  const DepthScores scores = depth_scores(map_of({-5}), map_of({2}), mask_of({1}));
  EXPECT_NEAR(scores.abs_rel, 1, 1e-6);
}

TEST(FittedDepth, UndoesScaleAndShiftOfDepth) {
  const Array truth = map_of({1, 2, 4, 8, 3});
  const Array prediction = map_of({0.5F, 0.7F, 1.1F, 1.9F, 77});
  const Array mask = mask_of({1, 1, 1, 1, 0});
  const Array fitted = fitted_depth(prediction, truth, mask, FitDomain::depth);
  EXPECT_NEAR(depth_scores(fitted, truth, mask).abs_rel, 0, 1e-6);
}

TEST(FittedDepth, UndoesScaleAndShiftOfTheLogarithm) {
  const Array truth = map_of({1, 2, 4, 8});
  const Array code = map_of({0.1F, 0.2F, 0.3F, 0.4F});
  const Array mask = mask_of({1, 1, 1, 1});
  const Array fitted = fitted_depth(code, truth, mask, FitDomain::log);
  EXPECT_NEAR(depth_scores(fitted, truth, mask).abs_rel, 0, 1e-5);
  EXPECT_GT(depth_scores(fitted_depth(code, truth, mask, FitDomain::depth), truth, mask).abs_rel,
            0.1);
}

TEST(FittedRamp, IsAPlaneOverThePicture) {
  std::vector<float> plane;
  std::vector<float> exponential;
  for (int row = 0; row < 6; ++row) {
    for (int column = 0; column < 8; ++column) {
      plane.push_back(5.0F + 0.25F * static_cast<float>(column) - 0.5F * static_cast<float>(row));
      exponential.push_back(std::exp(0.1F * plane.back()));
    }
  }
  const Array mask = Array::of<std::uint8_t>({6, 8}, std::vector<std::uint8_t>(48, 1));
  const Array flat = Array::of<float>({6, 8}, plane);
  const Array steep = Array::of<float>({6, 8}, exponential);
  EXPECT_NEAR(depth_scores(fitted_ramp(flat, mask, FitDomain::depth), flat, mask).abs_rel, 0, 1e-6);
  EXPECT_NEAR(depth_scores(fitted_ramp(steep, mask, FitDomain::log), steep, mask).abs_rel, 0, 1e-6);
  EXPECT_GT(depth_scores(fitted_ramp(steep, mask, FitDomain::depth), steep, mask).abs_rel, 1e-3);
}

TEST(FittedRamp, OfOneRowIgnoresTheCoordinateThatDoesNotVary) {
  const Array truth = map_of({1, 2, 3, 4});
  const Array mask = mask_of({1, 1, 1, 1});
  EXPECT_NEAR(depth_scores(fitted_ramp(truth, mask, FitDomain::depth), truth, mask).abs_rel, 0,
              1e-5);
}

TEST(MedianDepth, IsTheMedianOfWhatCounts) {
  const Array median = median_depth(map_of({5, 1, 3, 100, 0}), mask_of({1, 1, 1, 0, 1}));
  for (const float value : median.view<float>()) EXPECT_EQ(value, 3);
}

TEST(DepthScores, RefuseMapsOfDifferentSizes) {
  EXPECT_THROW(depth_scores(map_of({1, 2}), map_of({1}), mask_of({1})), Error);
}

}  // namespace
}  // namespace onestep
