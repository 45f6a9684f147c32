#include "onestep/geometry/resize.h"

#include "onestep/base/check.h"
#include "onestep/base/random.h"
#include "onestep/tensor/array.h"

#include "testing/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace onestep {
namespace {

using testing::golden_cases;
using testing::GoldenCase;
using testing::matches;
using testing::max_difference;

constexpr Resample kAll[] = {Resample::bilinear, Resample::bicubic, Resample::nearest,
                             Resample::nearest_exact, Resample::area};

Array row(const std::vector<float>& values) {
  return Array::of<float>({1, static_cast<std::int64_t>(values.size())}, values);
}

std::vector<float> values_of(const Array& array) {
  const auto values = array.view<float>();
  return {values.begin(), values.end()};
}

Array random_image(const Shape& shape) {
  return Array::of<float>(shape, TorchGenerator(3).rand(element_count(shape)));
}

TEST(Resize, IsTorchsInterpolate) {
  for (const GoldenCase& golden : golden_cases("resize")) {
    SCOPED_TRACE(golden.id);
    const nlohmann::json& params = golden.params();
    const Array nchw = golden.input("image");
    const Array image = channels_last(nchw).reshaped({nchw.size(2), nchw.size(3), nchw.size(1)});
    const std::int64_t height = params.at("size")[0];
    const std::int64_t width = params.at("size")[1];
    const Array got =
        resize(image, height, width, resample_from_string(params.at("mode").get<std::string>()),
               params.at("antialias"));
    EXPECT_TRUE(
        matches(golden, "image", channels_first(got.reshaped({1, height, width, nchw.size(1)}))));
  }
}

TEST(ResizeU8, IsTheResearchCodes) {
  for (const GoldenCase& golden : golden_cases("resize_u8")) {
    SCOPED_TRACE(golden.id);
    const nlohmann::json& params = golden.params();
    const Array got = resize_u8(golden.input("image"), params.at("size")[0], params.at("size")[1],
                                resample_from_string(params.at("mode").get<std::string>()));
    EXPECT_TRUE(matches(golden, "image", got));
    // The note of these cases: off by one, and in 1 % of the values at most.
    const Array expected = golden.expected("image");
    EXPECT_LE(max_difference(got, expected), 1.0);
    std::int64_t different = 0;
    for (std::int64_t i = 0; i < got.elements(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (got.view<std::uint8_t>()[at] != expected.view<std::uint8_t>()[at]) ++different;
    }
    EXPECT_LE(static_cast<double>(different), 0.01 * static_cast<double>(got.elements()));
  }
}

TEST(Resize, ToTheSameSizeIsTheIdentity) {
  const Array image = random_image({7, 5, 3});
  for (const Resample resample : kAll) {
    for (const bool antialias : {false, true}) {
      EXPECT_LT(max_difference(resize(image, 7, 5, resample, antialias), image), 1e-7)
          << to_string(resample);
    }
  }
}

TEST(Resize, KeepsAConstantImage) {
  const Array image = Array::of<float>({5, 9, 2}, std::vector<float>(90, 0.7F));
  for (const Resample resample : kAll) {
    for (const bool antialias : {false, true}) {
      for (const std::int64_t side : {1, 2, 3, 17}) {
        const Array got = resize(image, side, side + 1, resample, antialias);
        for (const float value : got.view<float>()) {
          ASSERT_NEAR(value, 0.7F, 1e-6) << to_string(resample) << " " << side;
        }
      }
    }
  }
}

TEST(Resize, CommutesWithFlipping) {
  const Array image = random_image({1, 12});
  std::vector<float> reversed = values_of(image);
  std::reverse(reversed.begin(), reversed.end());
  for (const Resample resample : {Resample::bilinear, Resample::bicubic, Resample::area}) {
    for (const bool antialias : {false, true}) {
      for (const std::int64_t width : {5, 29}) {
        std::vector<float> got = values_of(resize(row(reversed), 1, width, resample, antialias));
        std::reverse(got.begin(), got.end());
        const Array direct = resize(image, 1, width, resample, antialias);
        EXPECT_LT(max_difference(row(got), direct), 1e-5) << to_string(resample) << " " << width;
      }
    }
  }
}

TEST(Resize, BilinearSamplesAtPixelCentres) {
  // Centres of the 4 new pixels: -0.25, 0.25, 0.75, 1.25 in the old ones.
  EXPECT_EQ(values_of(resize(row({0, 1}), 1, 4, Resample::bilinear, false)),
            (std::vector<float>{0.0F, 0.25F, 0.75F, 1.0F}));
  EXPECT_EQ(values_of(resize(row({0, 1, 2, 3}), 1, 2, Resample::bilinear, false)),
            (std::vector<float>{0.5F, 2.5F}));
}

TEST(Resize, AntialiasedBilinearIsATriangleOfTheScalesWidth) {
  // Scale 2: distances 0.5, 0.5, 1.5, 1.5 over a support of 2 weigh 3 : 3 : 1 : 1 where inside.
  const Array got = resize(row({7, 0, 0, 0, 0, 0}), 1, 3, Resample::bilinear, true);
  EXPECT_NEAR(values_of(got)[0], 7.0 * 3 / 7, 1e-6);
  EXPECT_NEAR(values_of(got)[1], 7.0 * 0, 1e-6);
  const Array middle = resize(row({0, 8, 0, 0, 0, 0}), 1, 3, Resample::bilinear, true);
  EXPECT_NEAR(values_of(middle)[1], 1.0, 1e-6);
}

TEST(Resize, BicubicHasTwoKernels) {
  // Halfway between samples the outer two weigh a / 8: here one of them lies on the step.
  const Array step = row({0, 0, 0, 0, 1, 1, 1, 1});
  const Array interpolated = resize(step, 1, 4, Resample::bicubic, false);
  EXPECT_NEAR(values_of(interpolated)[1], -0.09375, 1e-6);
  const Array enlarged = resize(step, 1, 16, Resample::bicubic, false);
  const Array filtered = resize(step, 1, 16, Resample::bicubic, true);
  // Position 3.25 of the step: the weights right of it are w(0.75) + w(1.75).
  EXPECT_NEAR(values_of(enlarged)[7], 0.26171875 - 0.03515625, 1e-6);
  EXPECT_NEAR(values_of(filtered)[7], 0.2265625 - 0.0234375, 1e-6);
}

TEST(Resize, NearestTakesTheCornerAndExactTheCentre) {
  const Array image = row({0, 1, 2, 3, 4});
  EXPECT_EQ(values_of(resize(image, 1, 2, Resample::nearest, false)),
            (std::vector<float>{0.0F, 2.0F}));
  EXPECT_EQ(values_of(resize(image, 1, 2, Resample::nearest_exact, false)),
            (std::vector<float>{1.0F, 3.0F}));
}

TEST(Resize, NearestIndicesAreComputedInFloat) {
  std::vector<float> values(38);
  std::iota(values.begin(), values.end(), 0.0F);
  const std::vector<float> got =
      values_of(resize(row(values), 1, 61, Resample::nearest_exact, false));
  const float scale = 38.0F / 61.0F;
  for (int i = 0; i < 61; ++i) {
    EXPECT_EQ(got[static_cast<std::size_t>(i)], std::floor((static_cast<float>(i) + 0.5F) * scale))
        << i;
  }
}

TEST(Resize, AreaIsTheMeanOfTheCoveredPixels) {
  EXPECT_EQ(values_of(resize(row({1, 3, 5, 7}), 1, 2, Resample::area, false)),
            (std::vector<float>{2.0F, 6.0F}));
  // Bins floor(i 5/2) .. ceil((i+1) 5/2): {0,1,2} and {2,3,4}.
  EXPECT_EQ(values_of(resize(row({0, 1, 2, 3, 4}), 1, 2, Resample::area, false)),
            (std::vector<float>{1.0F, 3.0F}));
}

TEST(Resize, TreatsChannelsAlike) {
  const Array grey = random_image({11, 6});
  for (const std::int64_t channels : {1, 2, 3, 4}) {
    std::vector<float> repeated;
    for (const float value : grey.view<float>()) {
      repeated.insert(repeated.end(), static_cast<std::size_t>(channels), value);
    }
    const Array image = Array::of<float>({11, 6, channels}, repeated);
    const Array got = resize(image, 4, 9, Resample::bicubic, true);
    EXPECT_EQ(got.shape(), (Shape{4, 9, channels}));
    const Array expected = resize(grey, 4, 9, Resample::bicubic, true);
    for (std::size_t i = 0; i < 36; ++i) {
      for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
        ASSERT_EQ(got.view<float>()[i * static_cast<std::size_t>(channels) + c],
                  expected.view<float>()[i]);
      }
    }
  }
}

TEST(Resize, WorksForSidesOfOne) {
  const Array pixel = Array::of<float>({1, 1, 3}, {0.1F, 0.2F, 0.3F});
  for (const Resample resample : kAll) {
    for (const bool antialias : {false, true}) {
      const Array got = resize(pixel, 3, 2, resample, antialias);
      for (std::size_t i = 0; i < 18; ++i) {
        ASSERT_NEAR(got.view<float>()[i], pixel.view<float>()[i % 3], 1e-6);
      }
      EXPECT_EQ(resize(got, 1, 1, resample, antialias).elements(), 3);
    }
  }
}

TEST(Resize, BicubicMayOvershootAndU8ClampsIt) {
  const Array step = row({0, 0, 0, 0, 1, 1, 1, 1});
  const Array got = resize(step, 1, 16, Resample::bicubic, true);
  const std::vector<float> values = values_of(got);
  EXPECT_LT(*std::min_element(values.begin(), values.end()), 0.0F);
  EXPECT_GT(*std::max_element(values.begin(), values.end()), 1.0F);
  const Array bytes = Array::of<std::uint8_t>({1, 8}, {0, 0, 0, 0, 255, 255, 255, 255});
  const Array enlarged = resize_u8(bytes, 1, 16, Resample::bicubic);
  EXPECT_EQ(enlarged.view<std::uint8_t>()[6], 0);
  EXPECT_EQ(enlarged.view<std::uint8_t>()[9], 255);
}

TEST(ResizeU8, RoundsHalfToEven) {
  const Array image = Array::of<std::uint8_t>({1, 4}, {0, 1, 1, 2});
  const Array got = resize_u8(image, 1, 2, Resample::area);
  EXPECT_EQ(got.view<std::uint8_t>()[0], 0);  // 0.5
  EXPECT_EQ(got.view<std::uint8_t>()[1], 2);  // 1.5
}

TEST(ResizeU8, OfTheSameSizeIsTheImage) {
  const Array image = Array::of<std::uint8_t>({1, 2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(resize_u8(image, 1, 2, Resample::bicubic).data(), image.data());
}

TEST(ResizeU8, NearestIsNearestExact) {
  const Array image = Array::of<std::uint8_t>({1, 5}, {0, 1, 2, 3, 4});
  const Array nearest = resize_u8(image, 1, 2, Resample::nearest);
  const Array exact = resize_u8(image, 1, 2, Resample::nearest_exact);
  EXPECT_EQ(max_difference(nearest, exact), 0.0);
  EXPECT_EQ(nearest.view<std::uint8_t>()[0], 1);
}

TEST(Resize, RefusesWhatIsNoImageAndNoSize) {
  const Array image = row({1, 2});
  EXPECT_THROW(resize(image, 0, 1, Resample::bilinear, true), Error);
  EXPECT_THROW(resize(image, 1, -1, Resample::bilinear, true), Error);
  EXPECT_THROW(resize(Array(DType::float32, {2}), 1, 1, Resample::bilinear, true), Error);
  EXPECT_THROW(resize(Array(DType::float32, {0, 2}), 1, 1, Resample::bilinear, true), Error);
  EXPECT_THROW(resize(image.to(DType::float64), 1, 1, Resample::bilinear, true), Error);
  EXPECT_THROW(resize_u8(image, 1, 1, Resample::bilinear), Error);
}

TEST(ResampleNames, AreReadBackAndNameTheNearest) {
  for (const std::string& name : resample_names()) {
    EXPECT_EQ(to_string(resample_from_string(name)), name);
  }
  try {
    resample_from_string("bicubik");
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean \"bicubic\"?"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace onestep
