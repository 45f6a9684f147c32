#include "onestep/geometry/normal_frame.h"

#include "onestep/base/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace onestep {
namespace {

constexpr NormalFrame kFrames[] = {NormalFrame::dsine, NormalFrame::opencv, NormalFrame::opengl};

Array normals_of(const std::vector<float>& values) {
  return Array::of<float>({1, static_cast<std::int64_t>(values.size() / 3), 3}, values);
}

std::vector<float> values_of(const Array& array) {
  const auto view = array.view<float>();
  return {view.begin(), view.end()};
}

Array random_vectors(std::size_t count) {
  std::mt19937 random(5);  // NOLINT: the same vectors every time
  std::normal_distribution<float> gaussian;
  std::vector<float> values(3 * count);
  for (float& value : values) value = gaussian(random);
  return normals_of(values);
}

TEST(InFrame, HasTheVectorsOfTheConventions) {
  // docs/conventions.md: far wall, floor, ceiling, left wall, right wall.
  const Array dsine = normals_of({0, 0, 1, 0, 1, 0, 0, -1, 0, -1, 0, 0, 1, 0, 0});
  const Array opengl = normals_of({0, 0, 1, 0, 1, 0, 0, -1, 0, 1, 0, 0, -1, 0, 0});
  const Array opencv = normals_of({0, 0, -1, 0, -1, 0, 0, 1, 0, 1, 0, 0, -1, 0, 0});
  const std::vector<std::pair<NormalFrame, Array>> told = {
      {NormalFrame::dsine, dsine}, {NormalFrame::opengl, opengl}, {NormalFrame::opencv, opencv}};
  for (const auto& [from, source] : told) {
    for (const auto& [to, target] : told) {
      EXPECT_EQ(values_of(in_frame(source, from, to)), values_of(target))
          << to_string(from) << " to " << to_string(to);
    }
  }
}

TEST(InFrame, IsUndoneByTheWayBack) {
  const Array normals = random_vectors(50);
  for (const NormalFrame from : kFrames) {
    for (const NormalFrame to : kFrames) {
      const Array back = in_frame(in_frame(normals, from, to), to, from);
      EXPECT_EQ(values_of(back), values_of(normals)) << to_string(from) << " to " << to_string(to);
    }
  }
}

TEST(InFrame, IsItsOwnInverse) {
  const Array normals = random_vectors(50);
  for (const NormalFrame from : kFrames) {
    for (const NormalFrame to : kFrames) {
      const Array twice = in_frame(in_frame(normals, from, to), from, to);
      EXPECT_EQ(values_of(twice), values_of(normals)) << to_string(from) << " to " << to_string(to);
    }
  }
}

TEST(InFrame, GoesThroughAnyThirdFrame) {
  const Array normals = random_vectors(20);
  for (const NormalFrame from : kFrames) {
    for (const NormalFrame over : kFrames) {
      for (const NormalFrame to : kFrames) {
        const Array detour = in_frame(in_frame(normals, from, over), over, to);
        EXPECT_EQ(values_of(detour), values_of(in_frame(normals, from, to)));
      }
    }
  }
}

TEST(InFrame, KeepsLengthsAndTheArrayThatItWasGiven) {
  const Array normals = random_vectors(20);
  const std::vector<float> before = values_of(normals);
  for (const NormalFrame to : kFrames) {
    std::vector<float> after = values_of(in_frame(normals, NormalFrame::dsine, to));
    for (std::size_t i = 0; i < after.size(); ++i)
      EXPECT_EQ(after[i] * after[i], before[i] * before[i]);
  }
  EXPECT_EQ(values_of(normals), before);
}

TEST(InFrame, MirrorsOnlyBetweenDsineAndTheOthers) {
  // An odd number of flipped axes turns a right-handed frame into a left-handed one.
  const Array axes = normals_of({1, 0, 0, 0, 1, 0, 0, 0, 1});
  const auto determinant = [&](NormalFrame from, NormalFrame to) {
    const auto v = values_of(in_frame(axes, from, to));
    return v[0] * v[4] * v[8];
  };
  EXPECT_EQ(determinant(NormalFrame::opengl, NormalFrame::opencv), 1);
  EXPECT_EQ(determinant(NormalFrame::dsine, NormalFrame::opengl), -1);
  EXPECT_EQ(determinant(NormalFrame::dsine, NormalFrame::opencv), -1);
}

TEST(UnitNormals, HaveLengthOneAndTheSameDirection) {
  const Array normals = random_vectors(200);
  const auto before = values_of(normals);
  const auto after = values_of(unit_normals(normals));
  for (std::size_t i = 0; i < before.size(); i += 3) {
    const double length = std::hypot(before[i], before[i + 1], before[i + 2]);
    EXPECT_NEAR(std::hypot(after[i], after[i + 1], after[i + 2]), 1.0, 2e-7);
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(after[i + c] * length, before[i + c], 1e-6);
  }
}

TEST(UnitNormals, AreTheSameInEveryFrame) {
  const Array normals = random_vectors(20);
  for (const NormalFrame to : kFrames) {
    EXPECT_EQ(values_of(unit_normals(in_frame(normals, NormalFrame::dsine, to))),
              values_of(in_frame(unit_normals(normals), NormalFrame::dsine, to)));
  }
}

TEST(UnitNormals, OfTinyAndHugeVectorsAreExact) {
  const auto unit = values_of(unit_normals(normals_of({0, 0, 1e-38F, -3e38F, 0, 0, 0, 1, 0})));
  EXPECT_EQ(unit, (std::vector<float>{0, 0, 1, -1, 0, 0, 0, 1, 0}));
}

TEST(UnitNormals, WithoutADirectionAreZero) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float nan = std::nanf("");
  const auto unit = values_of(unit_normals(normals_of({0, 0, 0, nan, 1, 0, kInfinity, 0, 0})));
  EXPECT_EQ(unit, std::vector<float>(9, 0.0F));
}

TEST(Normals, OfOtherShapesAndTypesAreRefused) {
  EXPECT_THROW(unit_normals(Array(DType::float32, {2, 4})), Error);
  EXPECT_THROW(unit_normals(Array(DType::float64, {2, 3})), Error);
  EXPECT_THROW(in_frame(Array(DType::float32, {}), NormalFrame::dsine, NormalFrame::opencv), Error);
}

TEST(NormalFrame, HasANameAndAxesInWords) {
  for (const NormalFrame frame : kFrames) {
    EXPECT_EQ(normal_frame_from_string(to_string(frame)), frame);
  }
  EXPECT_EQ(axes_in_words(NormalFrame::dsine).x, "left");
  EXPECT_EQ(axes_in_words(NormalFrame::dsine).y, "up");
  EXPECT_EQ(axes_in_words(NormalFrame::opengl).x, "right");
  EXPECT_EQ(axes_in_words(NormalFrame::opencv).y, "down");
  EXPECT_EQ(axes_in_words(NormalFrame::opencv).z, "away from the viewer");
  try {
    normal_frame_from_string("opengml");
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("did you mean \"opengl\"?"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace onestep
