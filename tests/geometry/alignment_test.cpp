#include "onestep/geometry/alignment.h"

#include "onestep/base/check.h"

#include <gtest/gtest.h>

#include <limits>

namespace onestep {
namespace {

Array floats(const std::vector<float>& values) {
  return Array::of<float>({static_cast<std::int64_t>(values.size())}, values);
}

Array mask(const std::vector<std::uint8_t>& values) {
  return Array::of<std::uint8_t>({static_cast<std::int64_t>(values.size())}, values);
}

TEST(FitScaleShift, FindsAnAffineMapExactly) {
  const ScaleShift fit = fit_scale_shift(floats({-1, 0, 2}), floats({1, 3, 7}), mask({1, 1, 1}));
  EXPECT_NEAR(fit.scale, 2, 1e-12);
  EXPECT_NEAR(fit.shift, 3, 1e-12);
}

TEST(FitScaleShift, IsTheLeastSquaresFitOfTheMethodsExample) {
  const ScaleShift fit = fit_scale_shift(floats({-0.8F, -0.1F, 0.3F, 0.9F}),
                                         floats({1, 2.5F, 2, 6}), mask({1, 1, 1, 1}));
  EXPECT_NEAR(fit.scale, 2.675941080, 1e-7);
  EXPECT_NEAR(fit.shift, 2.674304419, 1e-7);
}

TEST(FitScaleShift, LooksAtValidElementsAlone) {
  const float none = std::numeric_limits<float>::quiet_NaN();
  const ScaleShift fit = fit_scale_shift(floats({0, none, 1}), floats({5, 9, 6}), mask({1, 0, 1}));
  EXPECT_NEAR(fit.scale, 1, 1e-12);
  EXPECT_NEAR(fit.shift, 5, 1e-12);
}

TEST(FitScaleShift, OfAConstantIsTheMean) {
  const ScaleShift fit = fit_scale_shift(floats({3, 3}), floats({1, 2}), mask({1, 1}));
  EXPECT_EQ(fit.scale, 0);
  EXPECT_EQ(fit.shift, 1.5);
  EXPECT_EQ(fit_scale_shift(floats({3}), floats({1}), mask({0})).shift, 0);
}

TEST(FitScaleShift, RefusesOtherShapes) {
  EXPECT_THROW(fit_scale_shift(floats({1, 2}), floats({1}), mask({1})), Error);
}

}  // namespace
}  // namespace onestep
