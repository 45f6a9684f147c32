#include "onestep/base/check.h"
#include "onestep/geometry/resize.h"
#include "onestep/pipelines/ensemble/ensemble_depth.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "pipelines/ensemble/noisy_members.h"

namespace onestep {
namespace {

using testing::noisy_members;
using testing::split;
using Vector = std::vector<double>;
constexpr auto kModes = {DepthAlignment::none, DepthAlignment::reference, DepthAlignment::fit};
constexpr auto kReductions = {DepthReduction::median, DepthReduction::mean};
constexpr auto kPairTerms = {PairTerm::sum_of_roots, PairTerm::root_of_mean};

/// A copy whose member `k` is a * d + b.
Array with_member_changed(const Array& members, std::size_t k, float a, float b) {
  Array copy = members;
  const auto pixels = static_cast<std::size_t>(members.size(1) * members.size(2));
  for (float& value : copy.mutable_view<float>().subspan(k * pixels, pixels)) value = a * value + b;
  return copy;
}

Array in_reverse_order(const Array& members) {
  std::vector<float> values;
  const auto parts = split(members);
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    values.insert(values.end(), part->begin(), part->end());
  }
  return Array::of<float>(members.shape(), values);
}

std::string message_of(const Array& members, const DepthEnsembleOptions& options = {}) {
  try {
    ensemble_depth(members, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(AlignmentObjective, HasTheGradientOfFiniteDifferences) {
  const Array members = noisy_members(4, 11, 13, 0.1);
  for (const PairTerm pair_term : kPairTerms) {
    for (const DepthReduction reduction : kReductions) {
      for (const bool shifts : {true, false}) {
        const AlignmentObjective objective(split(members), {pair_term, reduction, 0.02, shifts});
        Vector point = {1.3, 0.9, 1.1, 1.2, -0.1, 0.05, 0.02, -0.04};
        point.resize(objective.parameters());
        Vector gradient(point.size());
        Vector ignored(point.size());
        objective(point, gradient);
        for (std::size_t i = 0; i < point.size(); ++i) {
          constexpr double kStep = 1e-6;
          Vector above = point;
          Vector below = point;
          above[i] += kStep;
          below[i] -= kStep;
          const double slope =
              (objective(above, ignored) - objective(below, ignored)) / (2 * kStep);
          EXPECT_NEAR(gradient[i], slope, 1e-7) << i;
        }
      }
    }
  }
}

TEST(AlignmentObjective, IsTheDistanceOfTwoConstantMembers) {
  const std::vector<float> low(6, 0.25F);
  const std::vector<float> high(6, 0.75F);
  for (const PairTerm pair_term : kPairTerms) {
    const AlignmentObjective objective({low, high}, {pair_term, DepthReduction::mean, 0.02, true});
    Vector gradient(4);
    // Aligned: 0.5 and 0.85; merged: 0.675 everywhere.
    const double value = objective(Vector{2, 1, 0, 0.1}, gradient);
    EXPECT_NEAR(value, 0.35 + 0.02 * (0.675 + 0.325), 1e-12);
  }
}

TEST(SelectionNetwork, FindsTheLowerMedianOfAnyNumber) {
  std::mt19937 generator(3);
  for (std::size_t count = 1; count <= 21; ++count) {
    BlockReduction<double> block(count, DepthReduction::median);
    std::vector<Vector> pixels(BlockReduction<double>::kPixels);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      for (std::size_t member = 0; member < count; ++member) {
        pixels[i].push_back(static_cast<double>(generator() % 16));
        block.row(member)[i] = pixels[i].back();
      }
    }
    const auto medians = block.reduce();
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      std::sort(pixels[i].begin(), pixels[i].end());
      ASSERT_EQ(medians[i], pixels[i][(count - 1) / 2]) << count << " members";
    }
  }
}

TEST(EnsembleDepth, KeepsScalesAwayFromZero) {
  for (const std::int64_t count : {2, 3, 10}) {
    const Array members = noisy_members(count, 24, 32, 0.1);
    for (const DepthAlignment mode : kModes) {
      for (const DepthReduction reduction : kReductions) {
        for (const PairTerm pair_term : kPairTerms) {
          for (const bool shift_invariant : {true, false}) {
            const Alignment start = unit_range_alignment(split(members), shift_invariant);
            const DepthEnsemble ensemble =
                ensemble_depth(members, {.alignment = mode,
                                         .reduction = reduction,
                                         .shift_invariant = shift_invariant,
                                         .pair_term = pair_term});
            for (std::size_t i = 0; i < start.scales.size(); ++i) {
              EXPECT_GE(ensemble.alignment.scales[i], 0.499F * start.scales[i])
                  << to_string(mode) << ", " << to_string(reduction) << ", " << count;
            }
          }
        }
      }
    }
  }
}

TEST(EnsembleDepth, IsCloserToTheSceneThanItsMembers) {
  const Array scene = noisy_members(1, 24, 32, 0.0);
  const Array members = noisy_members(10, 24, 32, 0.1);
  const auto error = [&](const Array& map) {
    // After the best affine fit of the scene to the map.
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0;
    for (std::size_t i = 0; i < scene.view<float>().size(); ++i) {
      const double x = static_cast<double>(map.view<float>()[i]);
      const double y = static_cast<double>(scene.view<float>()[i]);
      n += 1, sx += x, sy += y, sxx += x * x, sxy += x * y, syy += y * y;
    }
    const double covariance = sxy / n - sx / n * sy / n;
    return 1 - covariance * covariance / (sxx / n - sx / n * sx / n) / (syy / n - sy / n * sy / n);
  };
  const Array first = Array::of<float>({24, 32}, split(members)[0]);
  for (const DepthAlignment mode : kModes) {
    for (const DepthReduction reduction : kReductions) {
      const DepthEnsemble ensemble =
          ensemble_depth(members, {.alignment = mode, .reduction = reduction});
      EXPECT_LT(error(ensemble.map), 0.4 * error(first)) << to_string(mode);
    }
  }
}

TEST(EnsembleDepth, SpreadsTheMapOverTheUnitRange) {
  const Array members = noisy_members(5, 24, 32, 0.05);
  for (const DepthAlignment mode : kModes) {
    for (const DepthReduction reduction : kReductions) {
      const DepthEnsemble ensemble =
          ensemble_depth(members, {.alignment = mode, .reduction = reduction});
      const auto map = ensemble.map.view<float>();
      EXPECT_EQ(*std::min_element(map.begin(), map.end()), 0.0F);
      EXPECT_EQ(*std::max_element(map.begin(), map.end()), 1.0F);
      for (const float value : ensemble.uncertainty->view<float>()) EXPECT_GE(value, 0.0F);
    }
  }
}

TEST(EnsembleDepth, DoesNotDependOnTheOrderOfMembers) {
  const Array members = noisy_members(5, 24, 32, 0.05);
  const Array reversed = in_reverse_order(members);
  for (const DepthAlignment mode : kModes) {
    for (const DepthReduction reduction : kReductions) {
      const DepthEnsembleOptions options = {.alignment = mode, .reduction = reduction};
      const DepthEnsemble a = ensemble_depth(members, options);
      const DepthEnsemble b = ensemble_depth(reversed, options);
      EXPECT_LE(testing::max_difference(a.map, b.map), 1e-4) << to_string(mode);
      EXPECT_LE(testing::max_difference(*a.uncertainty, *b.uncertainty), 1e-4) << to_string(mode);
    }
  }
}

TEST(EnsembleDepth, IgnoresAnAffineChangeOfAMemberUnlessReference) {
  // `reference` steps along a gradient in the members' own units, so that it does depend on them.
  const Array members = noisy_members(4, 24, 32, 0.05);
  const Array changed = with_member_changed(members, 1, 0.5F, 0.25F);
  for (const DepthAlignment mode : {DepthAlignment::none, DepthAlignment::fit}) {
    for (const DepthReduction reduction : kReductions) {
      const DepthEnsembleOptions options = {.alignment = mode, .reduction = reduction};
      const DepthEnsemble a = ensemble_depth(members, options);
      const DepthEnsemble b = ensemble_depth(changed, options);
      EXPECT_LE(testing::max_difference(a.map, b.map), 1e-4) << to_string(mode);
    }
  }
}

TEST(EnsembleDepth, FitUndoesAnOutlierThatMisleadsTheExtrema) {
  // One pixel of a member is far off: spread over [0,1] by its extrema, the member is squeezed.
  const Array clean = noisy_members(5, 24, 32, 0.01);
  Array members = clean;
  members.mutable_view<float>()[100] = 2.0F;
  const auto ratio = [&](DepthAlignment mode) {
    const auto scales = ensemble_depth(members, {.alignment = mode}).alignment.scales;
    return static_cast<double>(scales[0] / scales[1]);
  };
  EXPECT_LT(ratio(DepthAlignment::none), 0.5);
  EXPECT_GT(ratio(DepthAlignment::fit), 0.8);
}

TEST(EnsembleDepth, FitMergesIntoAUnitRange) {
  const Array members = noisy_members(4, 24, 32, 0.05);
  for (const DepthReduction reduction : kReductions) {
    const Alignment alignment =
        align_depth(split(members), {.mode = DepthAlignment::fit, .reduction = reduction});
    const AlignmentObjective objective(split(members), {.reduction = reduction});
    Vector parameters(alignment.scales.begin(), alignment.scales.end());
    parameters.insert(parameters.end(), alignment.shifts.begin(), alignment.shifts.end());
    const auto extrema = objective.merged_extrema(parameters);
    EXPECT_NEAR(extrema.least, 0, 1e-5);
    EXPECT_NEAR(extrema.greatest, 1, 1e-5);
  }
}

TEST(EnsembleDepth, GivesIdenticalMembersBack) {
  const Array one = noisy_members(1, 9, 14, 0.05);
  const auto values = one.view<float>();
  std::vector<float> three;
  for (int k = 0; k < 3; ++k) three.insert(three.end(), values.begin(), values.end());
  const Array members = Array::of<float>({3, 9, 14}, three);
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  std::vector<float> expected;
  for (const float value : values) expected.push_back((value - *least) / (*greatest - *least));
  for (const DepthAlignment mode : kModes) {
    for (const DepthReduction reduction : kReductions) {
      const DepthEnsemble ensemble =
          ensemble_depth(members, {.alignment = mode, .reduction = reduction});
      EXPECT_LE(testing::max_difference(ensemble.map, Array::of<float>({9, 14}, expected)), 1e-5);
      for (const float value : ensemble.uncertainty->view<float>()) EXPECT_NEAR(value, 0, 1e-5);
    }
  }
}

TEST(EnsembleDepth, ReturnsOneMemberAsItIs) {
  const Array member = noisy_members(1, 9, 14, 0.05);
  for (const DepthAlignment mode : kModes) {
    const DepthEnsemble ensemble = ensemble_depth(member, {.alignment = mode});
    EXPECT_EQ(ensemble.map.shape(), (Shape{9, 14}));
    EXPECT_EQ(testing::max_difference(ensemble.map, member), 0.0);
    EXPECT_FALSE(ensemble.uncertainty.has_value());
  }
}

TEST(EnsembleDepth, MakesZerosOfConstantMembers) {
  const Array members = Array::of<float>({3, 2, 2}, std::vector<float>(12, 0.37F));
  for (const DepthAlignment mode : kModes) {
    for (const DepthReduction reduction : kReductions) {
      const DepthEnsemble ensemble =
          ensemble_depth(members, {.alignment = mode, .reduction = reduction});
      for (const float value : ensemble.map.view<float>()) EXPECT_EQ(value, 0.0F);
      for (const float value : ensemble.uncertainty->view<float>()) EXPECT_EQ(value, 0.0F);
    }
  }
}

TEST(EnsembleDepth, LeavesAConstantMemberOutOfTheAlignment) {
  const Array members = noisy_members(3, 24, 32, 0.05);
  const Array constant = with_member_changed(members, 1, 0.0F, 0.37F);
  std::vector<float> two;
  for (const std::size_t k : {0U, 2U}) {
    const auto part = split(members)[k];
    two.insert(two.end(), part.begin(), part.end());
  }
  const Array others = Array::of<float>({2, 24, 32}, two);
  for (const DepthAlignment mode : kModes) {
    const Alignment with = ensemble_depth(constant, {.alignment = mode}).alignment;
    const Alignment without = ensemble_depth(others, {.alignment = mode}).alignment;
    EXPECT_EQ(with.scales[0], without.scales[0]);
    EXPECT_EQ(with.scales[2], without.scales[1]);
    const float aligned = with.scales[1] * 0.37F;
    EXPECT_EQ(aligned + with.shifts[1], 0.0F);
  }
}

TEST(EnsembleDepth, CancellingMembersStayWhereTheyAre) {
  const Array members = Array::of<float>({2, 1, 3}, std::vector<float>{0, 0.5F, 1, 1, 0.5F, 0});
  const DepthEnsemble ensemble = ensemble_depth(
      members, {.alignment = DepthAlignment::fit, .reduction = DepthReduction::mean});
  EXPECT_EQ(ensemble.alignment.scales, (std::vector<float>{1, 1}));
  EXPECT_TRUE(all_finite(ensemble.map));
}

TEST(EnsembleDepth, MovesOnlyScalesOfScaleInvariantMembers) {
  const Array members = noisy_members(4, 24, 32, 0.05);
  for (const DepthAlignment mode : kModes) {
    const DepthEnsemble ensemble =
        ensemble_depth(members, {.alignment = mode, .shift_invariant = false});
    for (const float shift : ensemble.alignment.shifts) EXPECT_EQ(shift, 0.0F);
    const auto map = ensemble.map.view<float>();
    EXPECT_EQ(*std::max_element(map.begin(), map.end()), 1.0F);
    EXPECT_GT(*std::min_element(map.begin(), map.end()), 0.05F);
  }
}

TEST(EnsembleDepth, ReducesAbsoluteMembersAsTheyAre) {
  const Array members = Array::of<float>({4, 1, 2}, std::vector<float>{1, 9, 2, 2, 5, 4, 4, 1});
  DepthEnsembleOptions options = {.scale_invariant = false, .shift_invariant = false};
  const DepthEnsemble median = ensemble_depth(members, options);
  EXPECT_EQ(median.map.view<float>()[0], 2.0F);
  EXPECT_EQ(median.map.view<float>()[1], 2.0F);
  EXPECT_EQ(median.uncertainty->view<float>()[0], 1.0F);  // of 1 0 3 2
  EXPECT_EQ(median.uncertainty->view<float>()[1], 1.0F);  // of 7 0 2 1
  options.reduction = DepthReduction::mean;
  const DepthEnsemble mean = ensemble_depth(members, options);
  EXPECT_EQ(mean.map.view<float>()[0], 3.0F);
  EXPECT_NEAR(mean.uncertainty->view<float>()[0], std::sqrt(10.0F / 3.0F), 1e-6);
}

TEST(EnsembleDepth, AlignsSmallerCopiesOfLargeMembers) {
  const Array members = noisy_members(3, 24, 32, 0.05);
  const DepthEnsemble ensemble = ensemble_depth(members, {.max_res = 16});
  EXPECT_EQ(ensemble.map.shape(), (Shape{24, 32}));
  std::vector<float> copies;
  for (const auto& part : split(members)) {
    const Array small =
        resize(Array::of<float>({24, 32}, part), 12, 16, Resample::nearest_exact, false);
    copies.insert(copies.end(), small.view<float>().begin(), small.view<float>().end());
  }
  const Array small = Array::of<float>({3, 12, 16}, copies);
  EXPECT_EQ(ensemble.alignment.scales, ensemble_depth(small, {}).alignment.scales);
}

TEST(EnsembleDepth, RefusesWhatItCannotMerge) {
  EXPECT_NE(message_of(Array(DType::float32, {3, 4})).find("[E,H,W], found float32 [3,4]"),
            std::string::npos);
  EXPECT_NE(message_of(Array(DType::uint8, {3, 4, 4})).find("float32"), std::string::npos);
  EXPECT_NE(message_of(Array(DType::float32, {0, 4, 4})).find("empty"), std::string::npos);
  EXPECT_NE(message_of(Array(DType::float32, {2, 0, 4})).find("empty"), std::string::npos);
  Array members = noisy_members(3, 4, 4, 0.1);
  EXPECT_NE(message_of(members, {.scale_invariant = false}).find("shift-invariant"),
            std::string::npos);
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    members.mutable_view<float>()[20] = value;
    EXPECT_NE(message_of(members).find("not finite"), std::string::npos);
  }
}

TEST(DepthOptions, NameTheNearestSpelling) {
  for (const std::string& name : depth_alignment_names()) {
    EXPECT_EQ(to_string(depth_alignment_from_string(name)), name);
  }
  for (const std::string& name : depth_reduction_names()) {
    EXPECT_EQ(to_string(depth_reduction_from_string(name)), name);
  }
  EXPECT_THROW(depth_alignment_from_string("referense"), Error);
  EXPECT_THROW(depth_reduction_from_string("closest"), Error);
}

}  // namespace
}  // namespace onestep
