#include "onestep/eval/normal_scores.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace onestep {
namespace {

Array normals_of(const std::vector<float>& values) {
  return Array::of<float>({1, std::ssize(values) / 3, 3}, values);
}

Array mask_of(const std::vector<std::uint8_t>& values) {
  return Array::of<std::uint8_t>({1, std::ssize(values)}, values);
}

TEST(NormalScores, AreAngles) {
  const auto cosine = static_cast<float>(std::cos(std::numbers::pi / 18));  // 10 degrees
  const auto sine = static_cast<float>(std::sin(std::numbers::pi / 18));
  const NormalScores scores =
      normal_scores(normals_of({0, 0, 1, 0, 2 * sine, 2 * cosine, 1, 0, 0}),
                    normals_of({0, 0, 1, 0, 0, 1, 0, 0, 1}), mask_of({1, 1, 1}));
  EXPECT_NEAR(scores.mean_deg, (0 + 10 + 90) / 3.0, 1e-5);
  EXPECT_NEAR(scores.below_11_25, 2 / 3.0, 1e-12);
}

TEST(NormalScores, LeaveOutWhatHasNoTruth) {
  const NormalScores scores =
      normal_scores(normals_of({0, 1, 0, 0, 0, 0, 0, 1, 0}),
                    normals_of({0, 0, 0, 0, 0, 1, 0, 0, 1}), mask_of({1, 1, 0}));
  EXPECT_NEAR(scores.mean_deg, 90, 1e-12) << "a prediction without direction";
  EXPECT_EQ(normal_scores(normals_of({0, 1, 0}), normals_of({0, 1, 0}), mask_of({0})).mean_deg, 0);
}

}  // namespace
}  // namespace onestep
