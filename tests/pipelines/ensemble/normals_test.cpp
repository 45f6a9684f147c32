#include "onestep/base/check.h"
#include "onestep/pipelines/ensemble/ensemble_normals.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

namespace onestep {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

/// One pixel: members [E,1,1,3], tilted from z towards x by these angles.
Array tilted(const std::vector<float>& angles) {
  std::vector<float> values;
  for (const float angle : angles) {
    values.insert(values.end(), {std::sin(angle), 0.0F, std::cos(angle)});
  }
  return Array::of<float>({static_cast<std::int64_t>(angles.size()), 1, 1, 3}, values);
}

std::string message_of(const Array& members) {
  try {
    ensemble_normals(members, NormalsReduction::closest);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(EnsembleNormals, MeanIsTheDirectionInTheMiddle) {
  const NormalsEnsemble ensemble = ensemble_normals(tilted({0.1F, 0.5F}), NormalsReduction::mean);
  const auto map = ensemble.map.view<float>();
  EXPECT_NEAR(map[0], std::sin(0.3F), 1e-6);
  EXPECT_NEAR(map[1], 0, 1e-6);
  EXPECT_NEAR(map[2], std::cos(0.3F), 1e-6);
  EXPECT_NEAR(ensemble.uncertainty->view<float>()[0], 0.2F / kPi, 1e-6);
}

TEST(EnsembleNormals, ClosestIsAMemberUnchanged) {
  const Array members = tilted({0.1F, 0.35F, 0.6F, 0.2F});
  const NormalsEnsemble ensemble = ensemble_normals(members, NormalsReduction::closest);
  // The mean is tilted by about 0.31.
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_EQ(ensemble.map.view<float>()[c], members.view<float>()[3 + c]);
  }
}

TEST(EnsembleNormals, ClosestTakesTheFirstOfEquals) {
  const Array members =
      Array::of<float>({2, 1, 1, 3}, std::vector<float>{0.6F, 0, 0.8F, -0.6F, 0, 0.8F});
  const NormalsEnsemble ensemble = ensemble_normals(members, NormalsReduction::closest);
  EXPECT_EQ(ensemble.map.view<float>()[0], 0.6F);
}

TEST(EnsembleNormals, OppositeMembersHaveNoMean) {
  const Array members = Array::of<float>({2, 1, 1, 3}, std::vector<float>{0, 0, 1, 0, 0, -1});
  const NormalsEnsemble ensemble = ensemble_normals(members, NormalsReduction::mean);
  for (const float value : ensemble.map.view<float>()) EXPECT_EQ(value, 0.0F);
  EXPECT_NEAR(ensemble.uncertainty->view<float>()[0], 0.5F, 1e-6);
}

TEST(EnsembleNormals, IdenticalMembersAreCertain) {
  for (const auto reduction : {NormalsReduction::closest, NormalsReduction::mean}) {
    const NormalsEnsemble ensemble = ensemble_normals(tilted({0.4F, 0.4F, 0.4F}), reduction);
    EXPECT_NEAR(ensemble.map.view<float>()[0], std::sin(0.4F), 1e-6);
    EXPECT_NEAR(ensemble.uncertainty->view<float>()[0], 0, 1e-3);
  }
}

TEST(EnsembleNormals, AnglesChooseOneWholeMember) {
  // Two pixels: member 1 lies in the middle of the first, and not far off in the second.
  const std::vector<std::array<float, 2>> angles = {{0.1F, 0.9F}, {0.4F, 0.5F}, {0.7F, 0.4F}};
  std::vector<float> values;
  for (const auto& member : angles) {
    for (const float angle : member) {
      values.insert(values.end(), {std::sin(angle), 0.0F, std::cos(angle)});
    }
  }
  const Array members = Array::of<float>({3, 1, 2, 3}, values);
  const NormalsEnsemble ensemble = ensemble_normals(members, NormalsReduction::angles);
  EXPECT_EQ(ensemble.member, 1U);
  EXPECT_FALSE(ensemble.uncertainty.has_value());
  EXPECT_EQ(ensemble.map.shape(), (Shape{1, 2, 3}));
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(ensemble.map.view<float>()[i], values[6 + i], 2e-5);
  }
}

TEST(EnsembleNormals, ReturnsOneMemberAsItIs) {
  const Array members = tilted({0.3F});
  for (const auto reduction :
       {NormalsReduction::closest, NormalsReduction::mean, NormalsReduction::angles}) {
    const NormalsEnsemble ensemble = ensemble_normals(members, reduction);
    EXPECT_EQ(ensemble.map.shape(), (Shape{1, 1, 3}));
    EXPECT_FALSE(ensemble.uncertainty.has_value());
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_EQ(ensemble.map.view<float>()[c], members.view<float>()[c]);
    }
  }
}

TEST(EnsembleNormals, DoesNotDependOnTheOrderOfMembers) {
  const Array members = tilted({0.1F, 0.35F, 0.6F, 0.2F});
  const Array turned = tilted({0.6F, 0.2F, 0.35F, 0.1F});
  for (const auto reduction :
       {NormalsReduction::closest, NormalsReduction::mean, NormalsReduction::angles}) {
    const Array map = ensemble_normals(members, reduction).map;
    const Array other = ensemble_normals(turned, reduction).map;
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(map.view<float>()[c], other.view<float>()[c], 1e-6);
    }
  }
}

TEST(EnsembleNormals, RefusesOtherShapesAndValuesThatAreNotFinite) {
  EXPECT_NE(message_of(Array(DType::float32, {2, 3, 3})).find("[E,H,W,3], found"),
            std::string::npos);
  EXPECT_NE(message_of(Array(DType::float32, {0, 2, 2, 3})).find("empty"), std::string::npos);
  Array members = tilted({0.1F, 0.2F});
  members.mutable_view<float>()[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(message_of(members).find("not finite"), std::string::npos);
}

TEST(NormalsReduction, NamesTheNearestSpelling) {
  for (const std::string& name : normals_reduction_names()) {
    EXPECT_EQ(to_string(normals_reduction_from_string(name)), name);
  }
  try {
    normals_reduction_from_string("closet");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean \"closest\""), std::string::npos);
  }
}

}  // namespace
}  // namespace onestep
