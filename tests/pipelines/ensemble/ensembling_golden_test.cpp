#include "onestep/pipelines/ensemble/ensemble_depth.h"
#include "onestep/pipelines/ensemble/ensemble_normals.h"
#include "onestep/pipelines/ensemble/minimiser/bfgs.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace onestep {
namespace {

using testing::golden_cases;
using testing::GoldenCase;
using Vector = std::vector<double>;

/// [E,1,H,W] -> [E,H,W].
Array depth_members(const GoldenCase& golden) {
  const Array members = golden.input("depth");
  return members.reshaped({members.size(0), members.size(2), members.size(3)});
}

AlignmentObjective::Members split(const Array& members) {
  const auto pixels = static_cast<std::size_t>(members.size(1) * members.size(2));
  AlignmentObjective::Members parts;
  for (std::size_t i = 0; i < static_cast<std::size_t>(members.size(0)); ++i) {
    parts.push_back(members.view<float>().subspan(i * pixels, pixels));
  }
  return parts;
}

void expect_depth_agrees(const GoldenCase& golden) {
  const auto& params = golden.params();
  const DepthEnsembleOptions options = {
      // What diffusers' optimiser returns: see Note [Collapse of the alignment].
      .alignment = DepthAlignment::none,
      .reduction = depth_reduction_from_string(params.at("reduction").get<std::string>()),
      .scale_invariant = params.at("scale_invariant").get<bool>(),
      .shift_invariant = params.at("shift_invariant").get<bool>()};
  const DepthEnsemble ensemble = ensemble_depth(depth_members(golden), options);
  EXPECT_TRUE(testing::matches(golden, "prediction", ensemble.map));
  ASSERT_TRUE(ensemble.uncertainty.has_value());
  EXPECT_TRUE(testing::matches(golden, "uncertainty", *ensemble.uncertainty));
}

// Note [Shifts by rounding noise]
// In the two cases ensembling.depth3.affine_mean and ensembling.depth4.affine_mean the reference's
// optimiser moved shifts by the rounding noise of its float32 cost: more than 0.03, and differently
// with another number of threads. The map does not depend on that and is compared. The uncertainty
// does, so that no mode can give it and the cases as a whole are listed in
// tests/goldens/not_yet_run.txt; with these shifts, found by a fit to it, the reference's
// uncertainty is ours.
struct NoisyShifts {
  std::string id;
  std::vector<float> shifts;
};

/// Every member as the reference aligned it.
Array aligned_like_the_reference(const Array& members, const NoisyShifts& noise) {
  const Alignment start = unit_range_alignment(split(members), /*shifts=*/true);
  Array aligned = members;
  const auto values = aligned.mutable_view<float>();
  const std::size_t pixels = values.size() / noise.shifts.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t member = i / pixels;
    values[i] = start.scales[member] * values[i] + start.shifts[member] + noise.shifts[member];
  }
  return aligned;
}

TEST(EnsemblingMeanGolden, AgreesButForShiftsByRoundingNoise) {
  const std::vector<NoisyShifts> cases = {
      {"ensembling.depth3.affine_mean", {0.0F, -0.03884F, -0.03884F}},
      {"ensembling.depth4.affine_mean", {0.0F, -0.02902F, -0.06563F, 0.00708F}}};
  for (const NoisyShifts& noise : cases) {
    const GoldenCase golden = testing::golden_case(noise.id);
    const Array members = depth_members(golden);
    const DepthEnsemble unmoved = ensemble_depth(
        members, {.alignment = DepthAlignment::none, .reduction = DepthReduction::mean});
    EXPECT_TRUE(testing::matches(golden, "prediction", unmoved.map));

    DepthEnsemble moved = ensemble_depth(
        aligned_like_the_reference(members, noise),
        {.reduction = DepthReduction::mean, .scale_invariant = false, .shift_invariant = false});
    const auto map = moved.map.view<float>();
    const auto [least, greatest] = std::minmax_element(map.begin(), map.end());
    for (float& value : moved.uncertainty->mutable_view<float>()) value /= *greatest - *least;
    EXPECT_TRUE(testing::matches(golden, "uncertainty", *moved.uncertainty));
  }
}

/// [H,W,3] -> [1,3,H,W].
Array channels_first_map(const Array& map) {
  return channels_first(map.reshaped({1, map.size(0), map.size(1), 3}));
}

void expect_selection_agrees(const GoldenCase& golden, const Array& members) {
  const AngleSelection selection = select_by_angles(members);
  EXPECT_TRUE(
      testing::matches(golden, "mean_direction", channels_first_map(selection.mean_direction)));
  const auto& expected = golden.json.at("expected");
  const auto sums = expected.at("angle_sums").get<Vector>();
  ASSERT_EQ(selection.angle_sums.size(), sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    EXPECT_NEAR(selection.angle_sums[i], sums[i], 1e-6 * sums[i]);
  }
  const auto member = expected.at("selected_member").get<std::size_t>();
  EXPECT_EQ(selection.member, member);
  const NormalsEnsemble ensemble = ensemble_normals(members, NormalsReduction::angles);
  EXPECT_EQ(ensemble.member, member);
  EXPECT_FALSE(ensemble.uncertainty.has_value());
}

void expect_normals_agree(const GoldenCase& golden) {
  const Array members = channels_last(golden.input("normals"));
  if (golden.params().contains("method")) return expect_selection_agrees(golden, members);
  const auto reduction = golden.params().at("reduction").get<std::string>();
  const NormalsEnsemble ensemble =
      ensemble_normals(members, normals_reduction_from_string(reduction));
  EXPECT_TRUE(testing::matches(golden, "prediction", channels_first_map(ensemble.map)));
  ASSERT_TRUE(ensemble.uncertainty.has_value());
  EXPECT_TRUE(testing::matches(golden, "uncertainty", *ensemble.uncertainty));
}

class EnsemblingGolden : public ::testing::TestWithParam<GoldenCase> {};

TEST_P(EnsemblingGolden, AgreesWithTheReference) {
  if (GetParam().has_input("depth")) {
    expect_depth_agrees(GetParam());
  } else {
    expect_normals_agree(GetParam());
  }
}

ObjectiveOptions objective_options(const GoldenCase& golden) {
  const auto& params = golden.params();
  const bool roots = params.at("form").get<std::string>() == "sum_of_roots";
  return {.pair_term = roots ? PairTerm::sum_of_roots : PairTerm::root_of_mean,
          .reduction = depth_reduction_from_string(params.at("reduction").get<std::string>()),
          .regularizer = params.at("regularizer_strength").get<double>(),
          .shifts = true};
}

class AlignmentObjectiveGolden : public ::testing::TestWithParam<GoldenCase> {};

TEST_P(AlignmentObjectiveGolden, HasTheReferencesValuesAndGetsAsLow) {
  const GoldenCase& golden = GetParam();
  const Array members = depth_members(golden);
  const AlignmentObjective objective(split(members), objective_options(golden));
  const auto& values = golden.json.at("expected").at("objective_values");
  const auto& parameters = golden.json.at("expected").at("parameters");
  const auto start = parameters.at("start").get<Vector>();
  Vector gradient(start.size());
  for (const std::string name : {"start", "probe"}) {
    const double expected = values.at(name == "start" ? "start" : "at_probe").get<double>();
    const double value = objective(parameters.at(name).get<Vector>(), gradient);
    EXPECT_NEAR(value, expected, 1e-6 * expected) << name;
  }
  for (const int iterations : {2, 50}) {
    const std::string name = "after_" + std::to_string(iterations) + "_iterations";
    const BfgsResult result =
        minimise_bfgs(objective, start, {.iterations = iterations, .tolerance = 1e-3});
    EXPECT_LE(result.value, values.at(name).get<double>() + 2e-3) << name;
    EXPECT_LE(result.iterations, iterations);
  }
}

/// The way that predict takes. Measured: where the reduction is the mean, the value is the recorded
/// one to 4e-8 and the map to 2e-7. The median has kinks everywhere, on whose sides optimisers come
/// to different steps: the value is up to 1.4e-3 above the recorded one, the map 0.012 away.
TEST_P(AlignmentObjectiveGolden, IsLoweredAsFarByModeReference) {
  const GoldenCase& golden = GetParam();
  const Array members = depth_members(golden);
  const ObjectiveOptions options = objective_options(golden);
  const DepthEnsemble ensemble = ensemble_depth(members, {.alignment = DepthAlignment::reference,
                                                          .reduction = options.reduction,
                                                          .pair_term = options.pair_term,
                                                          .regularizer = options.regularizer});
  EXPECT_FALSE(ensemble.alignment.bounded);
  Vector parameters(ensemble.alignment.scales.begin(), ensemble.alignment.scales.end());
  parameters.insert(parameters.end(), ensemble.alignment.shifts.begin(),
                    ensemble.alignment.shifts.end());
  Vector gradient(parameters.size());
  const double value = AlignmentObjective(split(members), options)(parameters, gradient);
  const auto& expected = golden.json.at("expected");
  const auto recorded = expected.at("objective_values").at("after_2_iterations").get<double>();
  EXPECT_LE(value, recorded + 2e-3);
  const char* const map = "prediction_after_2_iterations";
  if (options.reduction == DepthReduction::mean) {
    EXPECT_NEAR(value, recorded, 1e-6);
    EXPECT_LE(testing::max_difference(ensemble.map, golden.expected(map)), 1e-6);
  }
  EXPECT_TRUE(testing::matches(golden, map, ensemble.map));
}

TEST_P(AlignmentObjectiveGolden, StartsWhereTheReferenceStarts) {
  const GoldenCase& golden = GetParam();
  const Array members = depth_members(golden);
  const Alignment start = unit_range_alignment(split(members), /*shifts=*/true);
  const auto expected = golden.json.at("expected").at("parameters").at("start").get<Vector>();
  for (std::size_t i = 0; i < start.scales.size(); ++i) {
    EXPECT_NEAR(start.scales[i], expected[i], 1e-6);
    EXPECT_NEAR(start.shifts[i], expected[start.scales.size() + i], 1e-6);
  }
}

std::string case_name(const ::testing::TestParamInfo<GoldenCase>& param) {
  return testing::test_name(param.param.id);
}

INSTANTIATE_TEST_SUITE_P(Reference,
                         EnsemblingGolden,
                         ::testing::ValuesIn(golden_cases("ensembling")),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Reference,
                         AlignmentObjectiveGolden,
                         ::testing::ValuesIn(golden_cases("alignment_objective")),
                         case_name);

}  // namespace
}  // namespace onestep
