// How merging is followed and stopped, and what makes it quick.

#include "onestep/base/error.h"
#include "onestep/pipelines/ensemble/ensemble_depth.h"
#include "onestep/pipelines/ensemble/ensemble_normals.h"
#include "onestep/pipelines/ensemble/merged_extrema.h"
#include "onestep/pipelines/ensemble/minimiser/bfgs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
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

/// Of all pixels, one after the other.
Extrema brute_force(const AlignmentObjective::Members& members,
                    const std::vector<AlignedMember>& alignment,
                    DepthReduction reduction) {
  Extrema extrema;
  for (std::size_t pixel = 0; pixel < members[0].size(); ++pixel) {
    Vector values;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const auto d = static_cast<double>(members[i][pixel]);
      values.push_back(alignment[i].scale * d + alignment[i].shift);
    }
    double merged = 0;
    if (reduction == DepthReduction::mean) {
      for (const double value : values) merged += value;
      merged /= static_cast<double>(values.size());
    } else {
      std::sort(values.begin(), values.end());
      merged = values[lower_middle(values.size())];
    }
    if (pixel == 0 || merged < extrema.least) {
      extrema.least = merged;
      extrema.least_pixel = pixel;
    }
    if (pixel == 0 || merged > extrema.greatest) {
      extrema.greatest = merged;
      extrema.greatest_pixel = pixel;
    }
  }
  return extrema;
}

void expect_equal(const Extrema& found, const Extrema& expected) {
  EXPECT_EQ(found.least, expected.least);
  EXPECT_EQ(found.greatest, expected.greatest);
  EXPECT_EQ(found.least_pixel, expected.least_pixel);
  EXPECT_EQ(found.greatest_pixel, expected.greatest_pixel);
}

TEST(MergedExtrema, AreThoseOfAllPixelsWhereverAnOptimiserGoes) {
  std::mt19937 generator(11);
  const auto step = [&](double size) {
    return size * (static_cast<double>(generator()) / 4294967296.0 - 0.5);
  };
  for (const double coarseness : {0.0, 0.05}) {  // coarse members tie
    Array members = noisy_members(5, 40, 52, 0.1);
    for (float& value : members.mutable_view<float>()) {
      if (coarseness > 0) value = std::round(value / 0.05F) * 0.05F;
    }
    for (const DepthReduction reduction : kReductions) {
      MergedExtrema extrema(split(members), reduction, {});
      std::vector<AlignedMember> alignment(5);
      for (const double size : {1.0, 0.1, 1e-2, 1e-3, 1e-6, 0.0, 1e-2, 3.0, 1e-4}) {
        for (int repeat = 0; repeat < 5; ++repeat) {
          for (AlignedMember& member : alignment) {
            member.scale += step(size);
            member.shift += step(size);
          }
          expect_equal(extrema.at(alignment), brute_force(split(members), alignment, reduction));
        }
      }
    }
  }
}

TEST(MergedExtrema, AreFoundAgainAfterParametersThatAreNoNumbers) {
  const Array members = noisy_members(3, 8, 9, 0.1);
  MergedExtrema extrema(split(members), DepthReduction::mean, {});
  const std::vector<AlignedMember> good(3);
  std::vector<AlignedMember> bad = good;
  bad[1].scale = std::numeric_limits<double>::infinity();
  extrema.at(good);
  extrema.at(bad);
  expect_equal(extrema.at(good), brute_force(split(members), good, DepthReduction::mean));
}

/// Two iterations from `start`, without a bound.
std::vector<float> two_iterations(const Array& members,
                                  const ObjectiveOptions& options,
                                  const Vector& start) {
  const AlignmentObjective objective(split(members), options);
  const BfgsResult result = minimise_bfgs(objective, start, {.iterations = 2, .tolerance = 1e-3});
  return {result.point.begin(), result.point.end()};
}

TEST(AlignDepth, ReferenceIsTwoIterationsFromTheFloat32Start) {
  int rounding_mattered = 0;
  for (const std::int64_t count : {2, 3, 4}) {
    const Array members = noisy_members(count, 24, 32, 0.02);
    const Alignment unit = unit_range_alignment(split(members), true);
    Vector start(unit.scales.begin(), unit.scales.end());
    Vector wide = start;  // shifts as double has them
    for (std::size_t i = 0; i < unit.shifts.size(); ++i) {
      const auto member = split(members)[i];
      const float least = *std::min_element(member.begin(), member.end());
      start.push_back(static_cast<double>(unit.shifts[i]));
      wide.push_back(-wide[i] * static_cast<double>(least));
    }
    for (const PairTerm pair_term : kPairTerms) {
      for (const DepthReduction reduction : kReductions) {
        const Alignment found =
            align_depth(split(members), {.reduction = reduction, .pair_term = pair_term});
        ASSERT_FALSE(found.bounded);
        std::vector<float> parameters = found.scales;
        parameters.insert(parameters.end(), found.shifts.begin(), found.shifts.end());
        const ObjectiveOptions options = {pair_term, reduction, 0.02, true};
        EXPECT_EQ(parameters, two_iterations(members, options, start));
        rounding_mattered += parameters != two_iterations(members, options, wide) ? 1 : 0;
      }
    }
  }
  EXPECT_GT(rounding_mattered, 0) << "these members cannot tell the starts apart";
}

TEST(AlignDepth, SaysWhenReferenceWasBounded) {
  const Array far_apart = noisy_members(10, 24, 32, 0.3);
  const Array alike = noisy_members(4, 24, 32, 0.01);
  const Alignment bounded = ensemble_depth(far_apart, {}).alignment;
  EXPECT_TRUE(bounded.bounded);
  const Alignment start = unit_range_alignment(split(far_apart), true);
  float smallest = 1;
  for (std::size_t i = 0; i < start.scales.size(); ++i) {
    smallest = std::min(smallest, bounded.scales[i] / start.scales[i]);
  }
  EXPECT_NEAR(smallest, 0.5F, 1e-6F);
  EXPECT_FALSE(ensemble_depth(alike, {}).alignment.bounded);
  for (const DepthAlignment mode : {DepthAlignment::none, DepthAlignment::fit}) {
    EXPECT_FALSE(ensemble_depth(far_apart, {.alignment = mode}).alignment.bounded);
  }
}

using Merging = std::function<void(const MergeWatch&)>;

/// Every way to merge, under its name.
std::vector<std::pair<std::string, Merging>> all_mergings() {
  std::vector<std::pair<std::string, Merging>> mergings;
  const Array depth = noisy_members(5, 64, 80, 0.1);
  for (const DepthAlignment mode : kModes) {
    for (const DepthReduction reduction : kReductions) {
      mergings.emplace_back(std::string(to_string(mode)) + " " + std::string(to_string(reduction)),
                            [=](const MergeWatch& watch) {
                              ensemble_depth(depth, {.alignment = mode, .reduction = reduction},
                                             watch);
                            });
    }
  }
  const Array normals = noisy_members(3, 64, 240, 0.1).reshaped({3, 64, 80, 3});
  for (const std::string& name : normals_reduction_names()) {
    mergings.emplace_back(name, [=](const MergeWatch& watch) {
      ensemble_normals(normals, normals_reduction_from_string(name), watch);
    });
  }
  return mergings;
}

TEST(Merging, ReportsProgressThatGrowsToOne) {
  for (const auto& [name, merge] : all_mergings()) {
    double last = -1;
    int reports = 0;
    MergeWatch watch;
    watch.on_progress = [&](double fraction) {
      EXPECT_GT(fraction, last) << name;
      last = fraction;
      ++reports;
    };
    merge(watch);
    EXPECT_EQ(last, 1) << name;
    EXPECT_GE(reports, 4) << name;
  }
}

TEST(Merging, StopsAtTheReportInWhichItIsAskedTo) {
  for (const auto& [name, merge] : all_mergings()) {
    for (const int last : {1, 2, 3}) {
      std::stop_source source;
      int reports = 0;
      MergeWatch watch{source.get_token(), [&](double /*fraction*/) {
                         if (++reports == last) source.request_stop();
                       }};
      EXPECT_THROW(merge(watch), Cancelled) << name;
      EXPECT_EQ(reports, last) << name;
    }
  }
}

TEST(Merging, StopsWithoutAnyReport) {
  std::stop_source source;
  source.request_stop();
  for (const auto& [name, merge] : all_mergings()) {
    EXPECT_THROW(merge({source.get_token(), {}}), Cancelled) << name;
  }
  EXPECT_THROW(AlignmentObjective(split(noisy_members(2, 8, 8, 0.1)), {}, source.get_token()),
               Cancelled);
}

TEST(AlignmentObjective, LooksAtTheStopTokenWhileItMerges) {
  const Array members = noisy_members(3, 24, 32, 0.1);
  std::stop_source source;
  const AlignmentObjective objective(split(members), {}, source.get_token());
  Vector gradient(6);
  const Vector point = {1, 1, 1, 0, 0, 0};
  EXPECT_NO_THROW(objective(point, gradient));
  source.request_stop();
  EXPECT_THROW(objective(Vector{2, 1, 1, 0, 0, 0}, gradient), Cancelled);
}

}  // namespace
}  // namespace onestep
